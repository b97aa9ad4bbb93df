"""Write the triplets that ship as example: simulated observers, two codecs, four levels each, one image.

Twelve observers answer plain triplets, twelve others boosted ones, in the columns of the JPEG AIC data. The
plain distortion d of codec 1 is 0.3, 0.7, 1.2, 1.8 JND, of codec 2 less; boosted it is 2.2 d - 0.15 d^2.

Run: python benchmarks/example_triplets.py [folder: uplapp/analysis/reading/examples]
"""

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path("uplapp/analysis/reading/examples")
SIGMA = 1.4826
JND = {1: (0.0, 0.3, 0.7, 1.2, 1.8), 2: (0.0, 0.2, 0.5, 0.9, 1.4)}  # levels 0 to 4
MAPPING = (2.2, -0.15)
UNSURE_JND, OBSERVERS, TIMES, OWN_SD = 0.3, 12, 2, 0.1


def triplets(seed: int, boosted: bool, observers: int = OBSERVERS, times: int = TIMES) -> pd.DataFrame:
    """Tabulate the answers: each pair of a codec with its source, and each level of both codecs."""
    random = np.random.default_rng([seed, boosted])
    pairs = [(codec, i, codec, j) for codec in JND for i, j in combinations(range(5), 2)]
    pairs += [(1, level, 2, level) for level in range(1, 5)]
    rows = []
    for worker in range(1, observers + 1):
        gain = 1 + random.normal(0, OWN_SD)
        for codec, level, other, other_level in pairs * times:
            sides = [(codec, level), (other, other_level)][:: random.choice([1, -1])]
            seen = [gain * boost(JND[c][k]) if boosted else gain * JND[c][k] for c, k in sides]
            lean = seen[0] - seen[1] + SIGMA * random.normal()
            response = "not sure" if abs(lean) < UNSURE_JND else "left" if lean > 0 else "right"
            (a, i), (b, j) = [(c if k else 0, k) for c, k in sides]  # the source has codec 0
            rows.append((worker, "BTC" if boosted else "PTC", 1, a, 0, b, i, 0, j, 0, response, 1))
    names = "worker method img_num codec_left codec_pivot codec_right dlevel_left dlevel_pivot dlevel_right"
    return pd.DataFrame(rows, columns=[*names.split(), "is_trap", "response", "simulated"])


def boost(jnd: float) -> float:
    """Map a plain distortion to the boosted one."""
    return MAPPING[0] * jnd + MAPPING[1] * jnd**2


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for name, boosted in (("plain_triplets.csv", False), ("boosted_triplets.csv", True)):
        triplets(7, boosted).to_csv(folder / name, index=False)
