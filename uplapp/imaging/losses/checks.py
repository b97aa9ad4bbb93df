"""Options of losses, refused before anything is built."""

from collections.abc import Collection

from torch import Tensor

from uplapp.errors import UnknownName, UplappError


def require_whole(name: str, value: object, lowest: int) -> None:
    """Refuse anything but a whole number from `lowest`.

    True is refused too.
    """
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


def require_sides(image: Tensor, smallest_px: int) -> None:
    """Refuse an image (B,C,H,W) or a volume (B,C,D,H,W) with a side under `smallest_px`."""
    sides = image.shape[2:]
    if min(sides) < smallest_px:
        size = "x".join(str(side) for side in reversed(sides))
        kind = "an image" if len(sides) == 2 else "a volume"
        raise UplappError(f"{kind} of {size} px is too small; each side needs {smallest_px} px or more")


def require_axes(image: Tensor, allowed: tuple[int, ...] = (4,)) -> None:
    """Refuse a tensor that is not (B,C,H,W), or (B,C,D,H,W) where 5 axes are allowed too."""
    if image.ndim not in allowed:
        names = {4: "an image (B,C,H,W)", 5: "a volume (B,C,D,H,W)"}
        choices = " or ".join(names[axes] for axes in allowed)
        raise UplappError(f"a tensor with {image.ndim} axes does not fit; it needs {choices}")


def require_grey_or_colour(image: Tensor) -> None:
    """Refuse anything but (B,1,H,W) and (B,3,H,W)."""
    require_axes(image)
    if image.shape[1] not in (1, 3):
        raise UplappError(f"an image of {image.shape[1]} channels does not fit; it needs 1 or 3")
