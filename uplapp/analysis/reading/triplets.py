"""Triplet comparisons of JPEG AIC-3, one answer per row -> a table of votes for the less distorted version.

A triplet shows two distorted versions with their source between them, and asks which of the two is more
distorted. Rows with the columns of the JPEG AIC data are read: worker, img_num, codec_left, dlevel_left and
so on, response (left, right, not sure, skip).
"""

import pandas as pd

from uplapp.analysis.reading.cells import cells_of, require, where
from uplapp.analysis.reading.numbers import spelling
from uplapp.errors import BadVotes
from uplapp.values import REFERENCE

NEEDED = ("worker", "img_num", "codec_left", "dlevel_left", "codec_right", "dlevel_right", "response")
PIVOT, TRAP, METHOD = "dlevel_pivot", "is_trap", "method"
USED = (*NEEDED, "codec_pivot", PIVOT, TRAP, METHOD)
BOOSTED = "BTC"
BOOSTING = "zoom, amplification and flicker, as in JPEG AIC-3"
SKIP = "skip"
CHOSEN = {"left": "0", "right": "1", "notsure": "0.5", SKIP: ""}  # the other side is better


def holds_triplets(table: pd.DataFrame) -> bool:
    """Say whether a table has the columns of triplets, and none of votes."""
    names = {str(name).strip() for name in table.columns}
    return "is_A_selected" not in names and set(NEEDED) <= names


def to_votes(table: pd.DataFrame, source: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Turn triplets into votes, with sentences that say how they were read.

    A is the left version. The source, level 0, is the condition `reference`; other conditions are called
    codec-level. Trap questions become catch trials. Skipped triplets, and those with one version on both
    sides, are left out. Raises BadVotes that names the line.
    """
    cells = cells_of(table, ("response",))
    known = [_plain(text) in CHOSEN for text in cells.texts]
    require(table, source, ("response",), cells, known, "left, right, not sure or skip")
    chosen = cells.spread([CHOSEN[_plain(text)] for text in cells.texts], object)
    _check_pivots(table, source)
    votes = table.rename(columns={"worker": "observer", "img_num": "scene"}).assign(
        condition_A=_names(table, "left"), condition_B=_names(table, "right"), is_A_selected=chosen
    )
    if TRAP in table:
        trap = table[TRAP].map(spelling) == "1"
        votes["kind"] = trap.map({True: "catch", False: "main"})
    if METHOD in table:
        boosted = table[METHOD].str.strip().str.upper() == BOOSTED
        votes["boosting"] = boosted.map({True: BOOSTING, False: ""})
    same, skipped = votes["condition_A"] == votes["condition_B"], votes["is_A_selected"] == ""
    said = [
        "triplets were read as votes for the less distorted version: a score is minus the distortion, and 1 "
        "JOD is 1 JND"
    ]
    for rows, what in ((skipped, "without an answer"), (same & ~skipped, "with one version on both sides")):
        count = int(rows.sum())
        if count:
            said.append(f"{count} triplet{' is' if count == 1 else 's are'} left out, {what}")
    return votes[~same & ~skipped], tuple(said)


def _plain(text: str) -> str:
    return spelling(text).replace(" ", "").replace("_", "").replace("-", "")


def _names(table: pd.DataFrame, side: str) -> pd.Series:
    """Names of the versions on one side."""
    levels = table[f"dlevel_{side}"].map(spelling)
    names = table[f"codec_{side}"].map(str.strip) + "-" + levels
    return names.mask(levels == "0", REFERENCE)


def _check_pivots(table: pd.DataFrame, source: str) -> None:
    """Refuse triplets that have another version between the two than the source."""
    if PIVOT not in table:
        return
    other = (table[PIVOT].map(spelling) != "0").to_numpy()
    if other.any():
        raise BadVotes(
            f"{where(table, source, other)}, column '{PIVOT}': only triplets with the source in the middle "
            "(level 0) can be read as votes"
        )
