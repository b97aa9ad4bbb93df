"""How an error reaches the screen."""

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from uplapp.errors import UplappError


@contextmanager
def errors_on_screen() -> Iterator[None]:
    """Show an UplappError as a notice with its sentence; anything else stays an error of ours."""
    try:
        yield
    except UplappError as error:
        raise gr.Error(str(error), title="Not possible", print_exception=False) from error
