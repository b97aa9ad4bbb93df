"""A stranger's task of volumes: added at run time, trained, restored, measured, rendered and shown."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import nibabel
import numpy as np
import pytest
import torch

from tests.walking import laid_out, restored_on
from uplapp.described import option
from uplapp.imaging.case import Batch, ComparingEntry
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import methods_of
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.files.volumes import read_volume
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.physics import DEGRADATIONS, DegradationEntry, Measurement
from uplapp.imaging.physics.measurement import Choice
from uplapp.imaging.restorers import RESTORERS, RestorerEntry
from uplapp.imaging.restorers.restorer import proceed
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.tasks.task import Words
from uplapp.imaging.tasks.volumes import subject_of

SHAPE = (40, 36, 16)
SPACING_MM = (0.7, 0.8, 2.5)


@dataclass(frozen=True)
class Dimming:
    """The operator of a coil that sees less the deeper a slice lies."""

    share: float
    kind: ClassVar[str] = "dim"

    def forward(self, volume):
        depth = volume.shape[-3]
        return volume * torch.linspace(1, 1 - self.share, depth).reshape(depth, 1, 1)

    def adjoint(self, data):
        return self.forward(data)


@dataclass(frozen=True)
class Dim:
    """A degradation that only volumes have."""

    heading: ClassVar[str] = "A coil above the volume"
    strength: ClassVar[str] = "dim_share"
    operator: ClassVar[str] = "dim"
    choice: ClassVar[Choice | None] = Choice("Dim it", "Dim already")

    dim_share: float = option(0.5, "Share that is lost", "Lose it at the end.", low=0.1, high=0.9)
    seed: int = option(0, "Seed", "Draws nothing.", low=0)

    @property
    def text(self) -> str:
        return f"dimmed by {self.dim_share:.0%}"

    def for_image(self, name: str) -> "Dim":
        return self

    def measure(self, clean) -> Measurement:
        operator = Dimming(self.dim_share)
        seen = operator.forward(clean)
        return Measurement(seen, operator, seen)


@dataclass(frozen=True)
class Brighten:
    """A classical method: divides by what the operator does to white."""

    def restore(self, case, watch):
        proceed(watch, 1.0)
        return (case.seen / case.measurement.operator.forward(torch.ones_like(case.seen))).clamp(0, 1)


def open_volume(path: Path, index: int | None = None, reading: Reading = AS_IT_SAYS):
    """A volume that the stranger's degradation measures."""
    volume = read_volume(path)
    subject = subject_of(volume)
    return replace(subject, measure=lambda chosen: (chosen or Dim()).measure(volume.voxels))


def dimmed_patches(data, count, side_px, random, dim_share: float = 0.5) -> Batch:
    """Dimmed and clean patches, eight slices deep."""
    clean = torch.stack(
        [data[index][:, :8, :side_px, :side_px] for index in random.integers(len(data), size=count)]
    )
    measurement = Dim(dim_share).measure(clean)
    return Batch(measurement.seen, clean, measurement)


DEPTHS = replace(
    TASKS["volume"],
    label="Even light",
    source="a test",
    degradation="dim",
    observed="dimmed",
    words=Words("Dimmed volume", "Upload a NIfTI"),
    open=open_volume,
    subjects=lambda folder: map(open_volume, sorted(folder.glob("*.nii.gz"))),
    pairs=dimmed_patches,
    samples={},
    doubts=lambda draws, case: (),
)


@pytest.fixture(autouse=True)
def strangers() -> Iterator[None]:
    """A task of volumes, a degradation, a method and a loss that the house did not know."""
    with ExitStack() as rows:
        for table, name, row in (
            (DEGRADATIONS, "dim", DegradationEntry(Dim, "Dim", "a test")),
            (TASKS, "depths", DEPTHS),
            (LOSSES, "cubed", ComparingEntry(Cubed, "Cubed", "a test", axes=(3,))),
            (
                RESTORERS,
                "brighten",
                RestorerEntry(Brighten, "Brighten", "a test", operators=("dim",), axes=(3,)),
            ),
        ):
            rows.enter_context(table.joined(name, row))
        yield


class Cubed(torch.nn.Module):
    """The mean of the third power of the error."""

    def forward(self, estimate, target):
        return (estimate - target).abs().pow(3).mean()


@pytest.fixture
def volumes(tmp_path) -> Path:
    """Two smooth volumes with voxels that are deeper than wide."""
    folder = tmp_path / "volumes"
    folder.mkdir()
    random = np.random.default_rng(0)
    for place in range(2):
        voxels = random.random(SHAPE).cumsum(0).cumsum(1).astype(np.float32)
        nibabel.save(nibabel.Nifti1Image(voxels, np.diag([*SPACING_MM, 1])), folder / f"v{place}.nii.gz")
    return folder


@pytest.fixture
def trained(here, volumes, models, tmp_path) -> str:
    """The name of a network of volumes that two steps made."""
    here(
        *("train", "--task", "depths", "--loss", "cubed", "--network", "unet_unshuffle", "--steps", 2),
        *("--batch", 2, "--crop", 32, "--width", 8, "--precision", "float32", "--data", volumes),
        *("--validate", volumes, "--runs", tmp_path / "runs", "--out", models),
    )
    return "depths-unet_unshuffle-cubed"


def test_a_volume_is_restored_on_its_own_grid(here, trained, volumes, tmp_path):
    out = tmp_path / "out"
    here(
        "restore", volumes / "v0.nii.gz", "-c", trained, "--method", "brighten", "--dim-share", 0.4, "-o", out
    )
    provenance = json.loads((out / "v0-provenance.json").read_text())
    assert provenance["degradation"] == {"dim_share": 0.4, "seed": 0}
    assert [row["method"] for row in provenance["results"]] == ["network", "brighten"]
    for name in (trained, "brighten"):
        restored = nibabel.load(out / f"v0-{name}.nii.gz")
        assert restored.shape == SHAPE
        assert np.allclose(restored.header.get_zooms(), SPACING_MM)


def test_a_method_that_inverts_the_operator_is_measured_exact(here, trained, volumes):
    words = ("--task", "depths", "--data", volumes, "--seeds", 0, "--dim-share", 0.4, "--json")
    rows = json.loads(here("evaluate", *words, "-c", trained, "--method", "brighten"))["rows"]
    assert [row["method"] for row in rows] == ["network", "brighten"]
    assert rows[1]["psnr"] > 60 > rows[0]["psnr"]


def test_the_page_lays_the_task_out_and_restores_by_both(trained, models, volumes):
    checkpoints = Checkpoints((models,))
    inputs, words = laid_out(checkpoints)
    assert all(word in words for word in ("A coil above the volume", "Brighten", "Upload a NIfTI", "Cubed"))
    methods = methods_of("depths")
    assert methods == ["brighten"]
    captions, table = restored_on(inputs, "depths", volumes / "v0.nii.gz", checkpoints, [trained], methods)
    assert captions == ["Reference", "Dimmed", "Cubed", "Brighten"]
    assert all(caption in table for caption in captions[2:])
