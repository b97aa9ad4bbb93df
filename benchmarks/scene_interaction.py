"""How often the test of scenes finds an interaction where there is one, and where there is none.

    OMP_NUM_THREADS=1 python benchmarks/scene_interaction.py [studies]

Five conditions from -0.7 to 0.8 JOD, every pair judged by every observer in every scene unless pairs are
missing. Prints one line per kind of study: the share with p < .05.
"""

import sys

import numpy as np
import pandas as pd

from uplapp.analysis.model import preference
from uplapp.analysis.reading.votes import from_table
from uplapp.analysis.scoring import interaction
from uplapp.values import Votes

SCORES = np.linspace(-0.7, 0.8, 5)
TWELVE = {"observers": 12, "scenes": 4, "votes": 1}
SIX = {"observers": 6, "scenes": 2, "votes": 4}
OWN = {"own_jod": 0.5}
STUDIES: dict[str, dict[str, float]] = {
    "12 equal": TWELVE,
    "12 different": TWELVE | OWN,
    "12 different, each sees scenes in an own way": TWELVE | OWN | {"own_scenes_jod": 0.5},
    "12 different, 40% of answers missing": TWELVE | OWN | {"missing": 0.4},
    "12 different, own way, 40% missing": TWELVE | OWN | {"own_scenes_jod": 0.5, "missing": 0.4},
    "6 different, 2 scenes": SIX | OWN,
    "6 different, 2 scenes, own way": SIX | OWN | {"own_scenes_jod": 0.5},
}


def study(
    generator: np.random.Generator,
    observers: int,
    scenes: int,
    votes: int,
    scenes_jod: float = 0.0,
    own_jod: float = 0.0,
    own_scenes_jod: float = 0.0,
    missing: float = 0.0,
) -> Votes:
    """Simulate votes for standard deviations of the scores by scene, by observer, and by both."""
    first, second = np.triu_indices(SCORES.size, 1)
    common = generator.normal(0, scenes_jod, (scenes, SCORES.size))
    rows = []
    for k in range(observers):
        own = SCORES + generator.normal(0, own_jod, SCORES.size)
        for scene in range(scenes):
            jod = own + common[scene] + generator.normal(0, own_scenes_jod, SCORES.size)
            chosen = generator.random((votes, first.size)) < preference(jod[first] - jod[second])
            shown = generator.random(chosen.shape) >= missing
            rows += [
                (f"o{k}", f"s{scene}", "abcde"[first[pair]], "abcde"[second[pair]], str(int(chosen[v, pair])))
                for v, pair in np.argwhere(shown)
            ]
    columns = ["observer", "scene", "condition_A", "condition_B", "is_A_selected"]
    return from_table(pd.DataFrame(rows, columns=columns))


def share(studies: int, **kind: float) -> float:
    """Share of simulated studies with p < .05."""
    generator = np.random.default_rng(0)
    tests = [interaction(study(generator, **kind), seed) for seed in range(studies)]  # type: ignore[arg-type]
    return float(np.mean([test.p < 0.05 for test in tests if test is not None]))


def main(studies: int) -> None:
    """Print both shares of every kind of study."""
    print(f"{'studies':48} no interaction   scores by scene differ (sd 0.3 JOD)")
    for name, kind in STUDIES.items():
        row = share(studies, **kind), share(studies, **kind, scenes_jod=0.3)
        print(f"{name:48} {row[0]:.3f}            {row[1]:.3f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
