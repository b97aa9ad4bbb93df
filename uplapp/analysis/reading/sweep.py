"""The table of a sweep of fits, read and drawn together to one row per setting.

Source of the criteria: Deep Decoder on MRI, sections 4.2 and 4.3.
"""

from pathlib import Path

import pandas as pd

from uplapp.errors import UplappError

SHAPE = ["k", "s", "l", "inputs", "target", "iterations"]
NUMBERS = ["psnr", "ssim", "ms_ssim", "vif", "cv", "seconds"]
MEAN, DIVERGED = "mean", "diverged"
UNSTABLE_ABOVE = 0.05
POOR_BELOW_DB = 15.0
UNREAL_VIF_ABOVE = 1.0


def read_sweep(path: Path) -> pd.DataFrame:
    """Read the rows of a sweep that are whole. A file of another kind is refused."""
    try:
        table = pd.read_csv(path, dtype={"start": str})
    except (OSError, ValueError) as error:
        raise UplappError(f"{path.name} cannot be read as the table of a sweep: {error}") from error
    missing = sorted({*SHAPE, *NUMBERS, "starts", "start", "ended"} - set(table.columns))
    if missing:
        raise UplappError(f"{path.name} is not the table of a sweep; it has no column '{missing[0]}'")
    if table.empty:
        raise UplappError(f"{path.name} has no rows yet")
    return table


def settings(table: pd.DataFrame) -> pd.DataFrame:
    """Give one row per setting, pair and iteration count, as far as all its starts are done.

    `psnr`, `ssim`, `ms_ssim` and `vif` are of the mean picture, `single_psnr` is the mean over single starts;
    `cv` is that of the starts' PSNRs, `seconds` the mean of a fit. `unstable` is true for a CV above 5% or a
    start that diverged; `ranked` is false for these, for less than 15 dB and for a VIF above 1. Of a sweep
    with one start each, the pictures are the single ones and nothing is known to be unstable.
    """
    singles = table[table["start"] != MEAN]
    alone = singles.groupby(SHAPE)[["psnr", "seconds"]].mean()
    alone = alone.rename(columns={"psnr": "single_psnr"}).reset_index()
    means = table[table["start"] == MEAN].sort_values("starts").drop_duplicates(SHAPE, keep="last")
    shown = means if len(means) else singles.drop_duplicates(SHAPE)
    rows = shown.drop(columns="seconds").merge(alone, on=SHAPE)
    unstable = (rows["cv"] > UNSTABLE_ABOVE) | (rows["ended"] == DIVERGED)
    poor = ~(rows["psnr"] >= POOR_BELOW_DB) | (rows["vif"] > UNREAL_VIF_ABOVE)
    return rows.assign(unstable=unstable, ranked=~(unstable | poor))


def pairs(rows: pd.DataFrame, column: str, first: object, second: object) -> pd.DataFrame:
    """Join the settings that differ in one column alone: values end in _first and _second."""
    rest = [name for name in SHAPE if name != column]
    left, right = (rows[rows[column] == value] for value in (first, second))
    return left.merge(right, on=rest, suffixes=("_first", "_second"))
