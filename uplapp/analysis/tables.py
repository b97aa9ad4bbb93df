"""CSV files of votes as tables of text that remember their lines."""

import csv
from pathlib import Path

import pandas as pd

from uplapp.errors import BadVotes


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV as texts; the index holds the line each row ends on."""
    lines, rows = [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True, skipinitialspace=True)
            header = [name.strip() for name in next(reader, [])]
            for row in filter(None, reader):
                if len(row) != len(header):
                    raise BadVotes(
                        f"{path.name}, line {reader.line_num}: {len(row)} cells, the header has {len(header)}"
                    )
                lines.append(reader.line_num)
                rows.append(row)
    except FileNotFoundError:
        raise BadVotes(f"there is no file '{path}'") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadVotes(f"'{path.name}' cannot be read as UTF-8 text in CSV form: {error}") from None
    return pd.DataFrame(rows, columns=header, index=lines, dtype=str)
