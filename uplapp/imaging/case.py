"""The inputs of restoring and training: subjects to measure, cases to restore, batches to learn from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from uplapp.imaging.physics import AsItIs, Degradation, Measurement, Space
from uplapp.registry import Entry

Extras = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Subject:
    """One thing that can be measured: a photograph, a slice of a scan, a volume.

    `clean` (C,*size) in [0,1] is None where the file holds less than the whole. `measure` makes a measurement
    under a degradation, or of the file as it is, given None or a value that says more of it. `name` seeds
    what a degradation draws, `stem` names files. Of several slices this one is `index` of `count`. `extras`
    are named tensors of the same size (labels, masks, the other modality), `bits` the depth of the files to
    write. Where the clean picture depends on the degradation, as a projection does on its angle,
    `clean_under` gives it, and `clean` is the one at the defaults. A volume has its place in `space`, and
    slices that are `placed` can be put back into theirs.
    `understood` says in sentences what the reader took the file for.
    """

    name: str
    clean: Tensor | None
    measure: Callable[[Degradation | AsItIs | None], Measurement]
    stem: str = ""
    bits: int = 8
    index: int = 0
    count: int = 1
    extras: Extras = field(default_factory=dict)
    clean_under: Callable[[Any], Tensor] | None = None
    space: Space | None = None
    understood: tuple[str, ...] = ()
    placed: bool = False

    @property
    def picture(self) -> Tensor:
        """The picture that the file shows before it is degraded."""
        return self.measure(None).seen if self.clean is None else self.clean


@dataclass(frozen=True, eq=False)
class Case:
    """One thing to restore: its measurement, and the clean `reference` (C,*size) where it is known.

    `task` is a name in TASKS; `degradation` made the measurement. Where the file was used as it
    is, it is None, or the value that said more of it. A volume has its place in `space`, pictures have none.
    `understood` says in sentences what the reader took the file for.
    """

    name: str
    task: str
    measurement: Measurement
    reference: Tensor | None = None
    degradation: Degradation | AsItIs | None = None
    extras: Extras = field(default_factory=dict)
    bits: int = 8
    space: Space | None = None
    understood: tuple[str, ...] = ()

    @property
    def seen(self) -> Tensor:
        """The image that a network sees, (C,*size)."""
        return self.measurement.seen

    @property
    def note(self) -> str:
        """A note on the measurement where it was not made as requested."""
        return self.measurement.note


def make_case(subject: Subject, task: str, degradation: Degradation | AsItIs | None) -> Case:
    """Measure a subject under a degradation as drawn for its name, or take it as it is."""
    own = None if degradation is None else degradation.for_image(subject.name)
    measurement = subject.measure(own)
    degraded = own is not None and not isinstance(own, AsItIs)
    comparable = degraded and subject.clean is not None
    return Case(
        subject.stem or subject.name,
        task,
        measurement,
        clean_of(subject, own) if comparable else None,
        own if comparable or not degraded else None,
        subject.extras,
        subject.bits,
        subject.space,
        subject.understood,
    )


def clean_of(subject: Subject, degradation: Degradation | AsItIs | None) -> Tensor | None:
    """Give the clean picture (C,*size) to compare with, which may depend on the degradation, or None."""
    return subject.clean if subject.clean_under is None else subject.clean_under(degradation)


@dataclass(frozen=True, eq=False)
class Batch:
    """A training batch: `seen` and `clean` (B,C,*size), their measurement, and extras."""

    seen: Tensor
    clean: Tensor
    measurement: Measurement | None = None
    extras: Extras = field(default_factory=dict)

    def map(self, move: Callable[[Tensor], Tensor]) -> "Batch":
        """Give the batch with every tensor of images moved or cut along its first axis."""
        extras = {name: move(tensor) for name, tensor in self.extras.items()}
        measurement = None if self.measurement is None else self.measurement.map(move)
        return Batch(move(self.seen), move(self.clean), measurement, extras)

    def shown_to(self, network: nn.Module) -> Any:
        """Give what a network sees: images, or the measurement where it sees data."""
        return self.measurement if getattr(network, "sees_data", False) else self.seen


@dataclass(frozen=True)
class ComparingEntry(Entry):
    """A row of a table of losses or metrics, which compare an estimate with a clean image.

    It takes images with so many `axes`. What `needs` nothing is called with (estimate, clean). What needs
    "measurement", or extras by their names, is called with (estimate, batch), or (estimate, case).
    """

    axes: tuple[int, ...] = (2,)
    needs: tuple[str, ...] = ()

    def lacks(self, given: Batch | Case) -> tuple[str, ...]:
        """Give the names of what the entry needs and a batch or a case lacks."""
        have = {*given.extras, *(["measurement"] if given.measurement is not None else [])}
        return tuple(name for name in self.needs if name not in have)
