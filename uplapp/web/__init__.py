"""The pages: Gradio tabs for researchers, plain HTML for observers.

The only home of gradio and starlette.
"""
