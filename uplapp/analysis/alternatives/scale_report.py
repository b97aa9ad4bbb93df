"""A unified scale as text, JSON and CSV."""

from typing import Any

import pandas as pd

from uplapp import __version__, plain
from uplapp.analysis.alternatives.scale import UnifiedScale
from uplapp.analysis.writing.wording import agreement_words, fixed, one_line, or_dash, plural

SCOPE = "other observers, these stimuli"


def scale_table(scale: UnifiedScale) -> pd.DataFrame:
    """Tabulate the stimuli, best first, by jod, jod_low, jod_high, both single scales and the counts."""
    table = pd.DataFrame(
        {
            "condition": scale.conditions,
            "jod": scale.jod,
            "jod_low": scale.low,
            "jod_high": scale.high,
            "jod_of_votes": scale.from_votes,
            "jod_of_ratings": scale.from_ratings,
            "votes": scale.votes.astype(int),
            "ratings": scale.ratings.astype(int),
        }
    )
    return table.sort_values("jod", ascending=False, kind="stable").reset_index(drop=True)


def to_text(scale: UnifiedScale) -> str:
    """Write the scale, what a JOD is in steps, and whether votes and ratings agree."""
    table = scale_table(scale)
    printed = table.map(lambda value: or_dash(value) if isinstance(value, float) else value)
    printed["condition"] = [one_line(name) for name in printed["condition"]]
    head, *others = sentences(scale)
    lines = [
        head,
        others[0],
        "",
        printed.to_string(index=False),
        "",
        *others[1:],
        *(f"left out: {name} ({reason})" for name, reason in scale.excluded),
        *(f"warning: {warning}" for warning in scale.warnings),
    ]
    return "\n".join(one_line(part) for line in lines for part in line.split("\n"))


def sentences(scale: UnifiedScale) -> list[str]:
    """Say what lies highest, who answered, what a JOD is in steps, and whether votes and ratings agree."""
    table, (votes, ratings, both) = scale_table(scale), scale.people
    return [
        f"{table['condition'][0]} lies highest, {fixed(float(table['jod'][0]))} JOD; zero is the mean.",
        f"Votes by {plural(votes + both, 'observer')}, ratings ({scale.criterion}) by "
        f"{plural(ratings + both, 'observer')}, {both} of them gave both. "
        f"Intervals speak of {SCOPE}.",
        f"one JOD is {scale.steps.words} steps of the rating scale",
        f"0 JOD is rated {scale.zero.words}",
        f"a rating is {scale.noise.words} times as noisy as an impression in a comparison",
        *agreement_words("votes and ratings", scale.agreement),
    ]


def to_dict(scale: UnifiedScale) -> dict[str, Any]:
    """Turn a scale into plain values."""
    return {
        "scores": scale_table(scale),
        "steps_per_jod": vars(scale.steps),
        "rating_at_zero": vars(scale.zero),
        "relative_noise": vars(scale.noise),
        "agreement": vars(scale.agreement),
        "observers": dict(zip(("votes", "ratings", "both"), scale.people, strict=True)),
        "excluded": [{"observer": name, "reason": reason} for name, reason in scale.excluded],
        "degenerate": scale.degenerate,
        "warnings": list(scale.warnings),
        **_provenance(scale),
    }


def to_json(scale: UnifiedScale) -> str:
    """Write everything as strict JSON: what is undefined is null, never NaN."""
    return plain.to_json(to_dict(scale))


def to_csv(scale: UnifiedScale) -> str:
    """Write the table as CSV, with its provenance in each row."""
    reasons = "; ".join(f"{observer}: {reason}" for observer, reason in scale.excluded)
    return plain.to_csv(scale_table(scale).assign(**_provenance(scale), excluded=reasons), decimals=6)


def _provenance(scale: UnifiedScale) -> dict[str, Any]:
    method = scale.method
    return {
        "units": "JOD; unified likelihood of votes and ratings (Perez-Ortiz et al. 2020), mean 0",
        "criterion": scale.criterion,
        "scope": SCOPE,
        "interval": method.interval,
        "bootstraps": method.bootstraps,
        "seed": method.seed,
        "simulated": scale.simulated,
        "version": __version__,
    }
