"""The first checks of every reader of files."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uplapp.errors import BadImage, UplappError
from uplapp.foreign import LONGEST_START, WITHOUT, foreign, hollow

# One slice of 32 coils of 1024 x 1024; also what is read of a file in one go.
MAX_SAMPLES = 2**25
LONGEST_REASON = 120
# A decoder's own words may hold the path of the file on this machine, which is nobody else's business.
SYSTEM_PATH = re.compile(r"""["']?(?:[A-Za-z]:)?[/\\][^\s"',;)]*["']?""")


@contextmanager
def refusing_damage(name: str, quoting: bool = True) -> Iterator[None]:
    """Turn any error of a decoder into a BadImage that names the file.

    Errors of uplapp itself pass. Without `quoting` nothing of the decoder's words is kept, since they may
    hold what the file says of a person.
    """
    try:
        yield
    except UplappError:
        raise
    except Exception as error:  # every decoder has its own family of errors for damaged data
        if isinstance(error, OSError) and error.strerror:
            raise BadImage(f"{name} cannot be read: {error.strerror}") from error
        reason = f" ({reason_of(error)})" if quoting else ""
        cause = error if quoting else None
        raise BadImage(f"{name} is damaged, cut off or of another kind{reason}") from cause


def reason_of(error: Exception) -> str:
    """Give what an error says in one line, without paths of this machine."""
    words = SYSTEM_PATH.sub("the file", " ".join(str(error).split()))
    return words[:LONGEST_REASON] or type(error).__name__


def require_samples(name: str, shape: tuple[int, ...], at_most: int = MAX_SAMPLES) -> None:
    """Refuse a shape that is empty, and one of more samples than are read."""
    if not 0 < math.prod(shape) <= at_most:
        raise BadImage(f"{name} is {'x'.join(map(str, shape))}; 1 to {at_most} samples are read")


def refuse_hollow(name: str, start: bytes) -> None:
    """Refuse a file that by its first bytes holds nothing of what its name says, such as a pointer."""
    what = hollow(start)
    if what is not None:
        raise BadImage(f"{name} is {what.kind}; {what.way}")


def refuse_foreign(name: str, start: bytes = b"") -> None:
    """Refuse a file of another program by its right name, with the way to one that is read."""
    what = foreign(name, start)
    if what is not None:
        raise BadImage(f"{name} is {what.kind}, which is not read; {what.way}")


def is_of_others(path: Path) -> bool:
    """Whether a file is a picture or scan of another program, no description of one."""
    with path.open("rb") as file:
        what = foreign(path.name, file.read(LONGEST_START))
    return what is not None and what.way != WITHOUT


def start_of(path: Path) -> bytes:
    """Give the first bytes of a file, none of a folder. A pointer, a web page or an empty file is refused."""
    if not path.is_file():
        return b""
    with refusing_damage(path.name), path.open("rb") as file:
        start = file.read(LONGEST_START)
    refuse_hollow(path.name, start)
    return start
