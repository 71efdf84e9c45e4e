"""The reader of python/bldr_ingest beside the one of src/ingest: both read files of a folder as declared."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(os.environ.get("BLDR_ROOT", Path(__file__).parents[2]))
sys.path.insert(0, str(ROOT / "python"))

from bldr_ingest.csv_records import CsvReader  # noqa: E402
from bldr_ingest.dialect import CsvDialect, dialect_of  # noqa: E402
from bldr_ingest.errors import EncodingError, HeaderError, PackedError  # noqa: E402
from bldr_ingest.json_records import JsonReader  # noqa: E402
from bldr_ingest.records import BLANK, Record  # noqa: E402
from bldr_ingest.text import text_of  # noqa: E402

DUMP = Path(os.environ["BLDR_BUILD"]) / "tests" / "ingest" / "ingest_dump"

Declared = dict[str, Any]  # a source_file with its path; what is as in plain CSV may be left out


def c_reads(folder: Path, files: list[Declared]) -> list[dict[str, Any]]:
    """What src/ingest makes of each: {"columns", "records"} and, if it gave up there, {"error"}."""
    lines = "".join(json.dumps(declared) + "\n" for declared in files)
    command: list[str | Path] = [DUMP, "each", folder]
    done = subprocess.run(command, input=lines.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(files)
    return found


def source_of(declared: Declared, columns: list[str]) -> dict[str, Any]:
    csv = declared.get("format", "csv") == "csv"
    plain = {
        "encoding": "utf-8",
        "delimiter": "," if csv else "",
        "quote": '"' if csv else "",
        "header": csv,
    }
    return plain | declared | {"columns": columns}


def records_of(content: bytes, source: dict[str, Any], piece: int = 0) -> Iterable[Record]:
    """The records of the library's reader; piece: the text comes in pieces of so many characters."""
    dialect, name = dialect_of(source), source["path"]
    text = text_of(content, dialect.encoding, dialect.packed, name)
    if piece:
        whole = "".join(text)
        text = (whole[at : at + piece] for at in range(0, len(whole), piece))
    if isinstance(dialect, CsvDialect):
        return CsvReader(text, dialect, name)
    return JsonReader(text, dialect)


def python_reads(
    content: bytes, source: dict[str, Any], piece: int = 0
) -> tuple[list[dict[str, Any]], str | None]:
    """The library's records in the form of c_reads, and the name of C's error for what ended them."""
    found: list[dict[str, Any]] = []
    try:
        for record in records_of(content, source, piece):
            found.append(as_dumped(record))
    except HeaderError as error:
        return found, None if " is [], " in str(error) else "CHANGED"
    except EncodingError:
        return found, "INVALID"
    except PackedError as error:
        return found, "LIMIT" if "it would take more" in str(error) else "INVALID"
    return found, None


def as_dumped(record: Record) -> dict[str, Any]:
    if record.reason is None:
        return {"line": record.line, "number": record.number, "fields": record.fields}
    dumped: dict[str, Any] = {"line": record.line, "number": record.number}
    dumped |= {"rejected": record.reason, "hash": record.digest}
    if record.fields is not None:
        dumped["blank" if record.reason == BLANK else "total"] = True
    return dumped


def c_records(read: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in record.items() if name not in ("offset", "size")}
        for record in read["records"]
    ]


def differences(folder: Path, files: list[Declared], piece: int = 0) -> list[str]:
    """Where the two readers differ, in words that repeat it."""
    told = []
    for declared, c in zip(files, c_reads(folder, files), strict=True):
        content = (folder / declared["path"]).read_bytes()
        found, error = python_reads(content, source_of(declared, c["columns"]), piece)
        expected = c_records(c)
        if error == c.get("error") and found == expected:
            continue
        # C is given the columns and unpacks a file to its end before it hands out a record
        if error is not None and c.get("error") in ("INVALID", "LIMIT"):
            continue
        pairs = zip(found + [{}] * len(expected), expected + [{}] * len(found), strict=False)
        first = next((f"{p}, in C {q}" for p, q in pairs if p != q), f"{error}, {c.get('error')}")
        told.append(f"{declared} {content[:600]!r}: {first}"[:3000])
    return told
