"""Scales of plain and boosted views as text, JSON, CSV, a methods paragraph and a LaTeX table."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from uplapp import __version__, plain
from uplapp.analysis.alternatives.triplets import TripletScale, TripletScales
from uplapp.analysis.writing.latex import TABLE, escape
from uplapp.analysis.writing.wording import agreement_words, fixed, listed, one_line, or_dash, plural

SCOPE = "other observers, these stimuli"
UNITS = "JND of plain views; 1 JND = 75% of answers find it more distorted"
MODEL = "Thurstone Case V, sigma 1.4826; boosted = g1 d + g2 d^2 of the plain d (Testolina et al. 2025)"

VOTES = ("plain_votes", "boosted_votes")
CITED = (
    "Testolina, M., et al. (2025). Fine-grained subjective visual quality assessment for high-fidelity "
    "compressed images. Data Compression Conference. arXiv 2410.09501.",
    "Thurstone, L. L. (1927). A law of comparative judgment. Psychological Review, 34(4), 273-286.",
)


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
    return [
        f"{scale.scene or 'all scenes'}: plain views by {people[0]}, boosted ones by {people[1]}; intervals "
        f"speak of {SCOPE}",
        printed.to_string(index=False),
        *sentences(scale),
        *(f"warning: {warning}" for warning in scale.warnings),
    ]


def sentences(scale: TripletScale) -> list[str]:
    """Say of one scene how boosting maps, and how well both kinds of views fit together."""
    off = scale.off
    said = [
        f"boosted = g1 d + g2 d^2, g1 = {scale.linear.words}, g2 = {scale.square.words}",
        f"plain = {_inverse(scale)}",
    ]
    if np.isfinite(off):
        said.append(f"plain votes alone lie {fixed(off)} JND off (root mean square)")
    return [*said, *_agreement(scale)]


def _agreement(scale: TripletScale) -> list[str]:
    return agreement_words("plain and boosted views", scale.agreement)


def methods(scales: TripletScales) -> str:
    """Write one paragraph in plain English, and under it the works it cites."""
    method, several = scales.method, len(scales.scales) > 1
    kind = {"t": "Student's t", "percentile": "percentiles"}[method.interval]
    people = [_range(scale.people[place] for scale in scales.scales) for place in (0, 1)]
    votes = [sum(int(getattr(scale, name).sum()) // 2 for scale in scales.scales) for name in VOTES]
    said = [
        *(["SIMULATED OBSERVERS: no person answered."] if scales.simulated else []),
        f"{plural(votes[0], 'answer')} to plain views by {people[0]} and {plural(votes[1], 'answer')} to "
        f"boosted views by {people[1]} were put on one scale{', scene by scene' if several else ''}.",
        "Which of two versions is more distorted follows Thurstone's model, Case V (Thurstone 1927), so that "
        f"1 JND is found more distorted in 75% of answers; {scales.source} lies at 0 JND.",
        "Boosted views show a distortion of d JND as g1 d + g2 d^2 (Testolina et al. 2025); distortions and "
        "mapping were fitted together by maximum likelihood, without a prior.",
        f"95% intervals are {kind} on {plural(method.bootstraps, 'bootstrap replicate')} of whole "
        f"observers, drawn for plain and boosted views apart (seed {method.seed}); they speak of {SCOPE}.",
        *(_said_of(scale) for scale in scales.scales),
        *([f"Left out were {listed([name for name, _ in scales.excluded])}."] if scales.excluded else []),
        f"Computed with uplapp {__version__}.",
    ]
    return "\n".join([one_line(" ".join(said)), "", "References", *CITED])


def _range(counts: Iterable[int]) -> str:
    """Name the number of observers, the least and the most where scenes have different ones."""
    values = sorted(set(counts))
    return plural(values[0], "observer") if len(values) == 1 else f"{values[0]} to {values[-1]} observers"


def _said_of(scale: TripletScale) -> str:
    """Say of one scene how boosting maps, and whether both kinds of views agree."""
    agreed = "".join(f"; {sentence}" for sentence in _agreement(scale))
    where = f"In scene {scale.scene}, " if scale.scene else ""
    text = f"{where}g1 = {scale.linear.words} and g2 = {scale.square.words}{agreed}."
    return text if where else text[0].upper() + text[1:]


def to_latex(scales: TripletScales) -> str:
    """Write the versions of all scenes, least distorted first, as one booktabs table."""
    several = len(scales.scales) > 1
    rows: list[str] = []
    for scale in scales.scales:
        rows += [r"    \midrule"] if rows else []
        rows += [f"    {' & '.join(cells)} \\\\" for cells in _cells(scale, several)]
    mappings = [
        f"{f'{escape(scale.scene)}: ' if several else ''}$g_1$ = {_math(scale.linear.words)}, "
        f"$g_2$ = {_math(scale.square.words)}."
        for scale in scales.scales
    ]
    heads = ["Scene"] * several + ["Version", "JND", r"95\% interval", "Boosted"]
    return TABLE % {
        "caption": escape(f"Distortion in JND of plain views; {scales.source} lies at 0."),
        "label": "jnd",
        "layout": f"{'l' * several}lrcr",
        "heads": " & ".join(heads),
        "rows": "\n".join(rows),
        "note": " ".join(
            [
                *(["SIMULATED OBSERVERS."] if scales.simulated else []),
                f"Intervals speak of {SCOPE}. Boosted: $g_1 d + g_2 d^2$ of the distortion $d$.",
                *mappings,
            ]
        ),
    }


def _cells(scale: TripletScale, several: bool) -> Iterator[list[str]]:
    for row in triplet_table(scale).to_dict("records"):
        low, high = (_math(fixed(row[f"jnd_{end}"])) for end in ("low", "high"))
        ends = "---" if np.isnan(row["jnd_low"]) else f"[{low}, {high}]"
        numbers = [_math(fixed(row["jnd"])), ends, _math(fixed(row["boosted"]))]
        yield [*[escape(scale.scene)] * several, escape(row["condition"]), *numbers]


def _math(text: str) -> str:
    """Write numbers with a minus sign of LaTeX."""
    return text.replace("-", "$-$")


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
