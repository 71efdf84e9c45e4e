"""The reader of python/bldr_ingest, without Spark: beside the reader of src/ingest over every file there is and many that
are made up, and by itself against what the rules say and what Python's own csv and json read.
"""

import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

import dialects
from ingest_pair import (
    DUMP,
    ROOT,
    Declared,
    differences,
    python_reads,
    records_of,
    source_of,
)

MB = 1 << 20
SEED = int(os.environ.get("BLDR_SEED", time.time_ns() % 1_000_000))
FILES = 20_000  # made up in each run


# ---- files there are ----


def folders() -> list[Path]:
    data = ROOT / "data"
    public = sorted((ROOT.parent / "shared" / "data").glob("*/data"))
    return [data / "ecommerce", data / "jaffle_shop", *public]


@pytest.mark.parametrize("folder", folders(), ids=lambda f: str(f.relative_to(f.parents[1])))
def test_every_file_of_a_folder(folder: Path) -> None:
    """As bldr finds out how each is written."""
    command: list[str | Path] = [DUMP, "sources", folder]
    done = subprocess.run(command, capture_output=True, check=True)
    files = json.loads(done.stdout)["files"]
    assert len(files) > 2
    assert differences(folder, files) == []
    assert differences(folder, files, piece=4099) == []


def test_declared_files_of_the_shop() -> None:
    files = [dialects.declare(dialects.ECOMMERCE, n, d) for n, d in dialects.DECLARED.items()]
    assert differences(dialects.ECOMMERCE, files) == []


def test_odd_files(tmp_path: Path) -> None:
    """Held to what is written beside them, too."""
    dialects.write_sources(tmp_path)
    files = [{**declared, "columns": list("abc")} for declared, _, _ in dialects.ODD.values()]
    assert differences(tmp_path, files) == []
    for declared, (_, content, expected) in zip(files, dialects.ODD.values(), strict=True):
        found = list(records_of(content, source_of(declared, list("abc"))))
        assert [(r.line, r.number, r.fields) for r in found] == expected


CSV_WAYS: list[Declared] = [
    {},
    {"header": False},
    {"header": False, "columns": 3, "quote": ""},
    {"escape": "backslash", "preamble_lines": 1},
    {"header": False, "columns": 1, "delimiter": ";"},
    {"header": False, "encoding": "windows-1252", "not_rows": ["a", "TOTAL"]},
    {"header": False, "encoding": "utf-16le"},
    {"header": False, "encoding": "utf-16be", "delimiter": "\t"},
    {"header": False, "delimiter": '"'},
    {"header": False, "quote": "'", "delimiter": " "},
]
JSON_WAYS: list[Declared] = [
    {"format": "json"},
    {"format": "jsonl"},
    {"format": "jsonl", "columns": ["a"], "not_rows": ["1"]},
    {"format": "json", "columns": ["a", "b"], "encoding": "utf-16le"},
    {"format": "jsonl", "encoding": "windows-1252"},
]


def test_seeds_of_the_fuzzers() -> None:
    corpus = ROOT / "tests" / "fuzz" / "corpus"
    files = [
        {"path": seed.name, **way}
        for kind, ways in (("csv", CSV_WAYS), ("typed", CSV_WAYS), ("json_records", JSON_WAYS))
        for seed in sorted((corpus / kind).iterdir())
        for way in ways
        if kind == "csv"
    ]
    assert len(files) > 300
    assert differences(corpus / "csv", files) == []
    for kind, ways in (("typed", CSV_WAYS[:2]), ("json", JSON_WAYS), ("json_records", JSON_WAYS)):
        names = [seed.name for seed in sorted((corpus / kind).iterdir())]
        assert differences(corpus / kind, [{"path": n, **w} for n in names for w in ways]) == []


# ---- files that are made up ----

CSV_ATOMS = [
    *(b"a", b"b1", b",", b",", b'"', b'"', b'""', b"\n", b"\n", b"\r\n", b"\r", b";", b"\\", b" "),
    *(b"\xe9", b"\xc3\xa9", b"\xc2\xa0", b"\xed\xa0\x80", b"\0", b"\xef\xbb\xbf", b"TOTAL", b'x"'),
    *(b'","', b',"', b'"\n', b'\n"', b",,,\n", b'\\"', b"'", b"\xf0\x9f\x90\xb4"),
]
JSON_ATOMS = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'{"a":',
        b'"b":',
        b'"a"',
        b'"x"',
        b'"',
        b",",
        b":",
        b"1",
        b"-",
        b"0",
    ),
    *(b".5", b"e+1", b"null", b"true", b"NaN", b"\n", b"\r\n", b"\r", b" ", b"\\u0041", b"\\ud800"),
    *(b"\\", b"\xe9", b"\xc3\xa9", b"\0", b"\x01", b'[1, {"q":[]}]', b"},\n{", b'"\\u0000"'),
    *(b'}\n{"a":1}\n{"b":"c"}\n', b',{"a":{"x": [2]},"b":"\\ud83d\\udc34"}', b'{"a":1,"a":2},'),
]


def joined(rng: random.Random, atoms: list[bytes]) -> bytes:
    """Some of the atoms much more often than others, which ones differs from file to file."""
    weights = [rng.random() ** 4 for _ in atoms]
    return b"".join(rng.choices(atoms, weights, k=rng.randint(0, 50)))


def made_csv(rng: random.Random) -> tuple[bytes, Declared]:
    content = joined(rng, CSV_ATOMS)
    way: Declared = {"header": False, "columns": rng.choice([0, 1, 2, 3])}
    if rng.random() < 0.3:
        way = {}
        content = rng.choice([b"a,b\n", b"a\n", b'x,"y",z\r\n']) + content
    for name, value, share in (
        ("escape", "backslash", 0.3),
        ("quote", rng.choice(["", "'"]), 0.15),
        ("delimiter", rng.choice([";", " ", "\t", "\\"]), 0.15),
        ("not_rows", ["TOTAL", "a"], 0.2),
        ("preamble_lines", rng.randint(1, 4), 0.2),
        ("encoding", rng.choice(["utf-16le", "utf-16be", "windows-1252", "iso-8859-2"]), 0.2),
    ):
        if rng.random() < share:
            way[name] = value
    if way.get("encoding", "").startswith("utf-16") and rng.random() < 0.8:
        content = content.decode("utf-8", "ignore").encode(way["encoding"]) + content[:1]
    return content, way


def made_json(rng: random.Random) -> tuple[bytes, Declared]:
    content = joined(rng, JSON_ATOMS)
    way: Declared = {"format": rng.choice(["json", "jsonl"]), "columns": ["a", "b"]}
    if rng.random() < 0.7:
        content = (b'{"a":1}\n' if way["format"] == "jsonl" else b'[{"a":1,"b":"x"},') + content
    if rng.random() < 0.2:
        way["not_rows"] = ["x"]
    if rng.random() < 0.1:
        way["encoding"] = rng.choice(["utf-16le", "windows-1252"])
    return content, way


def made_files(rng: random.Random, folder: Path) -> Iterator[Declared]:
    for n in range(FILES):
        content, way = made_csv(rng) if n % 2 else made_json(rng)
        if rng.random() < 0.05:
            content, way = gzip.compress(content, 1), {**way, "compression": "gzip"}
            cut = rng.randrange(len(content)) if rng.random() < 0.5 else len(content)
            content = content[:cut] + rng.choice([b"", b"", b"\0\0", b"x", b"\0x"])
        (folder / str(n)).write_bytes(content)
        yield {"path": str(n), **way}


def test_files_that_are_made_up(tmp_path: Path) -> None:
    print(f"BLDR_SEED={SEED}")
    rng = random.Random(SEED)
    files = list(made_files(rng, tmp_path))
    told = differences(tmp_path, files)
    # in pieces of a few characters everything may be cut in two
    some = rng.sample(files, FILES // 3)
    told += differences(tmp_path, some, piece=rng.randint(1, 9))
    assert told[:3] == [], f"BLDR_SEED={SEED} repeats it; {len(told)} files"


# ---- records of sixteen megabytes ----


def long_files(unit: bytes, size: int, shift: bytes) -> Iterator[tuple[str, bytes, Declared]]:
    """Records of about so many bytes; shift puts characters across the limit."""

    def fill(n: int) -> bytes:
        body = shift + unit * ((n - len(shift)) // len(unit))
        return body + b"z" * (n - len(body))

    lines = b"\n\r\n\r" * 500
    yield "plain", b"a\n1\n" + fill(size) + b"\r\n2\n", {}
    yield "last", b"a\n1\n" + fill(size), {}
    yield "quoted", b'a\n1\n"' + fill(size - 2) + b'"\r\n2\n"3\n4"\n5', {}
    yield "closed_late", b'a\n1\n"' + fill(size - 1) + b'"\n2\n"3\n4"\n5', {}
    yield "lines", b'a\n1\n"' + fill(size - 2002) + lines + b'w"\r2\n"3\n4"\n5', {}
    yield "open", b'a\n1\n"y\n' + fill(size) + b"\r2\n3\n4\n5", {}
    yield "open_closed_late", b'a\n1\n"y\n' + fill(size - 3) + b'"\r2\n3', {}
    value = b'{"a":"' + fill(size - 8) + b'"}'
    jsonl: Declared = {"format": "jsonl", "columns": ["a"]}
    yield "line", b'{"a":1}\n' + value + b"\r\n" + b'{"a":2}\n', jsonl
    yield "blanks", b'{"a":1}\n' + b" " * size + b'\n{"a":3}', jsonl
    array: Declared = {"format": "json", "columns": ["a"]}
    yield "element", b'[{"a":1},\n ' + value + b'\r\n,{"a":2}\n]', array
    yield "broken", b'[{"a":1},\n ' + value[:-3] + b'\x01"}\r\n,{"a":2}\n]', array


@pytest.mark.parametrize(
    ("unit", "more", "shift"),
    [(b"x", 0, b""), (b"x", 1, b""), ("é".encode(), 0, b"q")],
)
def test_records_about_as_long_as_they_may_be(
    tmp_path: Path, unit: bytes, more: int, shift: bytes
) -> None:
    files = []
    for name, content, way in long_files(unit, 16 * MB + more, shift):
        (tmp_path / name).write_bytes(content)
        files.append({"path": name, **way})
    assert [told[:200] for told in differences(tmp_path, files)] == []


# ---- Python's own readers ----


def rows_of(content: bytes, **way: Any) -> list[list[str] | None]:
    columns = way.pop("columns")
    found, error = python_reads(content, source_of({"path": "t", **way}, columns))
    assert error is None
    return [r.get("fields") for r in found]


@pytest.mark.parametrize(
    ("quoting", "end"),
    # Python up to 3.12 quotes a CR only where it is in the line end
    [(csv.QUOTE_MINIMAL, "\r\n"), *[(csv.QUOTE_ALL, end) for end in ("\n", "\r\n", "\r")]],
)
@pytest.mark.parametrize("delimiter", [",", "\t", "|"])
def test_what_python_writes(quoting: Any, end: str, delimiter: str) -> None:
    rng = random.Random(f"{quoting}{end}{delimiter}")
    letters = ['"', ",", "\t", "|", "\n", "\r\n", "\r", "'", "\\", *"aé🐴 1"]
    rows = [
        ["".join(rng.choices(letters, k=rng.randint(0, 9))) for _ in range(4)] for _ in range(3000)
    ]
    rows = [row for row in rows if "".join(row).strip()]
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=quoting, delimiter=delimiter).writerows(rows)
    way = {"header": False, "columns": list("abcd"), "delimiter": delimiter}
    assert rows_of(out.getvalue().encode(), **way) == rows


def test_what_python_writes_as_json() -> None:
    rng = random.Random(7)
    letters = ['"', "\\", "\n", "\x7f", *"aé🐴 1{}[],:"]

    def value() -> Any:
        text = "".join(rng.choices(letters, k=rng.randint(0, 9)))
        other = [None, True, False, rng.randint(-9, 10**20), rng.random(), [text, {text: [1, {}]}]]
        return rng.choice([text, text, text, *other])

    def written(value: Any, ascii: bool) -> str:
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=ascii)

    objects = [{k: value() for k in rng.sample("abcd", rng.randint(0, 4))} for _ in range(3000)]
    for ascii in (True, False):
        rows = [[written(o.get(k), ascii) for k in "abcd"] for o in objects]
        lines = "\n".join(json.dumps(o, ensure_ascii=ascii) for o in objects)
        way = {"columns": list("abcd"), "format": "jsonl"}
        assert rows_of(lines.encode(), **way) == rows
        array = json.dumps(objects, ensure_ascii=ascii)
        assert rows_of(array.encode(), **{**way, "format": "json"}) == rows
