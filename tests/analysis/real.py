"""Real votes that may not be handed on: read from the folder that UPLAPP_TEST_DATA names, else skipped."""

import os
from pathlib import Path

import numpy as np
import pytest

from uplapp.analysis.reading.votes import count, read_votes
from uplapp.values import Comparisons

TONE_MAPPING_FILE = "pairwise/pwcmp_ex3_tmo_cmp_data.csv"  # 18 observers, 7 conditions, 5 scenes

# Votes of all scenes, the row won, and scores with the mean at 0 or the first condition at 0: by two
# independent programs run to a tight stop; tolerance 1e-3 asked, 1e-6 met.
TONE_MAPPING = np.array(
    [
        [0, 45, 16, 17, 43, 26, 19],
        [11, 0, 3, 5, 15, 8, 11],
        [37, 35, 0, 43, 40, 48, 35],
        [44, 43, 12, 0, 47, 38, 40],
        [19, 54, 10, 6, 0, 24, 17],
        [34, 55, 15, 20, 41, 0, 21],
        [46, 44, 17, 28, 47, 34, 0],
    ],
    dtype=float,
)
TONE_MAPPING_JOD = {
    ("distance", "mean"): (-0.121467, -1.369225, 1.038913, 0.614731, -0.566878, 0.036074, 0.367851),
    ("distance", "ferwerda96"): (0.0, -1.247758, 1.16038, 0.736198, -0.445412, 0.157541, 0.489318),
    ("none", "mean"): (-0.108586, -1.390441, 1.044922, 0.607468, -0.562347, 0.039092, 0.369891),
    ("none", "ferwerda96"): (0.0, -1.281855, 1.153508, 0.716054, -0.453761, 0.147678, 0.478477),
}
# Percentile interval of 300 replicates, seed 9333, distance prior, every replicate solved on its own.
TONE_MAPPING_LOW = (-0.344195, -1.652134, 0.773471, 0.479667, -0.735691, -0.210015, 0.11728)
TONE_MAPPING_HIGH = (0.169479, -1.206572, 1.291614, 0.769908, -0.415364, 0.276928, 0.649217)


def data_file(name: str) -> Path:
    """Path of a file below the data folder.

    Skips the test without it.
    """
    folder = os.environ.get("UPLAPP_TEST_DATA")
    if not folder or not (Path(folder) / name).is_file():
        pytest.skip(f"UPLAPP_TEST_DATA names no folder with {name}")
    return Path(folder) / name


def tone_mapping() -> Comparisons:
    """Votes of the tone-mapping study, all scenes together."""
    return count(read_votes(data_file(TONE_MAPPING_FILE)))
