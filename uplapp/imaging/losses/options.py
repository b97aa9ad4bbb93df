"""Options of losses, refused before anything is built."""

from collections.abc import Collection

from uplapp.errors import UnknownName, UplappError


def require_whole(name: str, value: object, lowest: int) -> None:
    """Refuse anything but a whole number from `lowest`; True is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
        raise UplappError(f"{name} is {value!r}; it needs a whole number from {lowest}")


def require_switch(name: str, value: object) -> None:
    """Refuse anything but True and False."""
    if not isinstance(value, bool):
        raise UplappError(f"{name} is {value!r}; it needs true or false")


def require_number(name: str, value: object, lowest: float, highest: float) -> None:
    """Refuse anything but a number from `lowest` to `highest`."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and lowest <= value <= highest):  # type: ignore[operator]
        raise UplappError(f"{name} is {value!r}; it needs a number from {lowest} to {highest}")


def require_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Refuse a name that is not among `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise UnknownName(name, str(value), choices)
