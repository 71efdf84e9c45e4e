"""A small source folder and a mapping that use everything a pipeline may meet: names and texts that Python, SQL, Markdown
or Spark would read as something else, records that do not fit, keys that are missing or there twice.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

EVENTS = "events [2024] 'naïve' {a}.csv"
THINGS = "things.csv"
WIDE = 60
LONG = "a_very_long_column_name_" * 12  # 288 characters: more than a name may have

EVENT_COLUMNS = [
    "id",
    'he said "hi"',
    "größe",
    "select",
    "_source_file",
    "a.b",
    "back`tick",
    "line\nbreak",
    "無",
    "No. ${x} {{y}} | <b>*",
    LONG,
    "amount",
    "when",
    "paid on",
    "Paid-On",
    "flag",
    "at",
    "ratio",
]
THING_COLUMNS = ["code", "part", "name", *[f"c{i}" for i in range(WIDE)]]

# The same in every cell of a row unless the row says something else.
EVENT_DEFAULT = {
    'he said "hi"': 'say ""hi""',
    "größe": " 12 ",
    "select": "A1",
    "_source_file": "none",
    "a.b": "x",
    "back`tick": "\t`b`\t",
    "line\nbreak": "one\r\ntwo",
    "無": "有",
    "No. ${x} {{y}} | <b>*": "${y}",
    LONG: "long",
    "amount": "10.005",
    "when": "31.12.2019",
    "paid on": "2020-02-29",
    "Paid-On": "2020-03-01",
    "flag": "yes",
    "at": "2020-02-29T23:59:59.123456+02:00",
    "ratio": "1e-3",
}
EVENT_ROWS: list[dict[str, str]] = [
    {"id": "1"},
    {"id": "2", "select": "a1", "größe": "", "amount": "-0.005", "無": "\u00a0"},
    {"id": "3", "select": "", "when": "31/12/2019", "amount": "1,50", "flag": "on"},
    {"id": "4", "select": "ZZ", "when": "", "paid on": "2020-02-30", "Paid-On": "\u2013"},
    {"id": "5", "a.b": "NULL", "back`tick": "\\N", "amount": "99999999999", "ratio": "1e400"},
    {"id": "1", "a.b": "again"},
    {"id": "x", "a.b": "no key"},
    {
        "id": " 007 ",
        "line\nbreak": "a\nb\n",
        "amount": "+1",
        "flag": "F",
        "ratio": "-.5",
        "at": "2020-01-01 00:00:00Z",
    },
    {
        "id": "8",
        "a.b": "emoji 😀",
        "größe": "'\"\\",
        "無": "|",
        'he said "hi"': "",
        "when": "1.1.2019",
    },
    {"id": "9", "amount": "0", "paid on": "", "when": "01.02.2021", "at": "nonsense"},
    {"id": "10", "größe": "1"},
    {"id": "11", "größe": " 3\t", "select": "C3"},
]
THING_ROWS = [
    ["A1", "1", "first |"],
    ["A1", "2", 'second \\ "'],
    ["a1", "01", "lower ''' '"],
    ["B2", "", "no part"],
    ["C3", "3", "N/A"],
    [" D4 ", " 4 ", "D\\4|x"],
]


def csv_field(text: str, quoted: bool) -> str:
    return (
        '"' + text.replace('"', '""') + '"' if quoted or any(c in text for c in '",\r\n') else text
    )


def csv_line(fields: list[str], end: str) -> str:
    """Every other field is in quotes; an empty one is never, so that both kinds of empty occur."""
    return ",".join(csv_field(f, i % 2 == 1) for i, f in enumerate(fields)) + end


def write_sources(folder: Path) -> None:
    """events: CR LF, blank lines, malformed records; things: LF, a byte order mark, no line end at the end."""
    lines = [csv_line(EVENT_COLUMNS, "\r\n").encode()]
    for number, row in enumerate(EVENT_ROWS):
        cells = {**EVENT_DEFAULT, **row}
        lines.append(csv_line([cells[c] for c in EVENT_COLUMNS], "\r\n").encode())
        if number == 2:
            lines += [b"\r\n", b'too,"short\r\nrecord"\r\n', b"," * (len(EVENT_COLUMNS)) + b"\r\n"]
        if number == 4:
            cells["id"] = "20"
            line = csv_line([cells[c] for c in EVENT_COLUMNS], "\r\n").encode()
            lines += [line.replace(b"20,", b"2\xff0,", 1), line.replace(b"20,", b"2\x000,", 1)]
    (folder / EVENTS).write_bytes(b"".join(lines))
    rows = [[*row, *[f"{row[0]}{i}" for i in range(WIDE)]] for row in THING_ROWS]
    text = "".join(csv_line(row, "\n") for row in [THING_COLUMNS, *rows])
    (folder / THINGS).write_bytes(b"\xef\xbb\xbf" + text.rstrip("\n").encode())


def source(folder: Path, path: str, table: str, columns: list[str]) -> dict[str, Any]:
    data = (folder / path).read_bytes()
    return {
        "path": path,
        "table": table,
        "bytes": len(data),
        "hash": hashlib.blake2b(data, digest_size=32).hexdigest(),
        "encoding": "utf-8",
        "bom": data.startswith(b"\xef\xbb\xbf"),
        "delimiter": ",",
        "quote": '"',
        "header": True,
        "columns": columns,
    }


# ---- rules ----


def col(name: str, of: str | None = None) -> dict[str, Any]:
    return {"col": name} if of is None else {"col": name, "of": of}


def fn(name: str, *args: Any, **members: Any) -> dict[str, Any]:
    return {"fn": name, "args": list(args), **members}


TOKENS = ["", "NULL", "\\N", "\u2013", "\u200b", "'\"", '"""', "${x}"]


def clean(name: str, of: str | None = None, tokens: list[str] | None = None) -> dict[str, Any]:
    return fn("null_if", fn("trim", col(name, of), chars=" \t"), tokens=tokens or [""])


def cast(tree: Any, type: str) -> dict[str, Any]:
    return fn("cast", tree, type=type)


def date(tree: Any, *formats: str) -> dict[str, Any]:
    return fn("parse_date", tree, formats=list(formats))


def thing(of: str | None = None, code: str = "select", part: str = "größe") -> dict[str, Any]:
    parts = [clean(code, of), cast(clean(part, of), "int64")]
    return fn(
        "lookup", *parts, dimension="dim_thing", key=fn("surrogate_key", *parts, table="dim_thing")
    )


def thing_again(joined: str) -> dict[str, Any]:
    """The key of the thing that has the name of an event's thing: over two hops, of two columns and of one."""
    first = {"from": [clean("select"), clean("größe")], "to": col("code", joined)}
    second = {"from": [clean("name", joined, ["", "N/A"])], "to": clean("part", "2nd")}
    return {**thing("2nd", "code", "part"), "over": [first, second]}


def day(tree: Any) -> dict[str, Any]:
    return fn("lookup", tree, dimension="dim_date", key=fn("date_key", tree))


PROSE = 'it\'s """ a \\ rule: ${x} `b` | <i> {{z}} \u2013 無 # noqa\u2028\n'


def column(target: str, type: str, role: str, rule: Any, **more: Any) -> dict[str, Any]:
    nullable = more.pop("nullable", True)
    return {
        "target": target,
        "type": type,
        "role": role,
        "nullable": nullable,
        "sources": [],
        "rule": rule,
        "prose": PROSE,
        **more,
    }


RESERVED = [
    {"key": -1, "label": 'it\'s "un\\known" \u2013'},
    {"key": -2, "label": "Not applicable"},
]
LINEAGE = [
    column("_source_file", "text", "lineage", fn("source_file")),
    column("_source_line", "int64", "lineage", fn("source_line")),
]


def dim_thing() -> dict[str, Any]:
    keys = [clean("code"), cast(clean("part"), "int64")]
    rest = [
        column(f"c{i}", "text", "attribute", clean(f"c{i}", tokens=TOKENS)) for i in range(WIDE)
    ]
    return {
        "name": "dim_thing",
        "kind": "dimension",
        "source": "things",
        "calendar": [],
        "joins": [],
        "grain_columns": ["order", "from"],
        "reserved": RESERVED,
        "columns": [
            column(
                "class",
                "int64",
                "surrogate_key",
                fn("surrogate_key", *keys, table="dim_thing"),
                nullable=False,
            ),
            column("order", "text", "business_key", keys[0]),
            column("from", "int64", "business_key", keys[1]),
            column("select", "text", "attribute", clean("name", tokens=["", "N/A"])),
            *rest,
            *LINEAGE,
        ],
    }


def dim_date() -> dict[str, Any]:
    today = fn("calendar_day")
    return {
        "name": "dim_date",
        "kind": "date",
        "calendar": [{"table": "events", "column": c} for c in ("paid on", "when")],
        "joins": [],
        "grain_columns": ["date"],
        "reserved": RESERVED,
        "columns": [
            column("date_key", "int64", "surrogate_key", fn("date_key", today), nullable=False),
            column("date", "date", "business_key", today),
            column("iso_week", "int64", "attribute", fn("date_part", today, part="iso_week")),
            column("iso_weekday", "int64", "attribute", fn("date_part", today, part="iso_weekday")),
            column("quarter", "int64", "attribute", fn("date_part", today, part="quarter")),
        ],
    }


def fact_event() -> dict[str, Any]:
    when = date(clean("when"), "dd.MM.yyyy", "dd/MM/yyyy")
    paid = date(clean("paid on"), "yyyy-MM-dd")
    joined = 'a "thing" of 無'
    text = {"lit": 'it\'s \\ "quoted" ${x} 無', "type": "text"}
    return {
        "name": "fact_event",
        "kind": "fact",
        "source": "events",
        "calendar": [],
        "joins": [
            {
                "alias": joined,
                "table": "things",
                "from": "events",
                "from_columns": ["select", "größe"],
                "to_columns": ["code", "part"],
            },
            {
                "alias": "2nd",
                "table": "things",
                "from": joined,
                "from_columns": ["name"],
                "to_columns": ["name"],
            },
        ],
        "grain_columns": ["id"],
        "reserved": [],
        "columns": [
            column("id", "int64", "business_key", cast(clean("id"), "int64"), nullable=False),
            column(
                "thing_key",
                "int64",
                "dimension_key",
                thing(),
                dimension="dim_thing",
                nullable=False,
            ),
            column(
                "table", "int64", "dimension_key", day(when), dimension="dim_date", nullable=False
            ),
            column(
                "paid_key",
                "int64",
                "dimension_key",
                day(paid),
                dimension="dim_date",
                nullable=False,
            ),
            column(
                "paid_again_key",
                "int64",
                "dimension_key",
                day(paid),
                dimension="dim_date",
                nullable=False,
            ),
            column(
                "two_key",
                "int64",
                "dimension_key",
                thing("events"),
                dimension="dim_thing",
                nullable=False,
            ),
            column(
                "again_key",
                "int64",
                "dimension_key",
                thing_again(joined),
                dimension="dim_thing",
                nullable=False,
            ),
            column("size", "int64", "degenerate", cast(clean("größe"), "int64")),
            column("said", "text", "degenerate", clean('he said "hi"', tokens=TOKENS)),
            column("raw_select", "text", "degenerate", col("select")),
            column("file", "text", "degenerate", clean("_source_file")),
            column("ab", "text", "degenerate", fn("coalesce", clean("a.b", tokens=TOKENS), text)),
            column("tick", "text", "degenerate", clean("back`tick", tokens=TOKENS)),
            column("line", "text", "degenerate", clean("line\nbreak")),
            column("trimmed", "text", "degenerate", fn("trim", col("無"), chars="\u00a0\u3000 有")),
            column("dollar", "text", "degenerate", clean("No. ${x} {{y}} | <b>*", tokens=TOKENS)),
            column("long", "text", "degenerate", fn("coalesce", clean(LONG), clean("a.b"))),
            column("amount", "decimal(10,2)", "measure", cast(clean("amount"), "decimal(10,2)")),
            column("exact", "decimal(38,10)", "measure", cast(clean("amount"), "decimal(38,10)")),
            column("paid_on", "date", "degenerate", paid),
            column(
                "again_on",
                "date",
                "degenerate",
                date(clean("Paid-On", tokens=TOKENS), "yyyy-MM-dd"),
            ),
            column("flag", "bool", "degenerate", cast(clean("flag"), "bool")),
            column("at", "timestamp", "degenerate", cast(clean("at"), "timestamp")),
            column("ratio", "double", "measure", cast(clean("ratio"), "double")),
            column("thing_name", "text", "degenerate", clean("name", joined)),
            column("other_name", "text", "degenerate", clean("name", "2nd")),
            column("fixed", "text", "degenerate", text),
            column("none", "decimal(5,1)", "measure", {"lit": None, "type": "decimal(5,1)"}),
            column("day_of_year", "int64", "degenerate", fn("date_part", when, part="day_of_year")),
            *LINEAGE,
        ],
    }


def fact_line() -> dict[str, Any]:
    """Without a key: file and line are the grain; every column is in it."""
    return {
        "name": "fact_line",
        "kind": "fact",
        "source": "events",
        "calendar": [],
        "joins": [],
        "grain_columns": ["_source_file", "_source_line"],
        "reserved": [],
        "columns": LINEAGE,
    }


def sttm() -> dict[str, Any]:
    return {
        "artefact": "sttm",
        "head": {"version": 1, "inputs": []},
        "tables": [dim_thing(), dim_date(), fact_event(), fact_line()],
    }


def write_artefacts(
    source_folder: Path, folder: Path, mapping: dict[str, Any] | None = None
) -> tuple[Path, Path]:
    """Writes sources.json and sttm.json into folder."""
    files = [
        source(source_folder, EVENTS, "events", EVENT_COLUMNS),
        source(source_folder, THINGS, "things", THING_COLUMNS),
    ]
    sources = {
        "artefact": "sources",
        "head": {"version": 1, "inputs": []},
        "files": files,
        "skipped": [],
    }
    for name, value in (("sources", sources), ("sttm", mapping or sttm())):
        (folder / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False))
    return folder / "sources.json", folder / "sttm.json"
