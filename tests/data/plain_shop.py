"""Copies of data/ecommerce without its ways of writing, for tests of what comes after reading.

Every good record as UTF-8, comma separated, with a header; numbers, dates and instants plain, nulls and what is none
of its column's type empty. Duplicates stay, unless --loaded is said: then of those with one key only the last.

    plain_shop.py FOLDER [--loaded]
"""

import csv
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from test_ecommerce import TABLES, read


def text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def write(folder: Path, loaded: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for table, said in TABLES.items():
        names = [c["name"] for c in said["column_list"]]
        found = read(table)
        rows = found.loaded(said["pk"]) if loaded else [row.values for row in found.rows]
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as f:
            writer = csv.writer(f, lineterminator="\n")
            writer.writerow(names)
            writer.writerows([text(row[n]) for n in names] for row in rows)


if __name__ == "__main__":
    write(Path(sys.argv[1]), "--loaded" in sys.argv)
