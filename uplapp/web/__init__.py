"""The pages: Gradio tabs for researchers, plain HTML for observers; the only home of gradio and starlette."""
