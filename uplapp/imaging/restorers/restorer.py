"""The interface of restorers, and how they report while they work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from torch import Tensor

from uplapp.errors import Cancelled
from uplapp.imaging.case import Case
from uplapp.imaging.fitting import Check, Fitted, Listener
from uplapp.registry import Entry

Kind = Literal["network", "classical", "fitted"]
# Hears the share that is done, in [0,1], what is being done, and where there is one a preview (C,*size);
# returns False to stop.
Watch = Callable[[float, str, Tensor | None], bool]


class Restorer(Protocol):
    """A frozen value of options that restores cases."""

    def restore(self, case: Case, watch: Watch) -> Tensor:
        """Restore a case to (C,*size) in [0,1].

        Cancelled is raised where `watch` returns False.
        """


@runtime_checkable
class FittedRestorer(Restorer, Protocol):
    """A restorer that is fitted to one case, from one start or several, and tells how."""

    def fit(self, case: Case, listener: Listener | None = None, check: Check | None = None) -> Fitted:
        """Give the pictures of all starts, with how they came about.

        Where `listener` returns False the fit ends with what it has; `check` may raise Cancelled.
        """


@dataclass(frozen=True)
class RestorerEntry(Entry):
    """A row of RESTORERS: `build` is the restorer's class, `kind` is network, classical or fitted.

    A method takes measurements of images with so many `axes` by operators of the kinds `operators`. An empty
    tuple stands for all kinds. It takes volumes by operators of the kinds `volumes`, if it says so.
    """

    kind: Kind = "classical"
    operators: tuple[str, ...] = ("pixels",)
    axes: tuple[int, ...] = (2,)
    volumes: tuple[str, ...] = ()

    def takes(self, operator: str, axes: int) -> bool:
        """Whether the method restores measurements of that kind, of images with so many axes."""
        if axes == 3 and self.volumes:
            return operator in self.volumes
        return axes in self.axes and (not self.operators or operator in self.operators)


def unwatched(share: float, text: str, preview: Tensor | None = None) -> bool:
    """Let work go on without a listener."""
    return True


def proceed(watch: Watch, share: float, text: str = "", preview: Tensor | None = None) -> None:
    """Report to `watch`, and raise Cancelled where it says to stop."""
    if not watch(share, text, preview):
        raise Cancelled("the restoration was stopped")
