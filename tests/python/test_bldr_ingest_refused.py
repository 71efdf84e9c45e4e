"""Which files the emitter says the notebooks will refuse (src/warehouse/emitters/refused.c), beside the library that refuses them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "python"))

from bldr_ingest.read import FILE_BYTES_MAX
from encoding_names import is_known, names_of_iconv

EMIT_TOOL = Path(os.environ["BLDR_BUILD"]) / "emit_tool"
# What src/ingest finds by itself (first_look.c).
FOUND = [
    "utf-8",
    "utf-16le",
    "utf-16be",
    "utf-32le",
    "windows-1252",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "uhc",
    "big5",
    "gb18030",
    "euc-tw",
    "windows-1251",
    "koi8-r",
    "windows-1253",
    "tis-620",
    "windows-1255",
    "windows-1256",
    "windows-1250",
    "iso-8859-2",
    "iso-8859-5",
    "iso-8859-7",
]


def reasons(files: list[dict[str, Any]]) -> list[str | None]:
    plain = {"path": "t.csv", "encoding": "utf-8", "bytes": 1, "packed": False}
    lines = "".join(json.dumps(plain | file) + "\n" for file in files)
    done = subprocess.run(
        [EMIT_TOOL, "refused"], input=lines, capture_output=True, text=True, check=True
    )
    found: list[str | None] = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(files)
    return found


def test_encodings_are_those_of_the_library() -> None:
    """By every name that this iconv knows, which a person may give in bldr.json, in the spelling that `sources` has."""
    names = sorted({*names_of_iconv(), *FOUND})
    refused = reasons([{"encoding": name} for name in names])
    said = {name for name, reason in zip(names, refused, strict=True) if reason is None}
    assert said == set(filter(is_known, names))
    assert len(said) > 200 and set(FOUND) - said == {
        *("utf-32le", "shift_jis", "euc-jp", "euc-kr", "big5", "gb18030", "euc-tw", "windows-1255")
    }


def test_the_list_of_found_encodings_is_whole() -> None:
    """Every literal of the detector that names an encoding stands above."""
    text = (Path(__file__).parents[2] / "src" / "ingest" / "first_look.c").read_text()
    literals = {part for line in text.splitlines() for part in line.split('"')[1::2]}
    prefixes = (
        "utf-",
        "windows-",
        "iso-8859",
        "euc-",
        "koi8",
        "tis-",
        "gb",
        "big5",
        "shift",
        "uhc",
    )
    assert {word for word in literals if word.startswith(prefixes)} - {"utf-16", "utf-32"} <= set(
        FOUND
    )


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ({"bytes": FILE_BYTES_MAX}, None),
        (
            {"bytes": FILE_BYTES_MAX + 1},
            f"it has {FILE_BYTES_MAX + 1} bytes, of which the notebooks read at most {FILE_BYTES_MAX}: "
            "pack it with gzip, or split it",
        ),
        (
            {"bytes": FILE_BYTES_MAX + 1, "packed": True},
            f"it has {FILE_BYTES_MAX + 1} bytes, of which the notebooks read at most {FILE_BYTES_MAX}: split it",
        ),
        (
            {"encoding": "shift_jis"},
            "its encoding, shift_jis, is not one that the notebooks read: convert it to UTF-8",
        ),
        ({"path": "_t.csv"}, "Spark passes over names that begin with _: rename it"),
        ({"path": "t_.csv"}, None),
    ],
)
def test_what_is_said(file: dict[str, Any], expected: str | None) -> None:
    assert reasons([file]) == [expected]
