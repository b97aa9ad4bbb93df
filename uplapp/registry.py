"""A read-only table of named rows."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from uplapp.errors import UnknownName, UplappError


@dataclass(frozen=True)
class Entry:
    """One row: what builds the thing, its name on screen, and where it was published."""

    build: Callable[..., Any]
    label: str
    source: str


Row = TypeVar("Row")


class Registry(Mapping[str, Row]):
    """A table of named rows of one kind.

    Menus, command line, cards and tests walk it.
    """

    def __init__(self, kind: str, entries: Mapping[str, Row]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> Row:
        if name not in self._entries:
            raise UnknownName(self.kind, name, self._entries)
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def build(self, name: str, **options: object) -> Any:
        """Build the entry called `name`.

        An unknown name or option raises UplappError before anything is built.
        """
        entry: Any = self[name]
        parameters = inspect.signature(entry.build).parameters
        unknown = sorted(set(options) - set(parameters))
        if unknown:
            allowed = ", ".join(parameters) or "none"
            raise UplappError(
                f"{self.kind} '{name}' has no option '{unknown[0]}'; its options are: {allowed}"
            )
        return entry.build(**options)

    @contextmanager
    def joined(self, name: str, row: Row) -> Iterator[None]:
        """Add one more row to the table while the context lasts.

        A name that is taken is refused.
        """
        if name in self._entries:
            raise UplappError(f"{self.kind} '{name}' is there already; choose another name")
        self._entries[name] = row
        try:
            yield
        finally:
            del self._entries[name]
