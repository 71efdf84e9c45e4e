"""The Tester's reader against Python's csv module over generated files."""

import csv
import io
import random
from pathlib import Path

import checks_probe
import pytest
from make_warehouse import source_file, write_artefact

PIECES = [
    '"',
    ",",
    ";",
    "\n",
    "\r\n",
    "\r",
    " ",
    "a",
    "Zoë",
    "1",
    "''",
    "\t",
    "\u2028",
    "漢",
    "x" * 40,
]


BLANK = "blank, not a row"
BLANKS = " \t\u00a0\u2007\u202f"


def is_blank(fields: list[str]) -> bool:
    """Nothing but blanks in several columns is no row."""
    return len(fields) > 1 and not any(field.strip(BLANKS) for field in fields)


def text_of(rng: random.Random) -> str:
    return "".join(rng.choice(PIECES) for _ in range(rng.randrange(5)))


def write_corpus(path: Path, seed: int, delimiter: str) -> list[tuple[int, list[str]]]:
    """A valid file; returns (first physical line, fields) as Python's csv reads them."""
    rng = random.Random(seed)
    columns = rng.randrange(2, 6)
    out = io.StringIO(newline="")
    minimal = rng.random() < 0.4
    # Python's writer leaves a CR unquoted unless it is part of the line end.
    end = "\r\n" if minimal else rng.choice(["\n", "\r\n", "\r"])
    writer = csv.writer(
        out,
        delimiter=delimiter,
        lineterminator=end,
        quoting=csv.QUOTE_MINIMAL if minimal else csv.QUOTE_ALL,
    )
    writer.writerow([f"c{i}" for i in range(columns)])
    for _ in range(rng.randrange(60)):
        if rng.random() < 0.1:
            out.write(end)
        writer.writerow([text_of(rng) for _ in range(columns)])
    text = out.getvalue()
    if rng.random() < 0.3:
        text = text[: -len(end)]
    bom = "\ufeff" if rng.random() < 0.3 else ""
    path.write_bytes((bom + text).encode())

    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    next(reader)
    expected, line = [], reader.line_num + 1
    for fields in reader:
        if fields:
            expected.append((line, fields))
        line = reader.line_num + 1
    return expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_records_equal_pythons(tmp_path: Path, delimiter: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    expected = {
        f"t{seed:03}": write_corpus(source / f"t{seed:03}.csv", seed, delimiter)
        for seed in range(150)
    }
    files = [source_file(path, delimiter) for path in sorted(source.glob("*.csv"))]
    write_artefact(tmp_path, "sources", {"files": files, "skipped": []})
    found: dict[str, list[tuple[int, list[str]]]] = {table: [] for table in expected}
    blank: dict[str, list[int]] = {table: [] for table in expected}
    for record in checks_probe.records(tmp_path, source):
        if "rejected" in record:
            assert record["rejected"] == BLANK, record
            blank[record["table"]].append(record["line"])
        else:
            found[record["table"]].append((record["line"], record["fields"]))
    assert sum(map(len, expected.values())) > 2000
    assert sum(map(len, blank.values())) > 50
    for table, records in expected.items():
        assert found[table] == [r for r in records if not is_blank(r[1])], table
        assert blank[table] == [line for line, fields in records if is_blank(fields)], table


def test_blank_records(tmp_path: Path) -> None:
    """Wherever they stand, quoted or not; but not in one column, and not with a field too many."""
    source = tmp_path / "source"
    source.mkdir()
    wide = 'a,b,c\n,,\n1,,\n"","",""\n \t,\u00a0,\n,\n \n,,,\n\n"\n",,\nNULL,,\n,,'
    (source / "wide.csv").write_bytes(wide.encode())
    (source / "one.csv").write_bytes(b'a\n""\n  \n')
    files = [source_file(path) for path in sorted(source.glob("*.csv"))]
    write_artefact(tmp_path, "sources", {"files": files, "skipped": []})
    said = {
        (r["table"], r["line"]): r.get("rejected", "row")
        for r in checks_probe.records(tmp_path, source)
    }
    lines = {2: BLANK, 3: "row", 4: BLANK, 5: BLANK, 6: BLANK, 7: BLANK, 10: "row"}
    lines |= {8: "4 fields instead of 3", 12: "row", 13: BLANK}
    assert said == {("wide", at): word for at, word in lines.items()} | {
        ("one", 2): "row",
        ("one", 3): "row",
    }


def test_any_bytes_end_in_records_and_rejects(tmp_path: Path) -> None:
    """Mangled files: nothing crashes, and every byte outside line ends is in one record."""
    source = tmp_path / "source"
    source.mkdir()
    rng = random.Random(7)
    for seed in range(120):
        path = source / f"t{seed:03}.csv"
        write_corpus(path, seed, ",")
        data = bytearray(path.read_bytes())
        first = next((i for i, byte in enumerate(data) if byte in b"\r\n"), None)
        if first is None:
            data += b"\n"
            first = len(data) - 1
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(first + 1, len(data) + 1)
            data[at:at] = bytes([rng.choice([0, 0xFF, 0xC3, 0x22, 0x2C, 0x0A, 0x0D, 0x61])])
        path.write_bytes(bytes(data))
    files = [source_file(path) for path in sorted(source.glob("*.csv"))]
    write_artefact(tmp_path, "sources", {"files": files, "skipped": []})
    rejected = 0
    taken: dict[str, int] = {}
    for record in checks_probe.records(tmp_path, source):
        rejected += "rejected" in record
        size = record.get("raw_bytes", len(record.get("raw", "").encode()))
        taken[record["table"]] = taken.get(record["table"], 0) + size
    assert rejected > 50
    for file in files:
        data = (source / file["path"]).read_bytes()
        body = data[next(i for i, byte in enumerate(data) if byte in b"\r\n") :]
        between = sum(byte in b"\r\n" for byte in body)
        assert len(body) - between <= taken.get(file["table"], 0) <= len(body)
