"""An append-only copy of every row, to rebuild a database from: one JSONL file a start of the process."""

import json
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = "journal"  # beside the database


class Journal:
    """One open file. A line is `{"id": uuid, "at": seconds, "table": ..., "row": {...}}`, never changed.

    `row` is a whole row when it was added, or its key with the columns that changed.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{uuid.uuid4().hex}.jsonl"
        self._file = self.path.open("a", encoding="utf-8")
        self._last_s = 0.0

    def append(self, table: str, row: Mapping[str, Any]) -> None:
        """Write one line and hand it to the operating system. The caller holds the writer's lock."""
        self._last_s = max(
            self._last_s, time.time()
        )  # a clock set back must not reorder the changes of a row
        line = {"id": uuid.uuid4().hex, "at": self._last_s, "table": table, "row": dict(row)}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file. Nothing can be appended any more."""
        self._file.close()
