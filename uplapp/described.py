"""Options that describe themselves: forms, command lines and checks read the fields of one frozen value."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_type_hints

from uplapp.errors import UnknownName, UplappError

Kind = Literal["whole", "number", "switch", "choice", "text", "file", "other"]
KINDS: Mapping[type, Kind] = {bool: "switch", int: "whole", float: "number", str: "choice", Path: "file"}
WORDS = {
    "text": "text",
    "whole": "a whole number",
    "number": "a number",
    "switch": "true or false",
    "file": "a file",
}
PARSERS: Mapping[Kind, Any] = {"whole": int, "number": float, "file": Path}
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True)
class Option:
    """The label and the allowed values of one field.

    `low` and `high` are inclusive; `slider` is the part of them that a form offers, in steps of `step`.
    `choices` maps names to labels. An `optional` field may be None, which leaves the choice to the program;
    a `folded` one stands out of first sight.
    """

    name: str
    kind: Kind
    default: Any
    label: str
    help: str = ""
    low: float = -math.inf
    high: float = math.inf
    step: float | None = None
    slider: tuple[float, float] | None = None
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    optional: bool = False
    folded: bool = False

    @property
    def allowed(self) -> str:
        """Describe the allowed values in words."""
        words = WORDS.get(self.kind)
        if words is None:
            return f"one of: {', '.join(self.choices)}"
        if math.isinf(self.low):
            return words
        return f"{words} from {self.low:g}" + (f" to {self.high:g}" if self.high < math.inf else " up")

    def check(self, value: Any) -> None:
        """Refuse a value that the field may not have."""
        if value is None and self.optional:
            return
        if self.kind == "choice":
            if value not in self.choices:
                raise UnknownName(self.name.replace("_", " "), str(value), self.choices)
        elif not (self._fits_kind(value) and self._fits_limits(value)):
            raise UplappError(f"{self.name} is {value!r}; it needs {self.allowed}")

    def parse(self, text: str) -> Any:
        """Parse the text that a person wrote."""
        lower = text.strip().lower()
        if self.optional and lower in ("", "none", "auto"):
            return None
        if self.kind == "switch" and lower in TRUE + FALSE:
            return lower in TRUE
        try:
            value: Any = PARSERS.get(self.kind, str)(text)
        except ValueError:
            raise UplappError(f"{self.name} is '{text}'; it needs {self.allowed}") from None
        self.check(value)
        return value

    def _fits_kind(self, value: Any) -> bool:
        kinds: dict[Kind, type] = {"switch": bool, "file": Path, "whole": Integral, "text": str}
        wanted = kinds.get(self.kind, Real)
        return isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)

    def _fits_limits(self, value: Any) -> bool:
        return self.kind in ("switch", "file", "text") or (
            math.isfinite(value) and self.low <= value <= self.high
        )


def option(
    default: Any,
    label: str,
    help: str = "",
    *,
    low: float = -math.inf,
    high: float = math.inf,
    step: float | None = None,
    slider: tuple[float, float] | None = None,
    choices: Mapping[str, str] | None = None,
    folded: bool = False,
) -> Any:
    """Make a field of a frozen dataclass that describes itself.

    See `Option` for the meaning of each word.
    """
    range_ = {"low": low, "high": high, "step": step, "slider": slider}
    words = {"label": label, "help": help, "choices": choices or {}, "folded": folded}
    return dataclasses.field(default=default, metadata={**words, **range_})


def options_of(kind: Any) -> tuple[Option, ...]:
    """List the described fields of a dataclass or of one of its values, in their order."""
    cls = kind if isinstance(kind, type) else type(kind)
    if not dataclasses.is_dataclass(cls):
        return ()
    hints = get_type_hints(cls)
    return tuple(_option(one, hints[one.name]) for one in dataclasses.fields(cls) if "label" in one.metadata)


def check_options(value: Any) -> None:
    """Refuse a value of which a field is not allowed.

    The message is about the first such field.
    """
    for one in options_of(value):
        one.check(getattr(value, one.name))


def _option(field: Any, hint: Any) -> Option:
    kinds = [kind for kind in get_args(hint) or (hint,) if kind is not type(None)]
    optional = isinstance(hint, UnionType) and type(None) in get_args(hint)
    names: Iterator[Kind] = (KINDS[kind] for kind in kinds if kind in KINDS)
    name: Kind = next(names, "other")
    own: Kind = "text" if name == "choice" and not field.metadata["choices"] else name
    return Option(field.name, own, field.default, optional=optional, **field.metadata)
