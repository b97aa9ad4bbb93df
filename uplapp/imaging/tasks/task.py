"""The rows of TASKS, one frozen value for each task."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from uplapp import typed
from uplapp.described import options_of
from uplapp.errors import UplappError
from uplapp.imaging.case import Batch, Case, Subject
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading, gathered
from uplapp.imaging.files.samples import Sample
from uplapp.imaging.physics import DEGRADATIONS, Degradation

Item = TypeVar("Item")


@dataclass(frozen=True)
class Words:
    """The words of the page for a task: one of its images, and what its upload takes."""

    noun: str
    upload: str


def no_doubts(draws: Sequence[Mapping[str, Any]], case: Case) -> tuple[str, ...]:
    """Doubt no case."""
    return ()


def _as_it_is(network: nn.Module) -> nn.Module:
    return network


class Loaded(list[Item]):
    """What training draws from, with `understood`: in sentences what its files were taken for.

    It is made of the name of each file, what was read and what was understood.
    """

    def __init__(self, files: Iterable[tuple[str, Item, Sequence[str]]]) -> None:
        said = []
        for name, item, sentences in files:
            self.append(item)
            said.append((name, sentences))
        self.understood = tuple(gathered(said))


@dataclass(frozen=True)
class Task:
    """A row of TASKS: the degradation, the sources of images, and how training draws batches.

    Images are (C,*size) in [0,1] with `axes` sides; networks take `channels_in` and give `channels_out`.
    `degradation` is a name in DEGRADATIONS, its defaults the published ones; `observed` is what an
    image is called before it is restored. `open` reads one file (or its slice), `subjects` all of a folder
    to measure on, `load` what training draws from, in pieces of a side in px.
    `pairs(data, count, side_px, random, **options)` draws a Batch. `network` is the name in NETWORKS of
    those that are offered first; `prepare` wraps a network as the task uses it. `doubts` says what of a case
    lies outside of what a network was trained on, whose stages had the given draw options. `reading` names
    the fields of a Reading that `open`, `subjects` and `load` take.
    """

    label: str
    source: str
    axes: int
    channels_in: int
    channels_out: int
    degradation: str
    observed: str
    words: Words
    suffixes: tuple[str, ...]
    open: Callable[..., Subject]
    subjects: Callable[..., Iterator[Subject]]
    load: Callable[..., Sequence[Any]]
    pairs: Callable[..., Batch]
    samples: Mapping[str, Sample]
    network: str = "unet"
    prepare: Callable[[nn.Module], nn.Module] = _as_it_is
    doubts: Callable[[Sequence[Mapping[str, Any]], Case], tuple[str, ...]] = no_doubts
    reading: tuple[str, ...] = ()

    def read(self, path: Path, index: int | None = None, reading: Reading = AS_IT_SAYS) -> Subject:
        """Read one file, or its slice, as a person says it is to be read. A choice without use is refused."""
        self._require_use(reading)
        return self.open(path, index, reading) if self.reading else self.open(path, index)

    def read_all(self, folder: Path, reading: Reading = AS_IT_SAYS) -> Iterator[Subject]:
        """Read what a folder holds to measure on, as `read` reads one file."""
        self._require_use(reading)
        return self.subjects(folder) if reading == AS_IT_SAYS else self.subjects(folder, reading)

    def load_all(self, folder: Path, side_px: int, values: Mapping[str, Any]) -> Sequence[Any]:
        """Load what training draws from, read as the `values` of a recipe say."""
        reading = self.reading_of(values)
        return self.load(folder, side_px) if reading == AS_IT_SAYS else self.load(folder, side_px, reading)

    def reading_of(self, values: Mapping[str, Any]) -> Reading:
        """Build the reading that a recipe states. Unknown and useless choices are refused."""
        reading = typed.read(Reading, values, "how files are read", UplappError)
        self._require_use(reading)
        return reading

    def _require_use(self, reading: Reading) -> None:
        for one in options_of(reading):
            if one.name not in self.reading and getattr(reading, one.name) != one.default:
                raise UplappError(f"{one.name} says nothing of a {self.words.noun.lower()}; leave it out")

    def degrade(self, **options: Any) -> Degradation:
        """Build the degradation of this task.

        An unknown option is refused.
        """
        degradation: Degradation = DEGRADATIONS.build(self.degradation, **options)
        return degradation

    @property
    def degrading(self) -> Any:
        """The class of the degradation of this task."""
        return DEGRADATIONS[self.degradation].build
