"""How a visitor says what spoils the images of a task: one form for each kind of degradation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from uplapp.imaging.physics import Degradation, GaussianNoise, Undersampling
from uplapp.imaging.physics.masks import LARGEST_SEED, MASKS
from uplapp.imaging.tasks import TASKS

ADD_NOISE, ALREADY_NOISY = "Add Gaussian noise", "Already noisy"
ACCELERATIONS = (2, 16)
LARGEST_NOISE_SEED = 2**31


@dataclass(frozen=True)
class Form:
    """Fields on screen, and what makes a degradation of their values; None takes a picture as it is."""

    fields: tuple[gr.components.Component, ...]
    read: Callable[..., Degradation | None]


def lay_out_form(task: str) -> Form:
    """The form for the degradation of a task."""
    return FORMS[TASKS.build(task).degradation](task)


def _lay_out_noise(task: str) -> Form:
    gr.Markdown("### Noise")
    noise = gr.Radio([ADD_NOISE, ALREADY_NOISY], value=ADD_NOISE, show_label=False)
    with gr.Row():
        sigma = gr.Slider(0, 50, 25, step=1, label="Sigma, 8-bit units", scale=3, min_width=180)
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=LARGEST_NOISE_SEED, min_width=80)
    noise.change(
        lambda noise: gr.update(interactive=noise == ADD_NOISE), noise, sigma, api_visibility="private"
    )
    return Form((noise, sigma, seed), read_noise)


def read_noise(noise: str, sigma: float, seed: float | None) -> GaussianNoise | None:
    """The noise to add, none if the picture came with its own."""
    return GaussianNoise(sigma, int(seed or 0)) if noise == ADD_NOISE else None


def _lay_out_sampling(task: str) -> Form:
    gr.Markdown("### Undersampling of k-space")
    usual = Undersampling()
    masks = [(entry.label.capitalize(), name) for name, entry in MASKS.items()]
    with gr.Row():
        acceleration = gr.Slider(
            *ACCELERATIONS,
            value=usual.acceleration,
            step=1,
            label="Acceleration",
            scale=3,
            min_width=180,
            elem_id="acceleration",
        )
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=LARGEST_SEED, min_width=80)
    mask = gr.Radio(masks, value=usual.mask, show_label=False, elem_id="mask")
    gr.Markdown(
        f"The networks were trained on {usual.text}; elsewhere they do what they can. "
        "Seed and file name together draw the columns.",
        elem_classes="aside",
    )
    return Form((acceleration, mask, seed), read_sampling)


def read_sampling(acceleration: float, mask: str, seed: float | None) -> Undersampling:
    """Which columns of k-space to keep."""
    return Undersampling(int(acceleration), mask, int(seed or 0))


FORMS: dict[Any, Callable[[str], Form]] = {
    GaussianNoise: _lay_out_noise,
    Undersampling: _lay_out_sampling,
}
