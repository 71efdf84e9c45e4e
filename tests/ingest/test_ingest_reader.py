"""The CSV reader of src/ingest, held to Python's csv and to records whose place, bytes and faults are known.

The hand-written cases say what RFC 4180 leaves open. The generated ones know each record's line, offset and fault
because they were put together from them; a file without faults is also read by Python's csv.
"""

import csv
import hashlib
import io
import json
import os
import random
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DUMP = Path(os.environ["BLDR_BUILD"]) / "tests" / "ingest" / "ingest_dump"
CHUNK = 256 << 10  # the reader's buffer grows by this
RECORD_MAX = 16 << 20

OPEN = "a quote that is never closed"
STRAY = "a quote inside an unquoted field"
AFTER = "text behind a closing quote"
NUL = "a NUL byte"
UTF8 = "not valid UTF-8"
LONG = "longer than 16777216 bytes"
BLANK = "blank, not a row"
BLANKS = " \t\u00a0\u2007\u202f"


def fields_reason(found: int, header: int) -> str:
    return f"{found} field{'' if found == 1 else 's'} where the header has {header}"


def good(line: int, offset: int, *fields: str) -> dict[str, Any]:
    return {"line": line, "offset": offset, "fields": list(fields)}  # its size follows


def bad(
    line: int, offset: int, reason: str, raw: bytes, shown: int | None = None
) -> dict[str, Any]:
    digest = hashlib.blake2b(raw, digest_size=32).hexdigest()
    size = len(raw) if shown is None else shown
    return {"line": line, "offset": offset, "rejected": reason, "hash": digest, "size": size}


def blank(line: int, offset: int, raw: bytes) -> dict[str, Any]:
    return {**bad(line, offset, BLANK, raw), "blank": True}


def is_blank(fields: list[str]) -> bool:
    """Nothing but blanks in several columns is no row."""
    return len(fields) > 1 and not any(f.strip(BLANKS) for f in fields)


def faultless(line: int, offset: int, raw: bytes, fields: list[str]) -> dict[str, Any]:
    return blank(line, offset, raw) if is_blank(fields) else good(line, offset, *fields)


def read(folder: Path, content: bytes) -> list[dict[str, Any]]:
    found = read_sized(folder, content)
    for record in found:
        if "fields" in record:
            del record["size"]
    return found


def read_sized(folder: Path, content: bytes) -> list[dict[str, Any]]:
    (folder / "t.csv").write_bytes(content)
    command: list[str | Path] = [DUMP, "declared", folder, "t.csv", "{}"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def python_rows(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8-sig")
    csv.field_size_limit(RECORD_MAX * 2)
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    header, *records = [row for row in rows if row]
    return [row for row in records if len(header) == 1 or any(f.strip(BLANKS) for f in row)]


CASES: list[tuple[str, bytes, list[dict[str, Any]]]] = [
    ("plain", b"a,b\n1,2\n3,4\n", [good(2, 4, "1", "2"), good(3, 8, "3", "4")]),
    ("no line end at the end", b"a,b\n1,2", [good(2, 4, "1", "2")]),
    ("crlf", b"a,b\r\n1,2\r\n3,4\r\n", [good(2, 5, "1", "2"), good(3, 10, "3", "4")]),
    ("lone cr", b"a,b\r1,2\r3,4", [good(2, 4, "1", "2"), good(3, 8, "3", "4")]),
    ("all line ends", b"a\n1\r2\r\n3\n", [good(2, 2, "1"), good(3, 4, "2"), good(4, 7, "3")]),
    ("header only", b"a,b\n", []),
    ("header without line end", b"a,b", []),
    ("byte order mark", b"\xef\xbb\xbfa,b\n1,2\n", [good(2, 7, "1", "2")]),
    ("mark before a quote", b'\xef\xbb\xbf"a",b\n1,2\n', [good(2, 9, "1", "2")]),
    ("mark inside is text", b"a\n\xef\xbb\xbf1\n", [good(2, 2, "\ufeff1")]),
    (
        "blank lines are no records",
        b"\n\r\na,b\n\n1,2\n\r\n\r\n3,4\n\n",
        [good(5, 8, "1", "2"), good(8, 16, "3", "4")],
    ),
    ("a line of blanks is one", b"a\n \n\n1\n", [good(2, 2, " "), good(4, 5, "1")]),
    ("empty fields", b"a,b,c\n1,,3\n,2,\n", [good(2, 6, "1", "", "3"), good(3, 11, "", "2", "")]),
    (
        "blank",
        b"a,b,c\n,,\n1,,3\n,,",
        [blank(2, 6, b",,"), good(3, 9, "1", "", "3"), blank(4, 14, b",,")],
    ),
    ("quoted and blank", b'a,b\n"",""\n"",\n', [blank(2, 4, b'"",""'), blank(3, 10, b'"",')]),
    (
        "blanks and blank",
        "a,b\n \t,\u00a0\n1,\n".encode(),
        [blank(2, 4, b" \t,\xc2\xa0"), good(3, 10, "1", "")],
    ),
    ("shorter and blank", b"a,b,c\n,\n \n", [blank(2, 6, b","), blank(3, 8, b" ")]),
    ("longer is not blank", b"a,b\n,,\n", [bad(2, 4, fields_reason(3, 2), b",,")]),
    ("one column is never blank", b'a\n""\n  \n', [good(2, 2, ""), good(3, 5, "  ")]),
    ("a word for null is not blank", b"a,b\nNULL,\n", [good(2, 4, "NULL", "")]),
    ("a line end in quotes is not blank", b'a,b\n"\n",\n', [good(2, 4, "\n", "")]),
    ("a NUL byte is not blank", b"a,b\n\x00,\n", [bad(2, 4, NUL, b"\x00,")]),
    ("one quoted empty", b'a\n""\n', [good(2, 2, "")]),
    ("quotes and delimiters", b'a,b\n"x,y","p""q"\n', [good(2, 4, "x,y", 'p"q')]),
    ("only doubled quotes", b'a\n""""\n""""""\n', [good(2, 2, '"'), good(3, 7, '""')]),
    (
        "line ends in quotes",
        b'a,b\n"1\n2\r\n3\r4",x\n5,6\n',
        [good(2, 4, "1\n2\r\n3\r4", "x"), good(6, 17, "5", "6")],
    ),
    ("blanks are kept", b"a,b\n 1 ,\t2\n", [good(2, 4, " 1 ", "\t2")]),
    ("quoted to the end", b'a,b\n1,"2"', [good(2, 4, "1", "2")]),
    ("utf-8", "a\nžluťoučký 🐎\n".encode(), [good(2, 2, "žluťoučký 🐎")]),
    ("quoted header", b'"a","b\nc"\n1,2\n', [good(3, 10, "1", "2")]),
    ("too few", b"a,b\n1\n3,4\n", [bad(2, 4, fields_reason(1, 2), b"1"), good(3, 6, "3", "4")]),
    ("too many", b"a,b\n1,2,3\n", [bad(2, 4, fields_reason(3, 2), b"1,2,3")]),
    ("blanks before a quote", b'a,b\n1, "2"\n', [bad(2, 4, STRAY, b'1, "2"')]),
    ("stray quote", b'a,b\n1,2"3\n4,5\n', [bad(2, 4, STRAY, b'1,2"3'), good(3, 10, "4", "5")]),
    ("after a quote", b'a,b\n"1"2,3\n', [bad(2, 4, AFTER, b'"1"2,3')]),
    ("blank after a quote", b'a,b\n"1" ,3\n', [bad(2, 4, AFTER, b'"1" ,3')]),
    ("quote after a quote", b'a,b\n"1" "2",3\n', [bad(2, 4, AFTER, b'"1" "2",3')]),
    ("nul", b"a,b\n1,\x00\n", [bad(2, 4, NUL, b"1,\x00")]),
    ("latin-1", b"a,b\n1,\xe9\n2,x\n", [bad(2, 4, UTF8, b"1,\xe9"), good(3, 8, "2", "x")]),
    ("surrogate", b"a\n\xed\xa0\x80\n", [bad(2, 2, UTF8, b"\xed\xa0\x80")]),
    ("overlong", b"a\n\xc0\xaf\n", [bad(2, 2, UTF8, b"\xc0\xaf")]),
    (
        "an open quote costs its line",
        b'a,b\n1,"2\n3,4\n5,6\n',
        [bad(2, 4, OPEN, b'1,"2'), good(3, 9, "3", "4"), good(4, 13, "5", "6")],
    ),
    (
        "an open quote meets the next one",
        b'a,b\n1,"2\n3,"4"\n5,6\n',
        [bad(2, 4, AFTER, b'1,"2\n3,"4"'), good(4, 15, "5", "6")],
    ),
    ("open at the end", b'a,b\n1,2\n3,"', [good(2, 4, "1", "2"), bad(3, 8, OPEN, b'3,"')]),
    (
        "open with doubled quotes after it",
        b'a,b\n1,"2\n3,""\n4,"""5"\n6,7',
        [bad(2, 4, AFTER, b'1,"2\n3,""\n4,"""5"'), good(5, 22, "6", "7")],
    ),
    (
        "open with pairs only after it",
        b'a,b\n1,"2\n3,""\n4,5\n',
        [bad(2, 4, OPEN, b'1,"2'), good(3, 9, "3", ""), good(4, 14, "4", "5")],
    ),
    (
        "the first fault is told",
        b'a,b\n1"\x00,2,3\n1\x00\xff,2,3\n1\xff,2,3\n',
        [
            bad(2, 4, STRAY, b'1"\x00,2,3'),
            bad(3, 12, NUL, b"1\x00\xff,2,3"),
            bad(4, 20, UTF8, b"1\xff,2,3"),
        ],
    ),
]


@pytest.mark.parametrize(("content", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_written_by_hand(tmp_path: Path, content: bytes, expected: list[dict[str, Any]]) -> None:
    assert read(tmp_path, content) == expected
    if all("fields" in e or "blank" in e for e in expected):
        assert python_rows(content) == [e["fields"] for e in expected if "fields" in e]


@dataclass
class Built:
    content: bytes
    expected: list[dict[str, Any]]


PIECES = [
    "",
    "a",
    "7",
    " ",
    ",",
    '"',
    '""',
    "\n",
    "\r",
    "\r\n",
    "é",
    "漢字",
    "🐎",
    "x" * 40,
    "\t",
    ";",
]
LINE_END = re.compile(rb"\r\n|\r|\n")


def encode(fields: list[str], rng: random.Random) -> bytes:
    out = []
    for field in fields:
        special = any(c in field for c in ',"\r\n')
        if special or rng.random() < 0.3 or (field == "" and len(fields) == 1):
            out.append('"' + field.replace('"', '""') + '"')
        else:
            out.append(field)
    return ",".join(out).encode()


def spoil(fields: list[str], rng: random.Random) -> tuple[bytes, str]:
    """A record with one fault, which is always told."""
    plain = [re.sub(r'[",\r\n]', "-", f) for f in fields]
    kind = rng.choice(["more", "fewer", "stray", "after", "nul", "latin-1"])
    raw = ",".join(plain).encode()
    if kind == "more" or (kind == "fewer" and len(plain) < 2):
        return raw + b",", fields_reason(len(plain) + 1, len(plain))
    if kind == "fewer":
        raw = ",".join(["-", *plain[2:]]).encode()
        return raw, fields_reason(len(plain) - 1, len(plain))
    before = (",".join(plain[:-1]) + "," if len(plain) > 1 else "").encode()
    if kind == "stray":
        return before + b'x"' + plain[-1].encode(), STRAY
    if kind == "after":
        return before + encode([fields[-1] + ","], rng) + b"x", AFTER
    if kind == "nul":
        return before + b"x\x00y", NUL
    return before + b"caf\xe9", UTF8


def build(rng: random.Random, faults: bool) -> Built:
    width = rng.randint(1, 6)
    header = ",".join(f"c{i}" for i in range(width)).encode()
    ends = rng.choice([[b"\n"], [b"\r\n"], [b"\r"], [b"\n", b"\r\n", b"\r"]])
    mark = b"\xef\xbb\xbf" if rng.random() < 0.3 else b""
    content = mark + header + ends[0]
    line = 2
    expected = []
    for _ in range(rng.randint(0, 60)):
        fields = ["".join(rng.choices(PIECES, k=rng.randint(0, 5))) for _ in range(width)]
        if faults and rng.random() < 0.2:
            raw, reason = spoil(fields, rng)
            expected.append(bad(line, len(content), reason, raw))
        else:
            raw = encode(fields, rng)
            expected.append(faultless(line, len(content), raw, fields))
        end = rng.choice(ends)
        blank_lines = rng.choice([0, 0, 0, 1, 2])
        content += raw + end * (1 + blank_lines)
        line += len(LINE_END.findall(raw)) + 1 + blank_lines
        if raw == b"":
            expected.pop()
    return Built(content, expected)


@pytest.mark.parametrize("seed", range(60))
def test_generated(tmp_path: Path, seed: int) -> None:
    built = build(random.Random(seed), faults=False)
    assert read(tmp_path, built.content) == built.expected
    assert python_rows(built.content) == [e["fields"] for e in built.expected if "fields" in e]


@pytest.mark.parametrize("seed", range(60))
def test_generated_with_faults(tmp_path: Path, seed: int) -> None:
    built = build(random.Random(1000 + seed), faults=True)
    assert read(tmp_path, built.content) == built.expected


def test_buffer_ends_anywhere(tmp_path: Path) -> None:
    """Every byte of a record with everything in it comes to stand at the end of the reader's buffer."""
    record = b'"p""q\r\nr",s\r\n'
    tail = b"1,2\r\n"
    for shift in range(len(record) + 2):
        head = b"a,b\r\n"
        pad = CHUNK - len(head) - len(b",x\r\n") - shift
        content = head + b"w" * pad + b",x\r\n" + record + tail
        at = len(content) - len(record) - len(tail)
        assert read(tmp_path, content) == [
            good(2, 5, "w" * pad, "x"),
            good(3, at, 'p"q\r\nr', "s"),
            good(5, at + len(record), "1", "2"),
        ]


def test_longest_record(tmp_path: Path) -> None:
    wide = b"w" * (RECORD_MAX - 2)
    for end in (b"\n", b"\r\n"):
        content = b"a,b\n" + wide + b",1" + end
        expected = [good(2, 4, wide.decode(), "1")]
        assert read(tmp_path, content) == expected
        expected.append(good(3, len(content), "2", "3"))
        assert read(tmp_path, content + b"2,3") == expected


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_too_long(tmp_path: Path, quote: bytes) -> None:
    for more in (0, 1, CHUNK, CHUNK + 1, 3 * CHUNK):
        raw = quote + b"w" * (RECORD_MAX - 1 + more) + quote + b",1"
        rest = b"\r\n2,3\r\n"
        assert read(tmp_path, b"a,b\n" + raw + rest) == [
            bad(2, 4, LONG, raw, shown=4096),
            good(3, 4 + len(raw) + 2, "2", "3"),
        ]


def test_quote_open_for_too_long(tmp_path: Path) -> None:
    """The lines behind the stray quote are read, and none of them twice."""
    line = b"y" * 99_998 + b",z\n"
    n = RECORD_MAX // len(line) + 5
    content = b"a,b\n" + b'"' + line * n + b"1,2\n"
    found = read(tmp_path, content)
    assert found[0] == bad(2, 4, OPEN, b'"' + line[:-1])
    assert [r["line"] for r in found] == list(range(2, n + 3))
    assert found[-1] == good(n + 2, len(content) - 4, "1", "2")


@pytest.mark.parametrize("seed", range(100))
def test_no_byte_is_lost(tmp_path: Path, seed: int) -> None:
    """Of any bytes whatever, what lies between the records is line ends alone, and lines are counted right."""
    rng = random.Random(seed)
    alphabet = [
        b"a",
        b",",
        b'"',
        b'"',
        b'""',
        b"\n",
        b"\r",
        b"\r\n",
        b"\x00",
        b"\xff",
        b"\xc3\xa9",
        b" ",
    ]
    header = b"a,b\n"
    content = header + b"".join(rng.choices(alphabet, k=rng.randint(0, 400)))
    at = len(header)
    for record in read_sized(tmp_path, content):
        assert content[at : record["offset"]].strip(b"\r\n") == b""
        assert record["line"] == len(LINE_END.findall(content[: record["offset"]])) + 1
        at = record["offset"] + record["size"]
        raw = content[record["offset"] : at]
        if "fields" in record:
            assert raw.count(b'"') % 2 == 0
            assert (
                next(csv.reader(io.StringIO(raw.decode(), newline=""), strict=True))
                == record["fields"]
            )
        else:
            assert hashlib.blake2b(raw, digest_size=32).hexdigest() == record["hash"]
    assert content[at:].strip(b"\r\n") == b""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_marks_wherever_in_a_block(tmp_path: Path, end: str) -> None:
    """Bytes are looked at 64 at a time: each kind of field at each place of a block, whole and cut by it."""
    lines = ["a,b,c,d"]
    for n in range(200):
        x = "x" * n
        lines += [f"{x},,{n},\u00e9", f'{x},"{x}","{n},{x}",', f'"{x}""{x}",{x},"{end}{x}",""']
    content = (end.join(lines) + end).encode()
    assert [r["fields"] for r in read(tmp_path, content)] == python_rows(content)
    for n in range(1, 130):
        x = "x" * n
        rest = "y" * 130
        text = f'a,b\n{x},{rest}\n{x}"{x},{rest}\n"{x}"{x},{rest}\n{x},"{rest}\n'
        found = read(tmp_path, text.encode())
        assert found[0]["fields"] == [x, rest]
        assert [r.get("rejected") for r in found[1:]] == [STRAY, AFTER, OPEN]
