"""Networks fitted to one measurement: their random inputs, what they are fitted to, and the loop."""

from uplapp.imaging.fitting.inputs import LATENTS, Grid, draw_latent, parse_grid, patch_size
from uplapp.imaging.fitting.loop import (
    Check,
    Curve,
    Diverged,
    FitRecipe,
    Fitted,
    Listener,
    State,
    duration_in_words,
    fit,
)
from uplapp.imaging.fitting.targets import Target, make_target
from uplapp.imaging.fitting.trust import Stability, psnrs, stability, variation

__all__ = [
    "LATENTS",
    "Check",
    "Curve",
    "Diverged",
    "FitRecipe",
    "Fitted",
    "Grid",
    "Listener",
    "Stability",
    "State",
    "Target",
    "draw_latent",
    "duration_in_words",
    "fit",
    "make_target",
    "parse_grid",
    "patch_size",
    "psnrs",
    "stability",
    "variation",
]
