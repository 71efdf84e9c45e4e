"""The Tester's reader on packed, encoded, escaped and JSON files, against Python's gzip, codecs, csv and json; and
what it says of a file that is not as declared."""

import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import checks_probe
import ecommerce
import pytest
from make_warehouse import blake, write_artefact

Record = tuple[int, list[str]]


def declare(path: Path, columns: list[str], **how: Any) -> dict[str, Any]:
    data = path.read_bytes()
    plain = {"encoding": "utf-8", "bom": False, "delimiter": ",", "quote": '"', "header": True}
    if how.get("format", "csv") != "csv":
        plain |= {"delimiter": "", "quote": "", "header": False}
    return {
        "path": path.name,
        "table": path.name.partition(".")[0],
        "bytes": len(data),
        "hash": blake(data),
        "columns": columns,
        **plain,
        **how,
    }


def read(
    case: Path, source: Path, files: list[dict[str, Any]]
) -> dict[str, tuple[list[Record], list[tuple[int, str]]]]:
    """Per table the good records and the rejected ones with their reason."""
    write_artefact(case, "sources", {"files": files, "skipped": []})
    found: dict[str, tuple[list[Record], list[tuple[int, str]]]] = {
        f["table"]: ([], []) for f in files
    }
    for record in checks_probe.records(case, source):
        good, bad = found[record["table"]]
        if "rejected" in record:
            bad.append((record["line"], record["rejected"]))
        else:
            good.append((record["line"], record["fields"]))
    return found


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


# ---- data/ecommerce ----


def ecommerce_text(table: str) -> str:
    dialect = ecommerce.TABLES[table]["dialect"]
    data = (ecommerce.FOLDER / ecommerce.TABLES[table]["file"]).read_bytes()
    if dialect["compression"]:
        data = gzip.decompress(data)
    return data.decode(dialect["encoding"]).removeprefix("\ufeff")


def ecommerce_csv(table: str) -> list[Record]:
    """The records of the right width that no word of not_rows begins, as Python's csv reads them."""
    dialect = ecommerce.TABLES[table]["dialect"]
    lines = io.StringIO(ecommerce_text(table), newline="")
    for _ in range(dialect["preamble_lines"]):
        next(lines)
    reader = csv.reader(
        lines,
        delimiter=dialect["delimiter"],
        quotechar=dialect["quote"],
        quoting=csv.QUOTE_MINIMAL if dialect["quote"] else csv.QUOTE_NONE,
        doublequote=dialect["escape"] != "backslash",
        escapechar="\\" if dialect["escape"] == "backslash" else None,
        strict=True,
    )
    width = len(ecommerce.TABLES[table]["column_list"])
    records, begins = [], 1
    while True:
        line = dialect["preamble_lines"] + begins
        try:
            fields = next(reader)
            if len(fields) == width and not fields[0].startswith(tuple(dialect["not_rows"])):
                records.append((line, fields))
        except csv.Error:
            pass
        except StopIteration:
            break
        begins = reader.line_num + 1
    return records[dialect["header_line"] is not None :]


def as_written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def ecommerce_json(table: str) -> list[Record]:
    text = ecommerce_text(table)
    names = [c["name"] for c in ecommerce.TABLES[table]["column_list"]]
    whole = ecommerce.TABLES[table]["dialect"]["format"] == "json"
    records = []
    for line, part in enumerate(text.split("\n"), 1):
        try:
            one = json.loads(part.strip().removesuffix(","), parse_float=str, parse_int=str)
        except json.JSONDecodeError:
            continue
        if isinstance(one, dict):
            records.append((line, [as_written(one.get(name)) for name in names]))
    if whole:
        assert len(json.loads(text)) == len(records)
    return records


def test_ecommerce_is_read_as_python_reads_it(tmp_path: Path) -> None:
    found = read(tmp_path, ecommerce.FOLDER, ecommerce.sources()["files"])
    for table, truth in ecommerce.TABLES.items():
        good, bad = found[table]
        is_csv = truth["dialect"]["format"] == "csv"
        assert good == (ecommerce_csv(table) if is_csv else ecommerce_json(table)), table
        assert (len(good), len(bad)) == (truth["rows"], truth["quarantined"]), table
    assert sum(len(good) for good, _ in found.values()) == 6721


REASONS = {
    "subtotal": "a total, not a row",
    "footer": "a total, not a row",
    "short_row": "fields instead of",
    "long_row": "fields instead of",
    "stray_quote": "text follows a closing quote",
    "broken_json": "not JSON",
}


def test_every_planted_bad_record_is_rejected_on_its_line(tmp_path: Path) -> None:
    found = read(tmp_path, ecommerce.FOLDER, ecommerce.sources()["files"])
    told = {(table, line): why for table, (_, bad) in found.items() for line, why in bad}
    planted = {
        (p["table"], line): REASONS[p["kind"]]
        for p in ecommerce.TRUTH["planted"]
        if p["kind"] in REASONS
        for line in p["lines"]
    }
    assert len(planted) == 21
    assert told.keys() == planted.keys()
    assert [place for place, why in told.items() if planted[place] not in why] == []


# ---- generated files ----


def test_packed_and_encoded_files_equal_pythons(tmp_path: Path, source: Path) -> None:
    rng = random.Random(11)
    files, expected = [], {}
    for n, (encoding, mark) in enumerate(
        (e, m)
        for e in ("utf-8", "utf-16le", "utf-16be", "windows-1252", "shift_jis", "koi8-r")
        for m in (False, True)
        if not m or e.startswith("utf")
    ):
        letters = {"windows-1252": "aé€Žß", "shift_jis": "a漢字ア", "koi8-r": "aЖя"}.get(
            encoding, "aé漢\U0001f600"
        )
        cell = [letters, "x", *letters, '"', ",", "\r\n", " "]
        rows = [
            ["".join(rng.choice(cell) for _ in range(rng.randrange(6))) + "." for _ in range(3)]
            for _ in range(200)
        ]
        out = io.StringIO(newline="")
        out.write("report\r\n\r\n" if n % 2 else "")
        csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(
            [list("abc"), *rows]
        )
        data = (("\ufeff" if mark else "") + out.getvalue()).encode(encoding)
        half = len(data) // 2 + 1
        packed = gzip.compress(data[:half]) + gzip.compress(data[half:]) + b"\0" * (n % 3)
        path = source / f"t{n}.csv"
        path.write_bytes(packed if n % 3 else data)
        how: dict[str, Any] = {"encoding": encoding, "bom": mark}
        how |= {"compression": "gzip"} if n % 3 else {}
        how |= {"preamble_lines": 2} if n % 2 else {}
        files.append(declare(path, list("abc"), **how))
        expected[path.stem] = rows
    found = read(tmp_path, source, files)
    for table, rows in expected.items():
        good, bad = found[table]
        assert ([fields for _, fields in good], bad) == (rows, []), table


def random_json(rng: random.Random, depth: int) -> Any:
    kind = rng.randrange(7 if depth < 3 else 5)
    if kind == 5:
        return [random_json(rng, depth + 1) for _ in range(rng.randrange(3))]
    if kind == 6:
        return {f"k{i}": random_json(rng, depth + 1) for i in range(rng.randrange(3))}
    text = "".join(rng.choice('aé漢\U0001f600"\\/\n\t ,:{}[]') for _ in range(rng.randrange(6)))
    return [None, rng.random() < 0.5, rng.randrange(-(10**20), 10**20), rng.random(), text][kind]


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_json_equals_pythons(tmp_path: Path, source: Path, form: str) -> None:
    rng = random.Random(form)
    files, expected = [], {}
    for n in range(40):
        rows = [
            {f"c{i}": random_json(rng, 0) for i in range(5) if rng.random() < 0.7}
            for _ in range(1 + rng.randrange(20))
        ]
        rows[0].setdefault("c0", 0)  # sources need a column
        columns = list(dict.fromkeys(key for row in rows for key in row))
        ascii_too = rng.random() < 0.5
        texts = [json.dumps(row, ensure_ascii=ascii_too) for row in rows]
        blank = ["", "  "] if form == "jsonl" else []
        if form == "jsonl":
            end = rng.choice(["\n", "\r\n"])
            text = end.join(part for t in texts for part in (t, *blank))
        else:
            text = " [" + rng.choice([",", ",\n", " ,\r\n "]).join(texts) + "]\n"
        path = source / f"t{n}.{form}"
        path.write_bytes(text.encode())
        files.append(declare(path, columns, format=form))
        fields = [["" if row.get(c) is None else row[c] for c in columns] for row in rows]
        expected[path.stem] = [
            [v if isinstance(v, str) else json.dumps(v, ensure_ascii=ascii_too) for v in f]
            for f in fields
        ]
    found = read(tmp_path, source, files)
    assert sum(map(len, expected.values())) > 200
    for table, records in expected.items():
        good, bad = found[table]
        assert ([fields for _, fields in good], bad) == (records, []), table


DEEP = '{"a":' + "[" * 63 + "]" * 63 + "}"  # 64 with the object itself


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a":1,"a":2}', "a key twice"),
        ('{"a":1,"\\u0061":2}', "a key twice"),
        ("[1]", "not a JSON object"),
        ("7", "not a JSON object"),
        ('{"a":"\\u0000"}', "a text with U+0000"),
        ('{"a":"\\ud83d"}', "half a surrogate pair"),
        ('{"a":"\\ud83dx"}', "half a surrogate pair"),
        ('{"a":' + "[" * 64 + "]" * 64 + "}", "deeper than 64"),
        ('{"a":01}', "not JSON"),
        ('{"a":1.}', "not JSON"),
        ('{"a":NaN}', "not JSON"),
        ('{"a":1} x', "not JSON"),
        ('{"a":1,}', "not JSON"),
        ('{"a":"\t"}', "not JSON"),
        ('{"a":"x', "not JSON"),
        ("{'a':1}", "not JSON"),
        ('{"a":"\udcff"}', "not UTF-8"),
        ('{"a":"\0"}', "a NUL byte"),
    ],
)
def test_json_lines_that_are_no_records(
    tmp_path: Path, source: Path, line: str, reason: str
) -> None:
    path = source / "t.jsonl"
    text = f'{{"a":1}}\n{line}\n{DEEP}\n{{"a":3}}'
    path.write_bytes(text.encode(errors="surrogateescape"))
    good, bad = read(tmp_path, source, [declare(path, ["a"], format="jsonl")])["t"]
    assert good == [(1, ["1"]), (3, ["[" * 63 + "]" * 63]), (4, ["3"])]
    assert bad == [(2, reason)]


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ('[{"a":1},\n2,\n{"a":3}]', [(1, ["1"]), (3, ["3"])], [(2, "not a JSON object")]),
        ('[{"a":1},{"a":2}]', [(1, ["1"]), (1, ["2"])], []),
        ('[{"a":1},\n{"a":}, {"a":3}]', [(1, ["1"])], [(2, "the JSON array is broken here")]),
        ('[{"a":1}\n{"a":2}]', [(1, ["1"])], [(2, "the JSON array is broken here")]),
        ('[{"a":1}]\nx\n', [(1, ["1"])], [(2, "the JSON array is broken here")]),
        ('[{"a":1},\n', [(1, ["1"])], [(2, "the JSON array is broken here")]),
        (
            '[{"a":' + "[" * 70 + '"]",\n' + "0" + "]" * 70 + '},{"a":2}]',
            [(2, ["2"])],
            [(1, "deeper than 64")],
        ),
    ],
)
def test_json_arrays_that_are_broken(
    tmp_path: Path, source: Path, text: str, good: list[Record], bad: list[tuple[int, str]]
) -> None:
    path = source / "t.json"
    path.write_text(text)
    found = read(tmp_path, source, [declare(path, ["a"], format="json")])["t"]
    assert found == (good, bad)


@pytest.mark.parametrize(
    ("data", "how", "good", "bad"),
    [
        # half a surrogate pair and an odd last byte spoil their record alone
        (
            "a\nx\n".encode("utf-16le") + b"\x3d\xd8\n\0y\0\n\0z",
            {"encoding": "utf-16le"},
            [(2, ["x"]), (4, ["y"])],
            [(3, "not utf-16le"), (5, "not utf-16le")],
        ),
        # 81 is no letter of windows-1252
        (
            b"a\nx\xe9\n\x81\ny",
            {"encoding": "windows-1252"},
            [(2, ["xé"]), (4, ["y"])],
            [(3, "not windows-1252")],
        ),
        # behind a backslash each character stands for itself; outside quotes a backslash is data
        (
            rb"a,b" b"\n" rb'"1\",\\\n,",\N' b"\n" rb'"2""",x' b"\n",
            {"escape": "backslash"},
            [(2, [r'1",\n,', r"\N"])],
            [(3, "text follows a closing quote")],
        ),
        (
            b"Totals,1\nTotal,2\n Total: all,3\nTotal",
            {"header": False, "not_rows": ["Total"]},
            [(1, ["Totals", "1"])],
            [
                (2, "a total, not a row"),
                (3, "a total, not a row"),
                (4, "1 fields instead of 2"),
            ],
        ),
        (b" A ,a,,\xc2\xa0B\n1,2,3,4", {}, [(2, ["1", "2", "3", "4"])], []),
    ],
)
def test_parts_of_a_dialect(
    tmp_path: Path,
    source: Path,
    data: bytes,
    how: dict[str, Any],
    good: list[Record],
    bad: list[tuple[int, str]],
) -> None:
    columns = {
        1: ["a"],
        2: ["column_1", "column_2"] if "header" in how else ["a", "b"],
        4: ["A", "a_2", "column_3", "B"],
    }[len(good[0][1])]
    path = source / "t.csv"
    path.write_bytes(data)
    assert read(tmp_path, source, [declare(path, columns, **how)])["t"] == (good, bad)


@pytest.mark.parametrize(
    ("data", "good", "bad"),
    [
        (b"1\0x\0\n", [], [1]),  # no whole units
        (b"1\0x\0\n2\n34567\n", [(2, ["2"]), (3, ["34567"])], [1]),  # few of them
        (b"1\0x\0\n2\0x\0\n", [], [1, 2]),  # on both sides
    ],
)
def test_nul_and_ascii_by_turns_are_not_always_utf16(
    tmp_path: Path, source: Path, data: bytes, good: list[Record], bad: list[int]
) -> None:
    path = source / "t.csv"
    path.write_bytes(data)
    found = read(tmp_path, source, [declare(path, ["column_1"], header=False)])["t"]
    assert found == (good, [(line, "a NUL byte") for line in bad])


# ---- what is not as declared ----

Told = list[str]


@pytest.mark.parametrize(
    ("data", "how", "told"),
    [
        (gzip.compress(b"a\n1\n", mtime=0), {}, ["is gzip", "declares no compression"]),
        (b"a\n1\n", {"compression": "gzip"}, ["no gzip", "declares gzip"]),
        (gzip.compress(b"a\n1\n" * 99, mtime=0)[:-9], {"compression": "gzip"}, ["gzip", "line "]),
        (gzip.compress(b"a\n1\n", mtime=0) + b"more", {"compression": "gzip"}, ["no gzip follow"]),
        ("a\n1\n".encode("utf-16"), {}, ["line 1 is UTF-16", '"utf-8"']),
        ("a\n1\n".encode("utf-16le"), {}, ["line 1 is UTF-16", '"utf-8"']),
        (
            "\ufeffa\n1\n".encode("utf-16be"),
            {"encoding": "utf-16le", "bom": True},
            ["line 1", "mark"],
        ),
        ("\ufeffa\n1\n".encode("utf-16le"), {"encoding": "utf-16le"}, ["line 1", "mark"]),
        ("\ufeffa\n1\n".encode(), {}, ["line 1", "byte order mark"]),
        ("a\n1\né\n".encode(), {"encoding": "windows-1252"}, ["UTF-8", "line 3", "windows-1252"]),
        (b"a\n1\n", {"encoding": "ebcdic-xx"}, ["ebcdic-xx"]),
        (b"a\n1\n", {"encoding": "ascii//TRANSLIT"}, ["ascii//TRANSLIT"]),
        (b"\xe9,b\n1,2\n", {}, ["line 1", "not UTF-8"]),
        (b"title\na\n1\n", {}, ["line 1", '"title"', '"a"']),
        (b"title\n\na\n1\n", {"preamble_lines": 1, "columns": ["b"]}, ["line 3", '"a"', '"b"']),
        (b"one\ntwo", {"preamble_lines": 3}, ["line 2", "3 lines of preamble"]),
        (b"a;b\n1;2\n", {"columns": ["a", "b"]}, ["line 1", "2 declared columns"]),
        (b"1\n", {"header": False}, ["column_1", '"a"']),
        (b'{"a":1}', {"format": "json"}, ["line 1 begins no JSON array"]),
        (b'{"a":1}\n{"b":1}', {"format": "jsonl"}, ["line 2", '"b"', "nothing as column 2"]),
        (b'{"b":1}', {"format": "jsonl"}, ["line 1", '"b"', '"a" as column 1']),
        (b'{"a":1}', {"format": "jsonl", "columns": ["a", "c"]}, ["no record", '"c"']),
    ],
)
def test_a_file_that_is_not_as_declared(
    tmp_path: Path, source: Path, data: bytes, how: dict[str, Any], told: Told
) -> None:
    path = source / "t.txt"
    path.write_bytes(data)
    columns = how.get("columns", ["a"])
    rest = {k: v for k, v in how.items() if k != "columns"}
    with pytest.raises(checks_probe.ProbeError) as error:
        read(tmp_path, source, [declare(path, columns, **rest)])
    assert error.value.code == "INVALID"
    assert [part for part in ['"t.txt"', *told] if part not in str(error.value)] == []


def zeros(n: int) -> bytes:
    return gzip.compress(b"\0" * n, 1)


LIMITS: dict[str, tuple[Callable[[], bytes], dict[str, Any], str]] = {
    "unpacked": (lambda: zeros((1 << 30) + 1), {"compression": "gzip"}, "LIMIT"),
    "fields": (
        lambda: b'{"a":1}\n' * (1 << 16),
        {"format": "jsonl", "columns": [f"c{i}" for i in range(5000)]},
        "LIMIT",
    ),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_limits(tmp_path: Path, source: Path, limit: str) -> None:
    make, how, code = LIMITS[limit]
    path = source / "t.txt"
    path.write_bytes(make())
    columns = how.get("columns", ["a"])
    rest = {k: v for k, v in how.items() if k != "columns"}
    with pytest.raises(checks_probe.ProbeError) as error:
        read(tmp_path, source, [declare(path, columns, **rest)])
    assert error.value.code == code


def test_a_record_of_16_mb_is_good_and_one_more_byte_is_not(tmp_path: Path, source: Path) -> None:
    path = source / "t.jsonl"
    longest = '{"a":"' + "x" * ((16 << 20) - 8) + '"}'
    path.write_text(f'{longest}\n{longest} \n{{"a":1}}\n')
    good, bad = read(tmp_path, source, [declare(path, ["a"], format="jsonl")])["t"]
    assert [line for line, _ in good] == [1, 3]
    assert bad == [(2, "longer than 16 MB")]
