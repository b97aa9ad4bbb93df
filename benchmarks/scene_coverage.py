"""How often intervals for other observers and other scenes hold the truth, and how often tests are wrong.

    OMP_NUM_THREADS=1 python benchmarks/scene_coverage.py FILE.csv [studies a cell: 500] [prior: distance]

Every pair of five conditions is judged once by each observer in each scene. The scores of a scene have an sd
of `interaction` JOD around the common ones, those of an observer one of OBSERVERS_JOD. What a study of other
observers and other scenes estimates is the preference over both: a difference d of common scores becomes
sigma d / sqrt(sigma^2 + 2 (interaction^2 + OBSERVERS_JOD^2)), so that one line still holds them. Each cell is
one row of FILE.csv, written when it is done; cells that are in the file are not measured again.
"""

import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from uplapp.analysis.model import SIGMA, preference
from uplapp.analysis.scoring import ALPHA, BOTH, OBSERVERS, analyse
from uplapp.values import Array, Cells, Comparisons, Method

SCENES, PEOPLE, INTERACTIONS_JOD = (3, 5, 10, 20), (6, 12, 30), (0.0, 0.25, 0.5)
OBSERVERS_JOD = 0.25
SCORES = np.array([0.8, 0.3, 0.0, -0.4, -0.7])
REPLICATES, STUDIES = 500, 500
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


def measure(setting: Setting, studies: int, prior: str) -> dict[str, float]:
    """Share of intervals that hold the truth, and of equal conditions that tests call different."""
    scenes, observers, interaction = setting
    seen: dict[str, list[float]] = {}
    for seed in range(studies):
        generator = np.random.default_rng([seed, scenes, observers])
        real, equal = (
            study(scores, scenes, observers, interaction, generator)
            for scores in (SCORES, np.zeros_like(SCORES))
        )
        for kind in (OBSERVERS, BOTH):
            method = Method(prior, bootstraps=REPLICATES, seed=seed, resample=kind)
            scores, null = analyse(real, method), analyse(equal, method)
            if kind == BOTH and (scores.two_way is None or null.two_way is None):
                seen.setdefault("left out", []).append(1.0)
                continue
            inside = (scores.low <= truth(interaction)) & (truth(interaction) <= scores.high)
            seen.setdefault(f"{kind}: covers", []).append(float(inside.mean()))
            seen.setdefault(f"{kind}: width", []).append(float(np.mean(scores.high - scores.low)))
            seen.setdefault(f"{kind}: p < .05", []).append(np.mean([pair.p < ALPHA for pair in null.pairs]))
            seen.setdefault(f"{kind}: any", []).append(any(pair.significant for pair in null.pairs))
    left_out = seen.pop("left out", [])
    return {name: float(np.mean(values)) for name, values in seen.items()} | {"left out": len(left_out)}


def missing(path: Path) -> Iterator[Setting]:
    """Settings that the file does not hold yet."""
    columns = ["scenes", "observers", "interaction"]
    done = set(pd.read_csv(path)[columns].itertuples(index=False, name=None)) if path.is_file() else set()
    yield from (setting for setting in product(SCENES, PEOPLE, INTERACTIONS_JOD) if setting not in done)


def main(path: Path, studies: int, prior: str) -> None:
    """Measure what is missing and print all of it."""
    for setting in missing(path):
        row = dict(zip(("scenes", "observers", "interaction"), setting, strict=True))
        row |= {"studies": studies} | measure(setting, studies, prior)
        pd.DataFrame([row]).to_csv(path, mode="a", header=not path.is_file(), index=False)
        print(row, flush=True)
    print(
        pd.read_csv(path).round(3).sort_values(["scenes", "observers", "interaction"]).to_string(index=False)
    )


if __name__ == "__main__":
    options = dict(enumerate(sys.argv[1:]))
    main(Path(options[0]), int(options.get(1, STUDIES)), options.get(2, "distance"))
