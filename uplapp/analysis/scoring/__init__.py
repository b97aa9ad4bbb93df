"""From comparisons to scores with intervals, tests and cautions."""

from uplapp.analysis.scoring.bootstrap import (
    FEW_OBSERVERS,
    INTERVALS,
    LEVEL,
    TAILS,
    Beat,
    beating,
    normal_interval,
    observer_weights,
)
from uplapp.analysis.scoring.nearness import near_level
from uplapp.analysis.scoring.openness import least_distances
from uplapp.analysis.scoring.ranks import Ranks, possible_ranks, rank_columns, ranks
from uplapp.analysis.scoring.scenes import Interaction, analyse_scenes, interaction
from uplapp.analysis.scoring.scores import BOOTSTRAPS, MEAN, MOST_BOOTSTRAPS, analyse, ranking
from uplapp.analysis.scoring.significance import ALPHA, covariance, holm, letters, upright
from uplapp.analysis.scoring.two_way import BOTH, OBSERVERS, RESAMPLE, resampled, scope
from uplapp.analysis.scoring.unanimity import tested_by_score

__all__ = [
    "ALPHA",
    "BOOTSTRAPS",
    "BOTH",
    "FEW_OBSERVERS",
    "INTERVALS",
    "LEVEL",
    "MEAN",
    "MOST_BOOTSTRAPS",
    "OBSERVERS",
    "RESAMPLE",
    "TAILS",
    "Beat",
    "Interaction",
    "Ranks",
    "analyse",
    "analyse_scenes",
    "beating",
    "covariance",
    "holm",
    "interaction",
    "least_distances",
    "letters",
    "near_level",
    "normal_interval",
    "observer_weights",
    "possible_ranks",
    "rank_columns",
    "ranking",
    "ranks",
    "resampled",
    "scope",
    "tested_by_score",
    "upright",
]
