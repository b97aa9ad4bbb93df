"""Scales of plain and boosted views as text, JSON and CSV."""

from typing import Any

import numpy as np
import pandas as pd

from uplapp import __version__, plain
from uplapp.analysis.alternatives.triplets import TripletScale, TripletScales
from uplapp.analysis.scoring import ALPHA
from uplapp.analysis.writing.wording import chance, fixed, one_line, or_dash, plural

SCOPE = "other observers, these stimuli"
UNITS = "JND of plain views; 1 JND = 75 % of answers find it more distorted"
MODEL = "Thurstone Case V, sigma 1.4826; boosted = g1 d + g2 d^2 of the plain d (Testolina et al. 2025)"


def triplet_table(scale: TripletScale) -> pd.DataFrame:
    """Tabulate the versions of a scene, least distorted first."""
    table = pd.DataFrame(
        {
            "condition": scale.conditions,
            "jnd": scale.jnd,
            "jnd_low": scale.low,
            "jnd_high": scale.high,
            "boosted": scale.boosted,
            "plain_alone": scale.plain_alone,
            "boosted_alone": scale.boosted_alone,
            "plain_votes": scale.plain_votes.astype(int),
            "boosted_votes": scale.boosted_votes.astype(int),
        }
    )
    return table.sort_values("jnd", kind="stable").reset_index(drop=True)


def to_text(scales: TripletScales) -> str:
    """Write warnings, and of each scene the distortions, the mapping, and whether both kinds agree."""
    lines = [f"warning: {warning}" for warning in scales.warnings]
    for scale in scales.scales:
        lines += ["", *_scene(scale)]
    lines += [f"left out: {name} ({reason})" for name, reason in scales.excluded]
    return "\n".join(one_line(part) for line in lines for part in line.split("\n")).lstrip("\n")


def _scene(scale: TripletScale) -> list[str]:
    printed = triplet_table(scale).map(lambda value: or_dash(value) if isinstance(value, float) else value)
    printed["condition"] = [one_line(name) for name in printed["condition"]]
    people = [plural(count, "observer") for count in scale.people]
    test, off = scale.agreement, scale.off
    said = [
        f"{scale.scene or 'all scenes'}: plain views by {people[0]}, boosted ones by {people[1]}; intervals "
        f"speak of {SCOPE}",
        printed.to_string(index=False),
        f"boosted = g1 d + g2 d^2, g1 = {scale.linear.words}, g2 = {scale.square.words}",
        f"plain = {_inverse(scale)}",
    ]
    if np.isfinite(off):
        said.append(f"plain votes alone lie {fixed(off)} JND off (root mean square)")
    if np.isfinite(test.p):
        verdict = "do not agree" if test.p < ALPHA else "were not found to disagree"
        freedom = plural(test.df, "degree")
        ratio = f"likelihood ratio {test.g2:.2f}, {freedom} of freedom, {chance(test.p)}"
        said.append(f"plain and boosted views {verdict} on one scale ({ratio})")
    return [*said, *(f"warning: {warning}" for warning in scale.warnings)]


def _inverse(scale: TripletScale) -> str:
    """Write the plain distortion as a function of the boosted one."""
    linear, square = scale.linear.value, scale.square.value
    return (
        f"2 b / ({linear:.4g} + sqrt({linear**2:.4g} {'-' if square < 0 else '+'} {4 * abs(square):.4g} b))"
    )


def to_dict(scales: TripletScales) -> dict[str, Any]:
    """Turn the scales into plain values."""
    return {
        "scenes": {scale.scene: _values(scale) for scale in scales.scales},
        "excluded": [{"observer": name, "reason": reason} for name, reason in scales.excluded],
        "warnings": list(scales.warnings),
        **_provenance(scales),
    }


def _values(scale: TripletScale) -> dict[str, Any]:
    return {
        "scores": triplet_table(scale),
        "mapping": {"g1": vars(scale.linear), "g2": vars(scale.square), "plain": _inverse(scale)},
        "agreement": vars(scale.agreement),
        "plain_alone_off": scale.off,
        "observers": dict(zip(("plain", "boosted"), scale.people, strict=True)),
        "degenerate": scale.degenerate,
        "warnings": list(scale.warnings),
    }


def to_json(scales: TripletScales) -> str:
    """Write everything as strict JSON: what is undefined is null, never NaN."""
    return plain.to_json(to_dict(scales))


def to_csv(scales: TripletScales) -> str:
    """Write all scenes as one table, with the mapping and the provenance in each row."""
    parts = [
        triplet_table(scale).assign(scene=scale.scene, g1=scale.linear.value, g2=scale.square.value)
        for scale in scales.scales
    ]
    reasons = "; ".join(f"{observer}: {reason}" for observer, reason in scales.excluded)
    table = pd.concat(parts, ignore_index=True).assign(**_provenance(scales), excluded=reasons)
    return plain.to_csv(table, decimals=6)


def _provenance(scales: TripletScales) -> dict[str, Any]:
    method = scales.method
    return {
        "units": UNITS,
        "model": MODEL,
        "source": scales.source,
        "scope": SCOPE,
        "interval": method.interval,
        "bootstraps": method.bootstraps,
        "seed": method.seed,
        "simulated": scales.simulated,
        "version": __version__,
    }
