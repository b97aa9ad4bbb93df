"""Pictures of an analysis, one noun a file."""

from uplapp.analysis.plots.agreement import agreement_chart, agreement_panels
from uplapp.analysis.plots.observers import observer_chart
from uplapp.analysis.plots.power import power_chart
from uplapp.analysis.plots.ratings import rating_chart, rating_panels
from uplapp.analysis.plots.scenes import scene_chart
from uplapp.analysis.plots.scores import jod_chart
from uplapp.analysis.plots.training import training_chart
from uplapp.analysis.plots.triangle import triangle_chart
from uplapp.analysis.plots.wins import win_chart

__all__ = [
    "agreement_chart",
    "agreement_panels",
    "jod_chart",
    "observer_chart",
    "power_chart",
    "rating_chart",
    "rating_panels",
    "scene_chart",
    "training_chart",
    "triangle_chart",
    "win_chart",
]
