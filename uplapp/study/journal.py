"""An append-only copy of every row, to rebuild a database from: one JSONL file a start of the process."""

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Journal:
    """One open file; a line is `{"id": uuid, "table": ..., "row": {...}}`, and is never changed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{uuid.uuid4().hex}.jsonl"
        self._file = self.path.open("a", encoding="utf-8")

    def append(self, table: str, row: Mapping[str, Any]) -> None:
        """Write one line and hand it to the operating system; the caller holds the writer's lock."""
        line = {"id": uuid.uuid4().hex, "table": table, "row": dict(row)}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file; nothing can be appended any more."""
        self._file.close()
