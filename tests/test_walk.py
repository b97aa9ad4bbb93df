"""The house holds what it did not know: every kind of thing is added at run time and used everywhere."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from tests.walking import laid_out, restored_on
from uplapp.described import option
from uplapp.imaging.case import Batch, ComparingEntry, Subject
from uplapp.imaging.checkpoints import Checkpoints, build_network
from uplapp.imaging.device import estimate
from uplapp.imaging.evaluation.candidates import methods_of
from uplapp.imaging.files.pictures import read_image
from uplapp.imaging.files.samples import Sample
from uplapp.imaging.losses import LOSSES, loss_on
from uplapp.imaging.metrics import METRICS, MetricEntry
from uplapp.imaging.physics import DEGRADATIONS, DegradationEntry, Measurement
from uplapp.imaging.physics.measurement import Choice
from uplapp.imaging.restorers import RESTORERS, RestorerEntry
from uplapp.imaging.restorers.restorer import proceed
from uplapp.imaging.tasks import TASKS, Task
from uplapp.imaging.tasks.task import Words
from uplapp.imaging.training import LEARNERS
from uplapp.registry import Entry
from uplapp.study.definition import Definition, Render, Scene
from uplapp.values import REFERENCE, Condition
from uplapp.workflows import render

SIDE = 40


def mean_filter(image: torch.Tensor, width: int) -> torch.Tensor:
    """The mean over squares of an odd width, the image mirrored at its rim."""
    margin = [width // 2] * 4
    padded = functional.pad(image.reshape(1, -1, *image.shape[-2:]), margin, mode="reflect")
    return functional.avg_pool2d(padded, width, stride=1).reshape(image.shape)


@dataclass(frozen=True)
class Smearing:
    """The operator of a lens out of focus."""

    width: int
    kind: ClassVar[str] = "smear"

    def forward(self, image):
        return mean_filter(image, self.width)

    def adjoint(self, data):
        return mean_filter(data, self.width)


@dataclass(frozen=True)
class Smear:
    """A degradation whose measurements no shipped method but networks takes."""

    heading: ClassVar[str] = "A lens out of focus"
    strength: ClassVar[str] = "smear_px"
    operator: ClassVar[str] = "smear"
    choice: ClassVar[Choice | None] = Choice("Put it out of focus", "Out of focus already")

    smear_px: int = option(5, "Width of the smear", "Smear over so many px.", low=3, high=31, slider=(3, 15))
    seed: int = option(0, "Seed", "Draws nothing.", low=0)

    @property
    def text(self) -> str:
        return f"smeared over {self.smear_px} px"

    def for_image(self, name: str) -> "Smear":
        return self

    def measure(self, clean) -> Measurement:
        seen = mean_filter(clean, self.smear_px)
        return Measurement(seen, Smearing(self.smear_px), seen)


def open_picture(path: Path, index: int | None = None) -> Subject:
    """A grey picture whose bright half is labelled."""
    clean = read_image(path).with_channels(1)

    def measure(degradation):
        if degradation is not None:
            return degradation.measure(clean)
        return Measurement(clean, Smearing(3), clean)

    return Subject(path.name, clean, measure, path.stem, extras={"labels": (clean > 0.5).float()})


def smeared_pairs(data, count, side_px, random, smear_px: int = 5) -> Batch:
    """Smeared and sharp copies of random pictures."""
    clean = torch.stack([data[index] for index in random.integers(len(data), size=count)])
    measurement = Smear(smear_px).measure(clean)
    return Batch(measurement.seen, clean, measurement)


FOCUS = Task(
    label="Sharpening",
    source="a test",
    axes=2,
    channels_in=1,
    channels_out=1,
    degradation="smear",
    observed="blurred",
    words=Words("Blurred picture", "Upload a PNG"),
    suffixes=(".png",),
    open=open_picture,
    subjects=lambda folder: map(open_picture, sorted(folder.glob("*.png"))),
    load=lambda folder, side_px: [open_picture(path).clean for path in sorted(folder.glob("*.png"))],
    pairs=smeared_pairs,
    samples={},
)


class DataMisfit(nn.Module):
    """How far the operator of a batch carries an estimate from the measured data."""

    def forward(self, estimate, batch):
        return (batch.measurement.operator.forward(estimate) - batch.measurement.data).square().mean()


def labelled_error():
    """The mean difference where a case has labels."""
    return lambda image, case: ((image - case.reference).abs() * case.extras["labels"]).mean()[None]


class Pair:
    """A learner with two modules and an optimiser for each: a network, and a brightness after it."""

    def __init__(self, spec, team) -> None:
        torch.manual_seed(spec.seed)
        self.stage, self.network = spec.last, build_network(spec)
        self.brightness = nn.Conv2d(1, 1, 1)
        self.loss = LOSSES.build(spec.loss, **spec.last.loss_options)
        modules = (self.network, self.brightness)
        self.optimisers = [torch.optim.SGD(module.parameters(), lr=1e-3) for module in modules]

    learned: ClassVar[dict] = {}

    def step(self, batch, rate):
        restored = self.brightness(estimate(self.network, batch.seen, "float32"))
        value = loss_on(self.stage.loss, self.loss, restored, batch)
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        value.backward()
        for optimiser in self.optimisers:
            optimiser.step()
        return {"misfit": value.item(), "brightness": self.brightness.weight.item()}

    def judge(self, restored, batch):
        return loss_on(self.stage.loss, self.loss, restored, batch).item()

    def state(self):
        parts = [self.network, self.brightness, *self.optimisers]
        return {str(place): part.state_dict() for place, part in enumerate(parts)}

    def load(self, state):
        for place, part in enumerate([self.network, self.brightness, *self.optimisers]):
            part.load_state_dict(state[str(place)])


@dataclass(frozen=True)
class Unsharp:
    """A classical method: what the smear took away, added once."""

    amount: float = option(1.0, "Amount", low=0, high=3)

    def restore(self, case, watch):
        proceed(watch, 1.0)
        again = case.measurement.operator.forward(case.seen)
        return (case.seen + self.amount * (case.seen - again)).clamp(0, 1)


@dataclass(frozen=True)
class Descent:
    """A method that is fitted to the case: gradient steps on the image, shown as it forms."""

    iterations: int = option(5, "Iterations", low=1, high=100)

    def restore(self, case, watch):
        image = case.seen.clone().requires_grad_()
        for done in range(1, self.iterations + 1):
            misfit = (case.measurement.operator.forward(image) - case.measurement.data).square().sum()
            (gradient,) = torch.autograd.grad(misfit, image)
            image = (image - 0.5 * gradient).detach().requires_grad_()
            proceed(watch, done / self.iterations, f"iteration {done}", image.detach())
        return image.detach().clamp(0, 1)


@pytest.fixture(autouse=True)
def strangers() -> Iterator[None]:
    """A task, a degradation, two methods, a loss, a metric and a learner that the house did not know."""
    smear = ("smear",)
    with ExitStack() as rows:
        for table, name, row in (
            (DEGRADATIONS, "smear", DegradationEntry(Smear, "Smear", "a test")),
            (TASKS, "focus", FOCUS),
            (LOSSES, "misfit", ComparingEntry(DataMisfit, "Misfit", "a test", needs=("measurement",))),
            (METRICS, "labelled", MetricEntry(labelled_error, "Labelled", "a test", needs=("labels",))),
            (LEARNERS, "pair", Entry(Pair, "Pair", "a test")),
            (RESTORERS, "unsharp", RestorerEntry(Unsharp, "Unsharp mask", "a test", operators=smear)),
            (RESTORERS, "descent", RestorerEntry(Descent, "Descent", "a test", "fitted", smear)),
        ):
            rows.enter_context(table.joined(name, row))
        yield


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for place in range(2):
        smooth = mean_filter(torch.from_numpy(random.random((1, SIDE, SIDE))).float(), 5)[0].numpy()
        Image.fromarray((255 * smooth).astype(np.uint8)).save(folder / f"picture{place}.png")
    return folder


@pytest.fixture
def trained(here, pictures, models, tmp_path) -> str:
    """The name of a network that two steps of the stranger's learner made."""
    recipe = ("--task", "focus", "--loss", "misfit", "--learner", "pair", "--draw", "smear_px=7")
    size = ("--steps", 2, "--batch", 2, "--crop", 32, "--width", 6, "--precision", "float32")
    here(
        *("train", *recipe, *size, "--data", pictures, "--validate", pictures),
        *("--runs", tmp_path / "runs", "--out", models),
    )
    return "focus-unet-misfit"


def test_a_strangers_network_is_trained_by_a_strangers_learner(trained, models, tmp_path):
    card = Checkpoints((models,)).find(trained)
    assert (card.spec.last.learner, card.spec.last.draw) == ("pair", {"smear_px": 7})
    assert card.scores["labelled"] > 0
    (log,) = (tmp_path / "runs").glob("*.csv")
    assert log.read_text().startswith("step,misfit,brightness,validation_psnr")


def test_restore_writes_every_kind_and_says_what_made_it(here, trained, pictures, tmp_path):
    methods = ("--method", "unsharp", "--method", "descent", "--set", "descent.iterations=3")
    picture = pictures / "picture0.png"
    here("restore", picture, "-c", trained, *methods, "--smear-px", 7, "-o", tmp_path / "out")
    provenance = json.loads((tmp_path / "out" / "picture0-provenance.json").read_text())
    assert provenance["degradation"] == {"smear_px": 7, "seed": 0}
    assert [(row["method"], row["checkpoint"]) for row in provenance["results"]] == [
        ("network", trained),
        ("unsharp", None),
        ("descent", None),
    ]
    assert provenance["results"][2]["options"] == {"iterations": 3}
    for name in (trained, "unsharp", "descent", "blurred"):
        assert f"picture0-{name}.png" in provenance["files_sha256"]
        assert (tmp_path / "out" / f"picture0-{name}.png").is_file()


def test_evaluate_measures_every_kind_with_a_metric_that_needs_labels(here, trained, pictures):
    words = ("--task", "focus", "--data", pictures, "--seeds", 0, "--smear-px", 7, "--json")
    both = json.loads(here("evaluate", *words, "-c", trained, "--method", "descent"))
    assert [row["method"] for row in both["rows"]] == ["network", "descent"]
    assert all(row["labelled"] > 0 for row in both["rows"])
    assert both["degraded"]["labelled"] > 0
    alone = json.loads(here("evaluate", *words))
    assert [row["checkpoint"] for row in alone["rows"]] == [trained]


def test_help_names_the_strangers_options(here):
    assert "--smear-px" in here("restore", "--help")


def test_a_studys_stimuli_are_rendered_by_every_kind(trained, models, pictures, tmp_path, monkeypatch):
    monkeypatch.setitem(render.LIBRARIES, "here", lambda name, _: pictures / f"{name}.png")
    conditions = tuple(Condition(name, name) for name in ("misfit", "unsharp", "descent"))
    recipe = Render(task="focus", degradation={"smear_px": 7}, methods={"descent": {"iterations": 2}})
    plan = Definition("try", "?", conditions, (Scene("one", "here:picture1"),), render=recipe)
    render.render_stimuli(plan, Checkpoints((models,)), tmp_path / "root")
    stored = {
        name: np.asarray(Image.open(tmp_path / "root" / name / "one.png"))
        for name in (REFERENCE, "misfit", "unsharp", "descent")
    }
    assert len({picture.tobytes() for picture in stored.values()}) == 4
    fitted = Descent(2).restore(render.case_of(plan, recipe, plan.scenes[0]), lambda *progress: True)
    np.testing.assert_array_equal(stored["descent"], (fitted[0] * 255).round().byte().numpy())


def test_the_page_offers_the_strangers_and_restores_by_them(trained, models, pictures):
    checkpoints = Checkpoints((models,))
    sample = {"one": Sample(pictures / "picture0.png", "A picture of a test.")}
    with TASKS.joined("focus-with-sample", replace(FOCUS, samples=sample)):
        inputs, words = laid_out(checkpoints)
    assert all(word in words for word in ("A lens out of focus", "Unsharp mask", "Upload a PNG", "Misfit"))
    methods = methods_of("focus")
    assert methods == ["unsharp", "descent"]
    picture = pictures / "picture0.png"
    captions, table = restored_on(inputs, "focus", picture, checkpoints, [trained], methods)
    assert captions == ["Reference", "Blurred", "Misfit", "Unsharp mask", "Descent"]
    assert all(caption in table for caption in captions[2:])
