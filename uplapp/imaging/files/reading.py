"""How to read a file where it does not say it itself: the choices that a person has."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from uplapp.described import check_options, option

AUTO = "auto"
SLICES, SLICES_LAST, COILS, COILS_LAST = "slices", "slices_last", "coils", "coils_last"
PARTS, PARTS_FIRST = "parts", "parts_first"
KSPACE, IMAGE = "kspace", "image"
FULL, PERCENTILE = "full", "percentile"
AXES: Mapping[str, str] = {
    AUTO: "as the file suggests",
    SLICES: "slices first",
    SLICES_LAST: "slices last",
    COILS: "coils first",
    COILS_LAST: "coils last",
    PARTS: "real and imaginary parts last",
    PARTS_FIRST: "real and imaginary parts first",
}
CONTENTS: Mapping[str, str] = {AUTO: "as the file suggests", KSPACE: "k-space", IMAGE: "complex images"}
# Level and width of the usual windows of CT, in Hounsfield units.
CT_WINDOWS: Mapping[str, tuple[float, float]] = {
    "soft": (40, 400),
    "brain": (40, 80),
    "bone": (400, 1800),
    "lung": (-600, 1500),
}
WINDOWS: Mapping[str, str] = {
    AUTO: "as the file suggests",
    FULL: "all values",
    PERCENTILE: "up to the 99.9th percentile",
    **{name: f"CT, {name} ({level:g}, {width:g} wide)" for name, (level, width) in CT_WINDOWS.items()},
}
MOST = 9999
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Reading:
    """What a person says of a file. The defaults leave it to the file."""

    axes: str = option(AUTO, "Axes", "What the axes of an array are.", choices=AXES)
    content: str = option(AUTO, "Samples", "What complex samples are.", choices=CONTENTS)
    window: str = option(AUTO, "Window", "Which values are black and white in a scan.", choices=WINDOWS)
    white: float = option(
        0.0, "White level", "The value that is white, 0 for that of the file.", low=0, folded=True
    )
    megapixels: float = option(
        16.0, "Megapixels", "The largest picture that is read, in millions of pixels.", low=1, high=1000
    )
    volume: int = option(
        0, "Volume", "The place on the fourth axis of a series, from 0.", low=0, high=MOST, folded=True
    )
    array: str = option(
        "", "Array", "The name of an array in a file of several, empty for the usual names.", folded=True
    )
    series: int = option(
        0, "Series", "Which series of a folder, from 1; 0 is the largest one.", low=0, high=MOST, folded=True
    )

    def __post_init__(self) -> None:
        check_options(self)


AS_IT_SAYS = Reading()
# What costs the memory of a server is no choice of its visitors.
OF_COMMANDS = ("megapixels",)


def sizes(shape: tuple[int, ...]) -> str:
    """Give a shape in words, such as 256x256."""
    return "x".join(map(str, shape))


def gathered(said: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Give each sentence that was said of files once, with the first file and the number of others.

    Sentences that differ only in their numbers count as one, which says so.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for name, sentences in said:
        for each in sentences:
            alike.setdefault(NUMBER.sub("0", each), []).append((name, each))
    return [_gathered_line(pairs) for pairs in alike.values()]


def _gathered_line(pairs: Sequence[tuple[str, str]]) -> str:
    name, sentence = pairs[0]
    others = len({each for each, _ in pairs}) - 1
    own = ", with other numbers" if len({each for _, each in pairs}) > 1 else ""
    return f"{name}{f' and {others} more{own}' if others else ''}: {sentence}"


def counted(count: int, noun: str) -> str:
    """Give a number with its noun, such as 1 slice or 3 slices."""
    return f"{count} {noun}" + ("" if count == 1 else "s")
