"""Tables and values as strict JSON: what is undefined is null."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd


def to_json(found: Mapping[str, Any]) -> str:
    """Write plain values, sequences and DataFrames (as lists of rows); NaN and infinity become null."""
    return json.dumps(plain(found), indent=2, allow_nan=False, ensure_ascii=False)


def plain(value: Any) -> Any:
    """Turn a value into what JSON knows."""
    match value:
        case pd.DataFrame():
            return plain(value.to_dict("records"))
        case Mapping():
            return {str(key): plain(part) for key, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case np.generic():
            return plain(value.item())
        case float():
            return value if np.isfinite(value) else None
    return None if value is pd.NA else value
