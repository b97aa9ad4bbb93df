"""Scores against a number of each condition, in words and plain values."""

from typing import Any

import numpy as np

from uplapp.analysis.scoring.covariate import Coefficient, Covariate
from uplapp.analysis.writing.wording import chance, one_line, plural

DIGITS = 3


def covariate_values(covariate: Covariate | None) -> dict[str, Any] | None:
    """Turn slope, bend and curve into plain values, None where there is no covariate."""
    if covariate is None:
        return None
    return {
        "name": covariate.name,
        "log2": covariate.log,
        "conditions": list(covariate.conditions),
        "values": covariate.x,
        "slope": vars(covariate.slope),
        "bend": None if covariate.bend is None else vars(covariate.bend),
        "explained": covariate.explained,
        "curve": {"x": covariate.at, "jod": covariate.curve, "low": covariate.low, "high": covariate.high},
        "left_out": list(covariate.left_out),
    }


def slope_words(covariate: Covariate) -> str:
    """Say how the score goes with the number, and whether a parabola fits better."""
    per = f"doubling of {covariate.name}" if covariate.log else f"unit of {covariate.name}"
    share = f", which explains {100 * covariate.explained:.0f}% of the variance between conditions"
    said = f"{_number(covariate.slope)} JOD per {per}{_p(covariate.slope)}{share}"
    if covariate.bend is not None and np.isfinite(covariate.bend.p):
        more = "a parabola fits better" if covariate.is_curved else "no bend was found"
        said += f"; {more} ({chance(covariate.bend.p)})"
    return said


def covariate_lines(covariate: Covariate | None) -> list[str]:
    """Print the slope, and which conditions are left out."""
    if covariate is None:
        return []
    lines = [f"scores against {covariate.name}: {slope_words(covariate)}"]
    if covariate.left_out:
        lines.append(f"without a number or a fixed score: {', '.join(covariate.left_out)}")
    return [one_line(line) for line in lines]


def covariate_sentences(covariate: Covariate | None) -> list[str]:
    """Say in a methods paragraph how the slope was found."""
    if covariate is None:
        return []
    how = "the binary logarithm of " if covariate.log else ""
    return [
        f"Scores of {plural(len(covariate.conditions), 'condition')} were regressed on "
        f"{how}{covariate.name} by least squares, the interval of the slope from the covariance of the "
        f"replicates: {slope_words(covariate)}."
    ]


def _number(coefficient: Coefficient) -> str:
    if not np.isfinite(coefficient.low):
        return f"{coefficient.value:.{DIGITS}g}"
    ends = f"{coefficient.low:.{DIGITS}g}, {coefficient.high:.{DIGITS}g}"
    return f"{coefficient.value:.{DIGITS}g} [{ends}]"


def _p(coefficient: Coefficient) -> str:
    return f" ({chance(coefficient.p)})" if np.isfinite(coefficient.p) else ""
