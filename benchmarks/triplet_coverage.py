"""How often intervals from plain and boosted triplets hold the true distortions, and how wide they are.

python benchmarks/triplet_coverage.py [STUDIES]     # 200 a row take twelve minutes
"""

import sys

import numpy as np
from example_triplets import JND, MAPPING, triplets

from uplapp.analysis.alternatives.triplets import TripletScale, scale_triplets
from uplapp.analysis.reading import triplets as reading
from uplapp.analysis.reading.votes import from_table
from uplapp.errors import UplappError
from uplapp.values import Method

SIZES = ((12, 12, 2), (12, 30, 2), (30, 12, 2), (30, 30, 1))  # plain, boosted observers, times


def study(plain: int, boosted: int, times: int, seed: int) -> TripletScale | None:
    """Scale one simulated study, None where it has no intervals."""
    votes = []
    for kind, people in ((False, plain), (True, boosted)):
        table = triplets(seed, kind, people, times).astype(str)
        votes.append(from_table(reading.to_votes(table, "made")[0]))
    try:
        scale = scale_triplets(*votes, method=Method(bootstraps=300)).scales[0]
    except UplappError:
        return None
    return scale if np.isfinite(scale.low).all() else None


def row(plain: int, boosted: int, times: int, studies: int) -> str:
    """Write one row of the table."""
    found = [study(plain, boosted, times, seed) for seed in range(studies)]
    kept = [scale for scale in found if scale is not None]
    names = [name for name in kept[0].conditions if name != "reference"]
    places = [kept[0].conditions.index(name) for name in names]
    truth = np.array([JND[int(name[0])][int(name[2])] for name in names])
    hits = np.mean([(s.low[places] <= truth) & (truth <= s.high[places]) for s in kept])
    width = np.mean([s.high[places] - s.low[places] for s in kept])
    error = np.sqrt(np.mean([(s.jnd[places] - truth) ** 2 for s in kept]))
    alone = np.sqrt(np.nanmean([(s.plain_alone[places] - truth) ** 2 for s in kept]))
    mapping = np.mean([s.linear.low <= MAPPING[0] <= s.linear.high for s in kept])
    rejected = np.mean([s.agreement.p < 0.05 for s in kept])
    figures = f"{hits:.3f} | {width:.2f} | {error:.3f} | {alone:.3f} | {mapping:.3f} | {rejected:.3f}"
    return f"| {plain} | {boosted} | {times} | {figures} | {studies - len(kept)} |"


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(
        "| plain | boosted | times | covers | width | error | plain alone | g1 covers | p < .05 | no scale |"
    )
    for size in SIZES:
        print(row(*size, count), flush=True)
