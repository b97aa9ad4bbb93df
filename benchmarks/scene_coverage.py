"""How often intervals for other observers and other scenes hold the truth, and how often tests are wrong.

    OMP_NUM_THREADS=1 python benchmarks/scene_coverage.py FILE.csv [studies per cell: 500] [prior: distance]

Every pair of five conditions is judged once by each observer in each scene. The scores of a scene have an sd
of `interaction` JOD around the common ones, those of an observer one of OBSERVERS_JOD. What a study of other
observers and other scenes estimates is the preference over both: a difference d of common scores becomes
sigma d / sqrt(sigma^2 + 2 (interaction^2 + OBSERVERS_JOD^2)), so that one line still holds them. Each part of
PART studies of a cell is one row of FILE.csv, written when it is done; parts that are in the file are not
measured again. Study number n is the same in every run, so the table may be read, and more studies added, at
any time: all cells get their first part before any gets its second.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from uplapp.analysis.model import SIGMA, preference
from uplapp.analysis.scoring import ALPHA, BOTH, OBSERVERS, analyse
from uplapp.values import Array, Cells, Comparisons, Method, Scores

SCENES, PEOPLE, INTERACTIONS_JOD = (3, 5, 10, 20), (6, 12, 30), (0.0, 0.25, 0.5)
OBSERVERS_JOD = 0.25
SCORES = np.array([0.8, 0.3, 0.0, -0.4, -0.7])
REPLICATES, STUDIES, PART = 500, 500, 20
CELL = ["scenes", "observers", "interaction"]
SUMS = ("n", "covers", "width", "p < .05", "any", "left out")
Setting = tuple[int, int, float]


def study(
    scores: Array, scenes: int, observers: int, interaction: float, generator: np.random.Generator
) -> Comparisons:
    """Simulate the votes of observers on scenes."""
    n = scores.size
    own = scores + generator.normal(0, OBSERVERS_JOD, (observers, 1, n))
    jod = own + generator.normal(0, interaction, (1, scenes, n))
    first, second = np.triu_indices(n, 1)
    won = generator.random((observers, scenes, first.size)) < preference(jod[..., first] - jod[..., second])
    observer, scene, pair = (place.ravel() for place in np.indices(won.shape))
    lost = 1 - won.ravel().astype(int)
    wins = np.zeros((observers, n, n))
    better, worse = np.where(lost, second[pair], first[pair]), np.where(lost, first[pair], second[pair])
    np.add.at(wins, (observer, better, worse), 1.0)
    names = tuple(f"s{place:02d}" for place in range(scenes))
    cells = Cells(names, observer, scene, 2 * lost, first[pair], second[pair], np.ones(pair.size))
    return Comparisons(tuple("abcde"), tuple(f"o{k:02d}" for k in range(observers)), wins, cells=cells)


def truth(interaction: float) -> Array:
    """Scores of the preference over observers and scenes, mean 0."""
    shrunk = SCORES * SIGMA / np.sqrt(SIGMA**2 + 2 * (interaction**2 + OBSERVERS_JOD**2))
    centred: Array = shrunk - shrunk.mean()
    return centred


def measure(setting: Setting, studies: range, prior: str) -> dict[str, float]:
    """Sums over studies of the shares of intervals that hold the truth, and of equal pairs called different.

    `n` counts the studies whose sums these are, for each kind of resampling; the others are `left out`.
    """
    scenes, observers, interaction = setting
    sums: dict[str, float] = defaultdict(float)
    for seed in studies:
        generator = np.random.default_rng([seed, scenes, observers])
        real, equal = (
            study(scores, scenes, observers, interaction, generator)
            for scores in (SCORES, np.zeros_like(SCORES))
        )
        for kind in (OBSERVERS, BOTH):
            method = Method(prior, bootstraps=REPLICATES, seed=seed, resample=kind)
            scores, null = analyse(real, method), analyse(equal, method)
            if not _has_all(scores, null, kind):
                sums[f"{kind}: left out"] += 1
                continue
            inside = (scores.low <= truth(interaction)) & (truth(interaction) <= scores.high)
            sums[f"{kind}: n"] += 1
            sums[f"{kind}: covers"] += float(inside.mean())
            sums[f"{kind}: width"] += float(np.mean(scores.high - scores.low))
            sums[f"{kind}: p < .05"] += float(np.mean([pair.p < ALPHA for pair in null.pairs]))
            sums[f"{kind}: any"] += any(pair.significant for pair in null.pairs)
    return {f"{kind}: {what}": sums[f"{kind}: {what}"] for kind in (OBSERVERS, BOTH) for what in SUMS}


def _has_all(scores: Scores, null: Scores, kind: str) -> bool:
    """Say whether both studies have every interval, and from the resampling that was asked for."""
    both = kind == OBSERVERS or (scores.two_way is not None and null.two_way is not None)
    return both and bool(np.isfinite([scores.high, null.high]).all())


def missing(path: Path, studies: int) -> Iterator[tuple[Setting, int]]:
    """Settings and first studies of the parts that the file does not hold yet."""
    done = set()
    if path.is_file():
        done = set(pd.read_csv(path)[[*CELL, "first"]].itertuples(index=False, name=None))
    for first in range(0, studies, PART):
        yield from (
            (cell, first) for cell in product(SCENES, PEOPLE, INTERACTIONS_JOD) if (*cell, first) not in done
        )


def table(path: Path) -> pd.DataFrame:
    """Average the parts of each cell: one row per cell."""
    sums = pd.read_csv(path).drop(columns="first").groupby(CELL).sum()
    columns = {"studies": sums["studies"]}
    for kind, name in ((OBSERVERS, ""), (BOTH, ", both")):
        for what in ("covers", "p < .05", "any", "width"):
            columns[what + name] = sums[f"{kind}: {what}"] / sums[f"{kind}: n"]
        columns["left out" + name] = sums[f"{kind}: left out"]
    return pd.DataFrame(columns).reset_index()


def main(path: Path, studies: int, prior: str) -> None:
    """Measure what is missing and print all of it."""
    for setting, first in missing(path, studies):
        part = range(first, min(first + PART, studies))
        row = dict(zip(CELL, setting, strict=True)) | {"first": first, "studies": len(part)}
        row |= measure(setting, part, prior)
        pd.DataFrame([row]).to_csv(path, mode="a", header=not path.is_file(), index=False)
        print(row, flush=True)
    print(table(path).round(3).to_string(index=False))


if __name__ == "__main__":
    options = dict(enumerate(sys.argv[1:]))
    main(Path(options[0]), int(options.get(1, STUDIES)), options.get(2, "distance"))
