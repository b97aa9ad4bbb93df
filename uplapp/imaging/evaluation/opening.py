"""Files as cases of a task."""

from pathlib import Path

from uplapp.errors import UplappError
from uplapp.imaging.case import Case, make_case
from uplapp.imaging.physics.degradation import Degradation
from uplapp.imaging.tasks import TASKS


def read_case(path: Path, task: str, degradation: Degradation | None, index: int | None = None) -> Case:
    """Read a file to restore, one slice of it if it has several, by default the middle one.

    It is degraded by the degradation as drawn for its name. Without one it is taken as it is, which a whole
    k-space cannot be; a k-space that lacks a part always is. A degradation of another task is refused.
    """
    require_fit(task, degradation)
    return make_case(TASKS[task].open(path, index), task, degradation)


def require_fit(task: str, degradation: Degradation | None) -> None:
    """Refuse what does not spoil the images of a task."""
    wanted = TASKS[task].degrading
    if degradation is not None and not isinstance(degradation, wanted):
        raise UplappError(
            f"{degradation.text} does not fit the task '{task}' ({TASKS[task].label}), "
            f"whose images are spoilt by {wanted.heading.lower()}"
        )
