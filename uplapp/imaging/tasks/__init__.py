"""The tasks of restoration, one row each."""

from uplapp.imaging.tasks.photographs import DENOISING, INPAINTING, SUPERRESOLUTION
from uplapp.imaging.tasks.projection import XRAY
from uplapp.imaging.tasks.reconstruction import RECONSTRUCTION
from uplapp.imaging.tasks.task import Task
from uplapp.imaging.tasks.volumes import VOLUMES
from uplapp.registry import Registry

__all__ = ["TASKS", "Task", "tasks_on_page"]

TASKS: Registry[Task] = Registry(
    "task",
    {
        "denoise": DENOISING,
        "inpaint": INPAINTING,
        "superresolution": SUPERRESOLUTION,
        "mri": RECONSTRUCTION,
        "xray": XRAY,
        "volume": VOLUMES,
    },
)


def tasks_on_page() -> dict[str, Task]:
    """Give the tasks that the Restore tab shows, by name."""
    return {name: task for name, task in TASKS.items() if task.on_page}
