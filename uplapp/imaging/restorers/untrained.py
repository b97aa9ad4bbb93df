"""Untrained networks as restorers: each is fitted to the one case it restores."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from torch import Tensor

from uplapp.described import check_options, option, options_of
from uplapp.errors import BadImage
from uplapp.imaging.case import Case
from uplapp.imaging.device import fast_precision, pick_device
from uplapp.imaging.fitting import (
    LATENTS,
    Check,
    FitRecipe,
    Fitted,
    Listener,
    State,
    fit,
    make_target,
    parse_grid,
)
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.restorers.restorer import Watch, proceed, unwatched

PATCHES = {"1x1": "Whole image", "2x2": "2 x 2", "3x3": "3 x 3", "4x5": "4 x 5"}
PURPOSES = {
    "restore": "Restore: as the measurement asks",
    "represent": "Represent: reproduce the image as it is",
}
INPUTS = {name: name.capitalize().replace("_", ", ") for name in LATENTS}
MEMORY_BYTES = 6 * 10**9
# Measured peaks of a fit, in values of a layer of k channels at full size.
LAYERS_HELD = {"deep_decoder": 13, "conv_decoder": 13, "deep_image_prior": 46}


@dataclass(frozen=True)
class Preset:
    """The settings of a purpose: options of the network, and how it is fitted."""

    network: Mapping[str, Any]
    recipe: FitRecipe


@dataclass(frozen=True)
class Untrained:
    """What the untrained methods share: how they are fitted. None leaves a value to the purpose."""

    name: ClassVar[str]
    presets: ClassVar[Mapping[str, Preset]]

    purpose: str = option("restore", "Purpose", "Restoring stops before noise is fitted.", choices=PURPOSES)
    iterations: int | None = option(None, "Iterations", "Steps of Adam.", low=1, high=200_000)
    starts: int = option(1, "Starts", "Fits of which the mean is shown.", low=1, high=20)
    k: int | None = option(None, "k", "Channels of a layer.", low=1, high=512)
    l: int | None = option(None, "l", "Layers.", low=1, high=12, folded=True)
    held_out: float | None = option(
        None,
        "Held out",
        "Share of the data that is not fitted and says when to stop, 0 for none.",
        low=0,
        high=0.5,
        folded=True,
    )
    rate: float | None = option(None, "Rate", "Learning rate.", low=1e-6, high=1, folded=True)
    average: float | None = option(
        None,
        "Average",
        "Share of the running average of outputs that each step keeps.",
        low=0,
        high=0.9999,
        folded=True,
    )
    jitter: float | None = option(
        None, "Jitter", "Deviation of the noise on the input.", low=0, high=1, folded=True
    )
    seed: int = option(0, "Seed", "Seed of weights, input and held-out data.", low=0, folded=True)

    def __post_init__(self) -> None:
        check_options(self)

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Restore a case to (C,h,w) in [0,1]: the mean of the starts.

        Cancelled is raised where `watch` returns False. `fit` can end with what it has.
        """
        return self.fit(case, partial(_heard, watch)).mean

    def fit(self, case: Case, listener: Listener | None = None, check: Check | None = None) -> Fitted:
        """Fit to a case and give the pictures of all starts, with how they came about."""
        preset = self.presets[self.purpose_for(case)]
        recipe = self.recipe(preset.recipe)
        target = make_target(case.measurement, recipe.held_out, self.seed)
        options = {**preset.network, **self.network_options()}
        build = partial(NETWORKS.build, self.name, channels=target.channels, **options)
        require_memory(self.name, int(options["k"]), target.size, self.starts)
        return fit(partial(build, sigmoid=target.bounded), target, recipe, listener, check)

    def automatic(self, operator: str) -> dict[str, Any]:
        """Give what None stands for, by option, for measurements by a kind of operator."""
        preset = self.presets[self._preset_for(operator)]
        values = {**preset.network, **vars(preset.recipe)}
        return {one.name: values.get(one.name) for one in options_of(self) if one.optional}

    def purpose_for(self, case: Case) -> str:
        """Give the name of the preset: represent, or by the operator of the measurement."""
        return self._preset_for(case.measurement.operator.kind)

    def _preset_for(self, operator: str) -> str:
        return "represent" if self.purpose == "represent" else operator

    def recipe(self, preset: FitRecipe) -> FitRecipe:
        """Give a preset's recipe with the options that were given."""
        names = ("iterations", "held_out", "rate", "average", "jitter")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return replace(preset, starts=self.starts, seed=self.seed, **given)

    def network_options(self) -> dict[str, Any]:
        """Give the options of the network that were given."""
        given = {"k": self.k, "l": self.l}
        return {name: value for name, value in given.items() if value is not None}


def _presets(**presets: tuple[Mapping[str, Any], FitRecipe]) -> Mapping[str, Preset]:
    return {name: Preset(*preset) for name, preset in presets.items()}


ORIGINAL = {"k": 128, "l": 5, "s": 32, "extra_block": True}


@dataclass(frozen=True)
class DeepDecoderFit(Untrained):
    """The Deep Decoder, a network with fewer parameters than the image has pixels."""

    name = "deep_decoder"
    presets = _presets(
        represent=({"k": 96, "l": 6, "s": 8}, FitRecipe(5000, ramp_down=0.5, inputs="blur")),
        pixels=(ORIGINAL, FitRecipe(1900, held_out=0.05, average=0.95, inputs="uniform")),
        missing=(ORIGINAL, FitRecipe(3000, held_out=0.05, average=0.95, inputs="uniform")),
        smaller=(ORIGINAL, FitRecipe(2000, ramp_down=0.5, inputs="uniform")),
        kspace=({**ORIGINAL, "extra_block": False}, FitRecipe(2500, held_out=0.05, inputs="uniform")),
    )

    s: int | None = option(None, "s", "How much smaller the input is.", low=1, folded=True)
    inputs: str | None = option(None, "Inputs", "The random tensor.", choices=INPUTS, folded=True)
    patches: str = option("1x1", "Patches", "Fit patches with shared weights.", choices=PATCHES, folded=True)
    extra_block: bool | None = option(None, "Extra block", "One more block, without upsampling.", folded=True)

    def recipe(self, preset: FitRecipe) -> FitRecipe:
        """Give a preset's recipe with the options that were given."""
        recipe = super().recipe(preset)
        return replace(recipe, inputs=self.inputs or recipe.inputs, grid=parse_grid(self.patches))

    def network_options(self) -> dict[str, Any]:
        """Give the options of the network that were given."""
        given = {"s": self.s, "extra_block": self.extra_block}
        return super().network_options() | {n: value for n, value in given.items() if value is not None}


@dataclass(frozen=True)
class ConvDecoderFit(Untrained):
    """The ConvDecoder, the Deep Decoder's neighbour with 3x3 convolutions."""

    name = "conv_decoder"
    presets = _presets(
        represent=({"k": 64, "l": 6, "s": 16}, FitRecipe(2000, ramp_down=0.5, inputs="uniform")),
        pixels=(
            {"k": 64, "l": 6, "s": 16},
            FitRecipe(1500, held_out=0.05, average=0.95, inputs="uniform"),
        ),
        missing=(
            {"k": 64, "l": 6, "s": 16},
            FitRecipe(2000, held_out=0.05, average=0.95, inputs="uniform"),
        ),
        smaller=({"k": 64, "l": 6, "s": 16}, FitRecipe(1500, inputs="uniform")),
        kspace=({"k": 96, "l": 6, "s": 16}, FitRecipe(2000, held_out=0.05, rate=0.008, inputs="uniform")),
    )

    s: int | None = option(None, "s", "How much smaller the input is.", low=1, folded=True)

    def network_options(self) -> dict[str, Any]:
        """Give the options of the network that were given."""
        return super().network_options() | ({} if self.s is None else {"s": self.s})


@dataclass(frozen=True)
class DeepImagePriorFit(Untrained):
    """The Deep Image Prior, an encoder and decoder with thin skips."""

    name = "deep_image_prior"
    presets = _presets(
        represent=({"k": 64, "l": 5}, FitRecipe(2000, ramp_down=0.5, jitter=0.0, inputs="uniform")),
        pixels=({"k": 64, "l": 5}, FitRecipe(1800, held_out=0.05, average=0.99, inputs="uniform")),
        missing=({"k": 64, "l": 5}, FitRecipe(2500, held_out=0.05, average=0.99, inputs="uniform")),
        smaller=({"k": 64, "l": 5}, FitRecipe(2000, average=0.99, inputs="uniform")),
        kspace=({"k": 64, "l": 5}, FitRecipe(2000, held_out=0.05, average=0.99, inputs="uniform")),
    )


def require_memory(name: str, k: int, size: tuple[int, int], starts: int = 1) -> None:
    """Refuse a fit that would need more than MEMORY_BYTES, with the size of image that is possible.

    On a processor one start after the other is in memory, on a GPU all are.
    """
    device = pick_device()
    width = 2 if fast_precision(device) == "bfloat16" else 4
    each = LAYERS_HELD[name] * k * width * (starts if device.type == "cuda" else 1)
    possible = int(MEMORY_BYTES / each)
    if size[0] * size[1] > possible:
        side = int(possible**0.5)
        raise BadImage(
            f"the image is {size[1]}x{size[0]} px, and '{name}' with k {k} needs "
            f"{each * size[0] * size[1] / 1e9:.1f} GB for it; up to about {side}x{side} px are possible, "
            f"or a smaller k"
        )


def _heard(watch: Watch, state: State) -> bool:
    proceed(watch, state.iteration / state.total, state.text, state.picture)
    return True
