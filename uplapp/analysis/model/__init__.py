"""Models of choice: Thurstone's likelihood, the distance prior, ties, connectivity and goodness of fit."""

from uplapp.analysis.model.answers import (
    AnswerFit,
    draw_answers,
    fit_answers,
    fit_best_answers,
    graded,
    is_off_zero,
    is_unknown,
    side_bias,
)
from uplapp.analysis.model.checks import GoodnessOfFit, bradley_terry, goodness_of_fit, goodness_within
from uplapp.analysis.model.climbing import Objective, Terms, maximise
from uplapp.analysis.model.connectivity import (
    Labels,
    components,
    findings,
    intact,
    reach,
    strong_components,
    weak_bridges,
)
from uplapp.analysis.model.curves import AUTO, ORDERED, TIES, coarse, suited_ties
from uplapp.analysis.model.objective import (
    HALF_LOG_TAU,
    PRIORS,
    SIGMA,
    Pairs,
    batch_size,
    chunk_size,
    fit,
    fit_best,
    likelihood,
    preference,
)
from uplapp.analysis.model.unequal import UnequalFit, unequal_variances

__all__ = [
    "AUTO",
    "HALF_LOG_TAU",
    "ORDERED",
    "PRIORS",
    "SIGMA",
    "TIES",
    "AnswerFit",
    "GoodnessOfFit",
    "Labels",
    "Objective",
    "Pairs",
    "Terms",
    "UnequalFit",
    "batch_size",
    "bradley_terry",
    "chunk_size",
    "coarse",
    "components",
    "draw_answers",
    "findings",
    "fit",
    "fit_answers",
    "fit_best",
    "fit_best_answers",
    "goodness_of_fit",
    "goodness_within",
    "graded",
    "intact",
    "is_off_zero",
    "is_unknown",
    "likelihood",
    "maximise",
    "preference",
    "reach",
    "side_bias",
    "strong_components",
    "suited_ties",
    "unequal_variances",
    "weak_bridges",
]
