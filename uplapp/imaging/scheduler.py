"""Work on the workers of a Dask scheduler, which is an optional extra."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from uplapp.errors import UplappError

if TYPE_CHECKING:
    from distributed import Client

MISSING = "--dask needs distributed; install uplapp with its extra: pip install '.[train]'"


def connect(address: str) -> "Client":
    """Connect to the scheduler at an address.

    UplappError is raised where the extra is missing or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UplappError(MISSING) from None
    try:
        return Client(address, timeout="10s")  # type: ignore[no-untyped-call, unused-ignore]
    except (OSError, ValueError, TimeoutError) as error:
        raise UplappError(f"no dask scheduler answers at {address}: {error}") from error


def as_they_finish(futures: Sequence[Any]) -> Iterator[Any]:
    """Give futures in the order in which they finish."""
    from distributed import as_completed

    yield from as_completed(futures)  # type: ignore[no-untyped-call, unused-ignore]


def reason_of(error: BaseException) -> str:
    """Put an error into one line, with its kind unless its text is meant for people."""
    text = " ".join(str(error).split())
    return text if isinstance(error, UplappError) else f"{type(error).__name__}: {text}"
