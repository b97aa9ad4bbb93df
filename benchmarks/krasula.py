"""Bradley-Terry scores by content of the sharpening votes of Krasula et al. (2017), beside sureal's values.

python benchmarks/krasula.py KRASULA.csv     # columns observer, content, asset_id, other_asset_id, value

sureal fits all contents at once by minorisation (Hunter 2004) from equal strengths, and publishes the sum and
the variance of the log strengths. No vote joins two contents, and how far apart they lie follows from its
start alone. The same iteration is written out here; within each content its log strengths must be ours.
"""

import sys
from pathlib import Path

import numpy as np

from uplapp.analysis.model import bradley_terry
from uplapp.analysis.reading.layouts.columns import parse_columns
from uplapp.analysis.reading.votes import count, count_scenes, read_votes
from uplapp.values import Array

COLUMNS = "condition_A=asset_id,condition_B=other_asset_id,is_A_selected=value,scene=content"
PUBLISHED_SUM, PUBLISHED_VARIANCE = -187.186344, 3.144289  # Netflix/sureal, tests of its MLE model
BAR = 1e-4
STILL = 1e-14


def minorise(wins: Array) -> Array:
    """Iterate strengths that sum to 1 from equal ones, until they stay, and give their logarithms (n,)."""
    votes, strengths = wins + wins.T, np.full(len(wins), 1 / len(wins))
    for _ in range(100_000):
        before = strengths
        strengths = wins.sum(axis=1) / (votes / (before[:, None] + before)).sum(axis=1)
        strengths /= strengths.sum()
        if np.abs(strengths - before).max() < STILL:
            break
    logs: Array = np.log(strengths)
    return logs


def main(path: Path) -> None:
    """Print how far the values lie apart."""
    votes = read_votes(path, columns=parse_columns(COLUMNS, "A=1,B=0"))
    together = count(votes)
    logs = dict(zip(together.conditions, minorise(together.wins.sum(axis=0)), strict=True))
    values = np.array(list(logs.values()))
    print(
        f"sum {values.sum():.6f}, published {PUBLISHED_SUM}: off by {abs(values.sum() - PUBLISHED_SUM):.1e}"
    )
    print(f"variance {values.var():.6f}, published {PUBLISHED_VARIANCE}")
    apart = 0.0
    for content, counted in count_scenes(votes).items():
        own = np.log(3) * bradley_terry(counted.wins.sum(axis=0))
        other = np.array([logs[name] for name in counted.conditions])
        off = np.abs(own - (other - other.mean())).max()
        apart = max(apart, off)
        print(f"{content}: {len(own)} versions, {counted.wins.sum():.0f} votes, log odds differ by {off:.1e}")
    good = max(apart, abs(values.sum() - PUBLISHED_SUM), abs(values.var() - PUBLISHED_VARIANCE)) < BAR
    print(f"largest difference within a content {apart:.1e}: {'good' if good else 'NOT'} to {BAR}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
