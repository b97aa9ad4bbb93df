"""The loop that fits untrained networks to one measurement, and knows what it had when it stops."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from uplapp.errors import UplappError
from uplapp.imaging.device import LAYOUTS, checked, fast_precision, pick_device, steady_memory
from uplapp.imaging.fitting.inputs import Grid, draw_latent, join, patch_size, split
from uplapp.imaging.fitting.recorded import Made, Recorded
from uplapp.imaging.fitting.targets import Target

SMOOTHING = 0.9  # of the held-out error, over iterations
IMPROVEMENT = 0.005  # a loss that falls by less than this share is not better
PREVIEW_S = 1.0
CURVE_POINTS = 400


class Diverged(UplappError):
    """A fit whose loss is no longer finite."""


class Generator(Protocol):
    """A network that makes an image of a fixed tensor, as in NETWORKS."""

    latent_channels: int
    jitter: float

    def latent_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Give the size (h,w) of the input for images (H,W)."""

    def __call__(self, latent: Tensor, size: tuple[int, int]) -> Tensor:
        """Make images (P,C,H,W) of an input (P,K,h,w)."""


@dataclass(frozen=True)
class FitRecipe:
    """How a network is fitted: Adam for so many iterations from `starts` initialisations.

    Over the share `ramp_down` of the iterations, the last ones, the rate falls to 0 along a line, which ends
    the wandering of the loss. Noise of deviation `jitter` (None: the network's own) is added to the input at
    each iteration, times `jitter_decay` every 500. `average` is how much of the running average of outputs
    each iteration keeps, 0 for the output itself. With `held_out` that share of the data stops the fit, once
    their error has not fallen for `patience` iterations and a quarter of those before; otherwise the output
    of the least loss is kept. At each of the `marks` it is noted what would be kept so far.
    Sources: Heckel & Hand (2019); averaging: Ulyanov et al. (2018); held-out data: Yaman et al. (2021),
    zero-shot self-supervised reconstruction.
    """

    iterations: int = 2000
    rate: float = 0.01
    ramp_down: float = 0.0
    jitter: float | None = None
    jitter_decay: float = 1.0
    average: float = 0.0
    held_out: float = 0.0
    patience: int = 200
    starts: int = 1
    inputs: str = "uniform"
    grid: Grid = (1, 1)
    seed: int = 0
    precision: str | None = None
    marks: tuple[int, ...] = ()

    def rate_at(self, iteration: int) -> float:
        """Give the rate of an iteration, which counts from 0."""
        left = (self.iterations - iteration) / max(self.ramp_down * self.iterations, 1)
        return self.rate * min(left, 1.0)


@dataclass(frozen=True)
class Curve:
    """What a fit went through: iterations, and for each the mean loss and held-out error (NaN if none)."""

    iterations: tuple[int, ...] = ()
    losses: tuple[float, ...] = ()
    held_out: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Fitted:
    """The pictures (N,C,h,w) in [0,1] of all starts, kept at the iterations `best` (N,).

    `iterations` were done in `seconds`; `ended` says why they ended. `marked` holds what the pictures would
    be, had the fit ended at one of the recipe's marks.
    """

    pictures: Tensor
    best: tuple[int, ...]
    iterations: int
    seconds: float
    ended: str
    curve: Curve
    marked: dict[int, Tensor]

    @property
    def mean(self) -> Tensor:
        """The mean picture (C,h,w) of all starts."""
        return self.pictures.mean(dim=0)

    @property
    def deviation(self) -> Tensor:
        """The standard deviation (C,h,w) among the starts, 0 for one."""
        return self.pictures.std(dim=0, correction=min(len(self.pictures) - 1, 1))


@dataclass(frozen=True, eq=False)
class State:
    """What a listener hears: the iteration, its loss and held-out error, a picture where it is time."""

    iteration: int
    total: int
    loss: float
    held_out: float
    per_second: float
    seconds_left: float
    picture: Tensor | None
    curve: Curve

    @property
    def text(self) -> str:
        """How far the fit is, how fast once that is known, and how long it takes yet.

        Held-out data may end it earlier.
        """
        text = f"iteration {self.iteration:,} of {self.total:,}"
        if math.isnan(self.per_second):
            return text
        about = "about" if math.isnan(self.held_out) else "at most"
        left = duration_in_words(self.seconds_left)
        return f"{text}, {self.per_second:.1f} per second, {about} {left} left"


Listener = Callable[[State], bool]  # returns False to end the fit with what it has
Check = Callable[[], None]  # may raise Cancelled to throw the fit away


def fit(
    build: Callable[[], nn.Module],
    target: Target,
    recipe: FitRecipe,
    listener: Listener | None = None,
    check: Check | None = None,
) -> Fitted:
    """Fit networks of one kind to a target, each from its own initialisation and input.

    Start n of a recipe is the only start of the recipe with a seed n higher, so ensembles may be split. Same
    seed, same result, to the bit on one processor. `check` is called within the iterations too, at every
    tensor that is kept for the gradient, as one iteration on a large image takes seconds.
    """
    if recipe.iterations < 1 or recipe.starts < 1:
        raise UplappError("a fit needs 1 iteration and 1 start or more")
    device = pick_device()
    target = target.to(device)
    starts = [_Start(build, target, recipe, recipe.seed + n, device) for n in range(recipe.starts)]
    # What is recorded on a GPU cannot ask in between, and its iterations are short.
    within = check if device.type == "cpu" else None
    with steady_memory(), checked(within):
        return _Run(starts, target, recipe, listener, check).go()


def duration_in_words(seconds: float) -> str:
    """Say how long something takes: 12 s, 5 min, 2.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


class _Start:
    """One network with its input and its optimiser."""

    def __init__(
        self,
        build: Callable[[], nn.Module],
        target: Target,
        recipe: FitRecipe,
        seed: int,
        device: torch.device,
    ) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network: Generator = build()  # type: ignore[assignment]
        layout = LAYOUTS[4]
        self.network = network.to(device, memory_format=layout)  # type: ignore[attr-defined]
        self.target, self.grid, self.recipe = target, recipe.grid, recipe
        self.size = patch_size(target.size, recipe.grid)
        inner = network.latent_size(self.size)
        whole = (inner[0] * recipe.grid[0], inner[1] * recipe.grid[1])
        latent = draw_latent(recipe.inputs, network.latent_channels, whole, seed)
        self.latent = split(latent, recipe.grid).to(device, memory_format=layout)
        self.jitter = network.jitter if recipe.jitter is None else recipe.jitter
        self.random = torch.Generator(device).manual_seed(seed)
        self.precision = recipe.precision or fast_precision(device)
        # What is recorded on a GPU must read its rate from memory.
        rate, on_gpu = torch.tensor(recipe.rate, device=device), device.type == "cuda"
        weights: Iterable[nn.Parameter] = self.network.parameters()
        self.optimiser = torch.optim.Adam(weights, rate, fused=True, capturable=on_gpu)
        self.gain = 1.0
        if target.scale is not None:
            with torch.no_grad(), self.autocast():
                made = self.network(self.latent, self.size)
            self.gain = target.scale / max(float(self.joined(made).norm()), 1e-12)

    def input(self, iteration: int) -> Tensor:
        """Give the input (P,K,h,w) of an iteration."""
        spread = self.jitter * self.recipe.jitter_decay ** (iteration // 500)
        if spread <= 0:
            return self.latent
        return self.latent + torch.empty_like(self.latent).normal_(0, spread, generator=self.random)

    def autocast(self) -> torch.autocast:
        """Compute in the number format of the fit."""
        device, enabled = self.latent.device.type, self.precision == "bfloat16"
        return torch.autocast(device, torch.bfloat16, enabled=enabled, cache_enabled=False)

    def joined(self, made: Tensor) -> Tensor:
        """Join what the network made (P,C,h,w) to an image (C,H,W) in units of the target."""
        return join(made.float(), self.grid, self.target.size) * self.gain

    def step(self, latent: Tensor) -> Made:
        """Take one step from an input. Give the image (C,H,W) before it, and its loss."""
        with self.autocast():
            made = self.network(latent, self.size)
        image = self.joined(made)
        loss = self.target.loss(image)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return image.detach(), loss.detach()


class _Run:
    """The state of a fit: what each start shows now, and the best that it showed."""

    def __init__(
        self,
        starts: Sequence[_Start],
        target: Target,
        recipe: FitRecipe,
        listener: Listener | None,
        check: Check | None,
    ) -> None:
        self.target, self.recipe, self.listener, self.check = target, recipe, listener, check
        count = len(starts)
        self.shown: Tensor | None = None
        self.kept: Tensor | None = None
        self.least = torch.full((count,), math.inf)
        self.smooth: Tensor | None = None
        self.best = torch.zeros(count, dtype=torch.long)
        self.points: list[tuple[int, float, float]] = []
        self.marked: dict[int, Tensor] = {}
        self.starts, self.step = starts, Recorded([start.step for start in starts])
        self.began = self.previewed = self.first_s = time.perf_counter()

    def go(self) -> Fitted:
        """Iterate until the end, the stop of the held-out data, or the listener's."""
        ended, done = "iterations", 0
        for done in range(1, self.recipe.iterations + 1):
            if self.check is not None:
                self.check()
            self._advance(done)
            if done in self.recipe.marks:
                self.marked[done] = self._picture(self.kept)
            if self._stalled(done):
                ended = "held-out error"
                break
            if not self._report(done):
                ended = "stopped"
                break
        return Fitted(
            pictures=self._picture(self.kept),
            best=tuple(self.best.tolist()),
            iterations=done,
            seconds=time.perf_counter() - self.began,
            ended=ended,
            curve=self._curve(),
            marked=self.marked,
        )

    def _advance(self, done: int) -> None:
        images, losses = self._stepped(done - 1)
        if not bool(losses.isfinite().all()):
            raise Diverged(
                f"the fit diverged at iteration {done}; give a lower rate than {self.recipe.rate:g}"
            )
        share = self.recipe.average
        self.shown = images if self.shown is None or not share else self.shown.lerp_(images, 1 - share)
        criterion, needed = losses.cpu(), 1 - IMPROVEMENT
        if self.recipe.held_out > 0:
            error = self.target.held_out_error(self.shown).cpu()
            self.smooth = error if self.smooth is None else self.smooth.lerp(error, 1 - SMOOTHING)
            criterion, needed = self.smooth, 1.0
        better = criterion < self.least * needed
        self.least = torch.where(better, criterion, self.least)
        self.best[better] = done
        if self.kept is None:
            self.kept = self.shown.clone()
        elif bool(better.any()):
            self.kept[better] = self.shown[better]
        self._note(done, float(losses.mean()))

    def _stepped(self, iteration: int) -> tuple[Tensor, Tensor]:
        """Take one step with all starts. Give their images (N,C,H,W) before it, and their losses (N,)."""
        for start in self.starts:
            start.optimiser.param_groups[0]["lr"].fill_(self.recipe.rate_at(iteration))
        made = self.step([start.input(iteration) for start in self.starts])
        return torch.stack([image for image, _ in made]), torch.stack([loss for _, loss in made])

    def _stalled(self, done: int) -> bool:
        waited = done - self.best
        allowed = self.recipe.patience + self.best // 4
        return self.recipe.held_out > 0 and bool((waited > allowed).all())

    def _note(self, done: int, loss: float) -> None:
        held_out = math.nan if self.smooth is None else float(self.smooth.mean())
        self.points.append((done, loss, held_out))

    def _curve(self) -> Curve:
        stride = max(len(self.points) // CURVE_POINTS, 1)
        return Curve(*zip(*self.points[::stride], strict=True)) if self.points else Curve()

    def _report(self, done: int) -> bool:
        if self.listener is None:
            return True
        now = time.perf_counter()
        due = now - self.previewed > PREVIEW_S or done == 1
        if due:
            self.previewed = now
        _, loss, held_out = self.points[-1]
        if done == 1:
            self.first_s = now  # the first iteration sets up, and says nothing of the others
        rate = (done - 1) / (now - self.first_s) if now > self.first_s else math.nan
        picture = self._picture(self.shown).mean(dim=0) if due else None
        left = (self.recipe.iterations - done) / rate
        curve = self._curve() if due else Curve()
        return self.listener(State(done, self.recipe.iterations, loss, held_out, rate, left, picture, curve))

    def _picture(self, images: Tensor | None) -> Tensor:
        assert images is not None
        return self.target.picture(images).cpu()
