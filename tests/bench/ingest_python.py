"""How fast python/bldr_ingest reads: MB and records per second of one core, without Spark.

Usage: python tests/bench/ingest_python.py [--megabytes N] [--only NAME]

Prints JSON, a line per kind of file: what it is, its bytes and records, CPU seconds of the best of three readings, MB/s
(of 10^6 bytes) and records/s. The files are generated, the same for the same size.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))

from bldr_ingest.dialect import CsvDialect, Dialect, JsonDialect
from bldr_ingest.read import records_of
from bldr_ingest.text import text_of

COLUMNS = ("order_id", "customer", "city", "ordered_on", "amount", "status", "note")
CITIES = ["Berlin", "Lyon", "Kraków", "Gothenburg", "Praha"]
NOTES = ["", "call before delivery", "gift", "left at the door", "second attempt"]
PIECE = 2000  # records that are generated; a file repeats them


def rows(seed: int) -> Iterator[tuple[str, ...]]:
    rng = random.Random(seed)
    for n in range(PIECE):
        yield (
            str(100000 + n),
            f"Customer {rng.randrange(9999)}",
            rng.choice(CITIES),
            f"2024-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
            f"{rng.randrange(1, 99999) / 100:.2f}",
            rng.choice(["open", "paid", "sent"]),
            rng.choice(NOTES),
        )


def plain(row: tuple[str, ...]) -> str:
    return ",".join(row) + "\n"


def quoted(row: tuple[str, ...]) -> str:
    return ",".join(f'"{field}"' for field in row) + "\r\n"


def escaped(row: tuple[str, ...]) -> str:
    """Every record has doubled quotes, one in three a line end inside quotes."""
    note = f'"the ""{row[-1]}""{chr(10) if row[0][-1] in "147" else " "}note"'
    return ",".join([*row[:-1], note]) + "\n"


def ragged(row: tuple[str, ...]) -> str:
    """One record in ten lacks a field, one in ten has a stray quote."""
    if row[0].endswith("7"):
        return ",".join(row[:-1]) + "\n"
    return ",".join([*row[:-1], '5" x' if row[0].endswith("3") else row[-1]]) + "\n"


def line(row: tuple[str, ...]) -> str:
    return json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n"


def nested(row: tuple[str, ...]) -> str:
    value: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
    return json.dumps(value | {"note": {"tags": [row[1], 1.5], "text": row[-1]}}) + "\n"


CSV = CsvDialect(columns=COLUMNS)
JSON = JsonDialect(columns=COLUMNS)
KINDS: dict[str, tuple[Any, Dialect, str]] = {
    "plain": (plain, CSV, "utf-8"),
    "quoted": (quoted, CSV, "utf-8"),
    "doubled_quotes": (escaped, CSV, "utf-8"),
    "ragged": (ragged, CSV, "utf-8"),
    "not_utf8": (plain, CSV, "iso-8859-2"),
    "windows_1250": (plain, CsvDialect(columns=COLUMNS, encoding="windows-1250"), "cp1250"),
    "jsonl": (line, JSON, "utf-8"),
    "jsonl_nested": (nested, JSON, "utf-8"),
}


def measure(kind: str, size: int) -> dict[str, Any]:
    write, dialect, encoding = KINDS[kind]
    piece = "".join(map(write, rows(1))).encode(encoding)
    content = piece * max(1, size // len(piece))
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        text = text_of(content, dialect.encoding, dialect.packed, kind)
        count = malformed = 0
        for record in records_of(text, dialect, kind):
            count += 1
            malformed += record.reason is not None
        best = min(best, time.process_time() - started)
    return {
        "file": kind,
        "bytes": len(content),
        "records": count,
        "malformed": malformed,
        "cpu_seconds": round(best, 2),
        "mb_per_second": round(len(content) / 1e6 / best, 1),
        "records_per_second": round(count / best),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--only", choices=KINDS, action="append")
    arguments = parser.parse_args()
    for kind in arguments.only or KINDS:
        print(json.dumps(measure(kind, arguments.megabytes * 1_000_000)), flush=True)


if __name__ == "__main__":
    main()
