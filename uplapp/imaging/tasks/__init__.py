"""The tasks of restoration, one row each."""

from uplapp.imaging.tasks.photographs import DENOISING, INPAINTING, SUPERRESOLUTION
from uplapp.imaging.tasks.projection import XRAY
from uplapp.imaging.tasks.reconstruction import RECONSTRUCTION
from uplapp.imaging.tasks.task import Task
from uplapp.imaging.tasks.volumes import VOLUMES
from uplapp.registry import Registry

__all__ = ["TASKS", "Task"]

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
