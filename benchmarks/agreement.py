"""How often the 95% intervals of a metric's correlation with people hold its correlation with the truth.

Simulated studies whose true scores lie evenly over 1.6 JOD; the metric is the truth plus normal noise. The
observers differ by SPREAD_JOD around the truth and answer every pair twice.

Run: OMP_NUM_THREADS=1 python benchmarks/agreement.py [experiments a row: 200]
"""

import sys

import numpy as np
import pandas as pd

from uplapp.analysis.agreement.agreement import KINDS, agreement, correlations
from uplapp.analysis.model import preference
from uplapp.analysis.reading.metric_table import metrics_from_table
from uplapp.analysis.scoring import analyse
from uplapp.values import Array, Comparisons, Method

SETTINGS = ((6, 12, 0.5), (6, 12, 1.5), (12, 12, 0.8), (12, 20, 0.8))  # conditions, observers, noise in JOD
SPREAD_JOD, REPLICATES, EXPERIMENTS = 0.3, 400, 200
ROUNDING = 1e-9


def study(truth: Array, observers: int, generator: np.random.Generator) -> Comparisons:
    """Simulate observers who each answer every pair twice."""
    n = truth.size
    own = truth + generator.normal(0, SPREAD_JOD, (observers, n))
    first, second = np.triu_indices(n, 1)
    wins = np.zeros((observers, n, n))
    wins[:, first, second] = generator.binomial(2, preference(own[:, first] - own[:, second]))
    wins[:, second, first] = 2 - wins[:, first, second]
    return Comparisons(names(n), tuple(f"o{k:02d}" for k in range(observers)), wins)


def names(n: int) -> tuple[str, ...]:
    """Names of n conditions."""
    return tuple(f"c{i:02d}" for i in range(n))


def held(n: int, observers: int, noise: float, generator: np.random.Generator) -> list[bool]:
    """One experiment: does each interval of KINDS hold the true correlation?"""
    truth = np.linspace(-0.8, 0.8, n)
    metric = truth + generator.normal(0, noise, n)
    table = metrics_from_table(pd.DataFrame({"condition": names(n), "psnr": metric}))
    scores = analyse(study(truth, observers, generator), Method(bootstraps=REPLICATES))
    result = agreement(scores, table).table.iloc[0]
    true = correlations(metric[None], truth[None], np.ones((1, n)))[:, 0, 0]
    return [
        bool(result[f"{kind}_low"] - ROUNDING <= value <= result[f"{kind}_high"] + ROUNDING)
        for kind, value in zip(KINDS, true, strict=True)
    ]


if __name__ == "__main__":
    experiments = int(sys.argv[1]) if len(sys.argv) > 1 else EXPERIMENTS
    print(f"{'conditions':>10} {'observers':>9} {'noise':>5}", *(f"{kind:>8}" for kind in KINDS))
    for n, observers, noise in SETTINGS:
        generator = np.random.default_rng(0)
        shares = np.mean([held(n, observers, noise, generator) for _ in range(experiments)], axis=0)
        print(f"{n:>10} {observers:>9} {noise:>5}", *(f"{share:>8.3f}" for share in shares))
