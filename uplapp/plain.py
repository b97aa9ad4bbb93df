"""What leaves the app as text: values as strict JSON, tables as CSV that is harmless in a spreadsheet."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA = r"[=+\-@\t\r]"
NEEDS_GUARD = re.compile(rf"'*{FORMULA}")
GUARD = rf"^'(?='*{FORMULA})"  # the apostrophe that `neutral` adds and a reader takes off


def to_json(value: Any, indent: int | None = 2) -> str:
    """Write numpy's and pandas's values, sequences and tables (as lists of rows) as strict JSON.

    NaN and infinity become null.
    """
    return json.dumps(plain(value), indent=indent, allow_nan=False, ensure_ascii=False)


def plain(value: Any) -> Any:
    """Turn a value, however nested, into what JSON knows: NaN, infinity and missing values become None."""
    import pandas as pd

    match value:
        case pd.DataFrame():
            return plain(value.to_dict("records"))
        case Mapping():
            return {str(key): plain(part) for key, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case np.ndarray():
            return plain(value.tolist())
        case np.generic():
            return plain(value.item())
        case float():
            return value if np.isfinite(value) else None
    return None if value is pd.NA else value


def to_csv(table: "pd.DataFrame", decimals: int | None = None) -> str:
    """Write a table as CSV in which no text is a formula to a spreadsheet.

    Numbers stay numbers. `decimals` is how many digits fractions keep, None for all.
    """
    texts = table.select_dtypes(include=["object", "string"]).columns
    safe = table.assign(**{name: table[name].map(neutral) for name in texts})
    digits = None if decimals is None else f"%.{decimals}f"
    return safe.to_csv(index=False, lineterminator="\n", float_format=digits)


def neutral(value: Any) -> Any:
    """Put an apostrophe before a text that a spreadsheet would run as a formula.

    A text that begins with apostrophes and then a formula gets one more, so that a reader who takes one off
    has the text as it was. What is no text stays as it is.
    """
    if not isinstance(value, str):
        return value
    # Python before 3.13 writes a bare CR without quotes, and what follows begins a row of its own.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if NEEDS_GUARD.match(value) else text
