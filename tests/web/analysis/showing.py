"""What the analysis tab shows for these votes and fields."""

from collections import namedtuple

import pandas as pd

from tests.analysis import made
from uplapp.web.analysis import analysis_tab
from uplapp.web.analysis.source import Source

METHOD = ("distance", "t", 100, 0, "mean", "auto", False, "observers", "tie")
FIELDS = Source(
    source="denoising",
    simulated=False,
    upload=None,
    observer=[],
    condition_a=[],
    condition_b=[],
    choice=[],
    scene=[],
    value_a="1",
    value_b="0",
    value_tie="0.5",
    value_bad="both_bad",
    matrix=None,
    winner=None,
    votes_per_pair="",
    edition=None,
)
OF_REPORT = ("state", "headline", "warnings", "jod", "ranking", "anchor", "interval", "resample", "exclude")
FOLLOWED = (*OF_REPORT, "first_rows")
OF_PAIRS = ("triangle", "wins", "fit", "pairs", "both_bad", "bad_pairs")
OF_OBSERVERS = ("screened", "observers_chart", "observers", "both")
OF_A_PAPER = ("methods", "latex", "csv", "json", "figures")
# What follows every choice, then what is drawn in views that are opened.
Shown = namedtuple("Shown", [*FOLLOWED, *OF_PAIRS, *OF_OBSERVERS, "asked", "next_pairs", *OF_A_PAPER])
OPENED = (analysis_tab.DIFFERENCES, analysis_tab.OBSERVERS, analysis_tab.PLAN, analysis_tab.PAPER)
COLUMNS = ["observer", "condition_A", "condition_B", "is_A_selected", "kind", "simulated"]
PEOPLE = [("p", "x", "y", 1.0, "main", False), ("p", "y", "x", 1.0, "main", False)]
SIMULATED = [("s", "x", "y", 0.0, "main", True), ("s", "x", "y", 1.0, "main", True)]
MARKUP = "<img src=x onerror=alert(1)>"


def live(include_simulated):
    return pd.DataFrame(PEOPLE + SIMULATED * include_simulated, columns=COLUMNS)


def show(votes=live, method=METHOD, exclude=(), reason="", **chosen) -> Shown:
    """What the page shows last once these fields are chosen and every view of the report was opened."""
    fields = FIELDS._replace(**chosen)
    *_, last = analysis_tab.analyser(votes)(*fields, *method, list(exclude), reason)
    opened = [update for name in OPENED for update in analysis_tab.DRAWN[name](last[0])]
    return Shown(*last, *opened)


def upload(folder, **options) -> str:
    """Votes of five observers on three scenes, with catch and repeat trials."""
    table = made.table(tuple("vwxyz"), ("bridge", "river", "tower"), **options).assign(kind="main")
    repeats = table[table["scene"] == "river"].iloc[::6].assign(kind="repeat")
    catches = repeats.assign(kind="catch", condition_A="reference", is_A_selected="1")
    text = pd.concat([table, repeats, catches]).to_csv(index=False)
    return str(made.write(folder, text))


def last(generator):
    *_, final = generator
    return final


def scene_scores(generator):
    """The outputs of the view of scenes."""
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value.outputs


def visible(update) -> bool:
    return update["visible"] and update["value"] is not None
