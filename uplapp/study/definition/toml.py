"""Values as a TOML text, which the standard library can only read."""

import json
from collections.abc import Mapping
from typing import Any


def to_toml(raw: Mapping[str, Any], path: str = "") -> str:
    """Write texts, numbers, truths, lists, tables, lists of tables; keys are bare names, None is left out."""
    own = {key: value for key, value in raw.items() if not _tables(value) and value is not None}
    lines = [f"{key} = {_value(value)}" for key, value in own.items()]
    for key, value in raw.items():
        name = f"{path}{key}"
        head = f"[{name}]" if isinstance(value, Mapping) else f"[[{name}]]"
        lines += [f"\n{head}\n{to_toml(table, f'{name}.')}".rstrip() for table in _tables(value)]
    return "\n".join(lines) + "\n"


def _tables(value: object) -> list[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        return [value]
    rows = list(value) if isinstance(value, list | tuple) else []
    return rows if rows and all(isinstance(row, Mapping) for row in rows) else []


def _value(value: object) -> str:
    """As in JSON, but beyond ASCII as it is: TOML knows no surrogates; DEL must not stand bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
