"""One column of a table of texts -> numbers."""

import numpy as np
import pandas as pd

from uplapp.analysis.cells import where
from uplapp.analysis.objective import Array
from uplapp.analysis.tables import shown
from uplapp.errors import BadVotes


def numbers(table: pd.DataFrame, column: str, source: str, least: float = -np.inf) -> Array:
    """Read a column as finite numbers (rows,) from `least` up; an empty cell is NaN.

    Anything else is a BadVotes that names the row and the column.
    """
    texts = table[column].astype("string").fillna("").str.strip()
    values: Array = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = (texts != "").to_numpy(dtype=bool) & ~(np.isfinite(values) & (values >= least))
    if bad.any():
        allowed = "a number" if np.isinf(least) else f"a number from {least:g} up"
        text = shown(texts.iloc[int(bad.argmax())])
        raise BadVotes(f"{where(table, source, bad)}, column '{column}': '{text}' is not {allowed}")
    return values
