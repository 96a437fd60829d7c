"""What arrays from files should be, whatever the format of the files."""

from typing import NamedTuple

import numpy as np

_KINDS = {"f": "float32 or float64", "fiu": "integer or float"}


class Variable(NamedTuple):
    """What a file says of an array before its values are read."""

    shape: tuple
    dtype: np.dtype | None  # None: no array of numbers


def check_shape(shape, expected, what, hint):
    """Compare a shape with what is expected, in which None stands for any length > 0.

    ``what`` names the array and its file; ``hint`` says what to do.
    """
    alike = len(shape) == len(expected) and all(
        (n > 0) if e is None else (n == e) for n, e in zip(shape, expected, strict=True)
    )
    if not alike:
        axes = ["n" if e is None else str(e) for e in expected]
        raise ValueError(
            f"{what} should have the shape ({', '.join(axes)}), got {tuple(shape)}. "
            f"{hint}"
        )


def check_type(dtype, kinds, what, hint):
    """Compare a type with the kinds allowed: "f" (floats) or "fiu" (real numbers)."""
    if dtype.kind not in kinds:
        got = "no array of numbers" if dtype is None else dtype
        raise ValueError(f"{what} should be of type {_KINDS[kinds]}, got {got}. {hint}")


def check_finite(array, what, axes, hint):
    """Refuse infinite numbers and NaN, and say where the first is.

    ``axes`` has, for each axis, its name or the names of its places.
    """
    if np.isfinite(array).all():
        return
    index = tuple(np.argwhere(~np.isfinite(array))[0])
    places = [
        f"{axis} {i}" if isinstance(axis, str) else f"channel {axis[i]}"
        for axis, i in zip(axes, index, strict=True)
    ]
    raise ValueError(
        f"{what} should be finite, got {array[index]} in {', '.join(places)}. {hint}"
    )
