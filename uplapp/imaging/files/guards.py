"""What every reader of uploaded files asks first."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from uplapp.errors import BadImage, UplappError

# One slice of 32 coils of 1024 x 1024; also what is read of a file in one go.
MAX_SAMPLES = 2**25


@contextmanager
def damage_told(name: str) -> Iterator[None]:
    """Any error of a decoder becomes a BadImage that names the file; ours pass."""
    try:
        yield
    except UplappError:
        raise
    except Exception as error:  # every decoder has its own family of errors for damaged data
        # The text of a system's error holds the whole path, which is nobody else's business.
        system = isinstance(error, OSError) and error.strerror
        if system:
            raise BadImage(f"{name} cannot be read: {system}") from error
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise BadImage(f"{name} is damaged, cut off or of another kind ({reason})") from error


def require_samples(name: str, shape: tuple[int, ...], at_most: int = MAX_SAMPLES) -> None:
    """Refuse a shape that is empty, and one of more samples than are read."""
    if not 0 < math.prod(shape) <= at_most:
        raise BadImage(f"{name} is {'x'.join(map(str, shape))}; 1 to {at_most} samples are read")
