"""A right warehouse for jaffle_shop, made without any code of bldr: csv, sqlite3, hashlib and the XXH64 below.

It follows docs/warehouse.md and the design in tests/golden/checks/jaffle_design.json. `make_case` writes a folder
with the artefacts that the Tester needs, warehouse.db, and reloaded.db, a copy that stands for the second load.
"""

import csv
import datetime
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
DESIGN = ROOT / "tests/golden/checks/jaffle_design.json"
RESERVED = {-1: "Unknown", -2: "Not applicable"}
MASK = 0xFFFFFFFFFFFFFFFF
P1, P2, P3, P4, P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)

ParseDate = Callable[[str], datetime.date | None]


def rotl(x: int, n: int) -> int:
    return ((x << n) | (x >> (64 - n))) & MASK


def mix(acc: int, lane: int) -> int:
    return rotl((acc + lane * P2) & MASK, 31) * P1 & MASK


def xxh64(data: bytes, seed: int) -> int:
    """XXH64 as its specification writes it (doc/xxhash_spec.md of Cyan4973/xxHash)."""
    at, left = 0, len(data)
    if left >= 32:
        acc = [seed + P1 + P2, seed + P2, seed, seed - P1]
        acc = [a & MASK for a in acc]
        while left >= 32:
            for i in range(4):
                acc[i] = mix(acc[i], int.from_bytes(data[at : at + 8], "little"))
                at += 8
            left -= 32
        h = sum(rotl(a, n) for a, n in zip(acc, (1, 7, 12, 18), strict=True)) & MASK
        for a in acc:
            h = ((h ^ mix(0, a)) * P1 + P4) & MASK
    else:
        h = (seed + P5) & MASK
    h = (h + len(data)) & MASK
    while left >= 8:
        h = (rotl(h ^ mix(0, int.from_bytes(data[at : at + 8], "little")), 27) * P1 + P4) & MASK
        at, left = at + 8, left - 8
    if left >= 4:
        h = h ^ (int.from_bytes(data[at : at + 4], "little") * P1 & MASK)
        h = (rotl(h, 23) * P2 + P3) & MASK
        at, left = at + 4, left - 4
    for byte in data[at:]:
        h = rotl(h ^ (byte * P5 & MASK), 11) * P1 & MASK
    h = (h ^ (h >> 33)) * P2 & MASK
    h = (h ^ (h >> 29)) * P3 & MASK
    return h ^ (h >> 32)


def surrogate(table: str, *parts: str | None) -> int:
    """DESIGN 6: XXH64 with seed 42 over table and parts, without the sign bit."""

    def escaped(part: str | None) -> str:
        return "\\0" if part is None else part.replace("\\", "\\\\").replace("|", "\\|")

    canon = "|".join([table, *(escaped(part) for part in parts)])
    return xxh64(canon.encode(), 42) & 0x7FFFFFFFFFFFFFFF


def blake(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def read_csv(path: Path) -> list[dict[str, Any]]:
    """The records, each with the physical line it begins on as `_line`."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader)
        records, line = [], reader.line_num + 1
        for fields in reader:
            records.append({**dict(zip(header, fields, strict=True)), "_line": line})
            line = reader.line_num + 1
    return records


def source_file(path: Path, delimiter: str = ",") -> dict[str, Any]:
    data = path.read_bytes()
    bom = data.startswith(b"\xef\xbb\xbf")
    with path.open(newline="", encoding="utf-8-sig" if bom else "utf-8", errors="replace") as file:
        columns = next(csv.reader(file, delimiter=delimiter))
    return {
        "path": path.name,
        "table": path.stem,
        "bytes": len(data),
        "hash": blake(data),
        "encoding": "utf-8",
        "bom": bom,
        "delimiter": delimiter,
        "quote": '"',
        "header": True,
        "columns": columns,
    }


def iso_date(text: str) -> datetime.date | None:
    return datetime.date.fromisoformat(text)


def swapped_date(text: str) -> datetime.date | None:
    """What a mapping that reads yyyy-dd-MM makes of yyyy-MM-dd."""
    year, day, month = (int(part) for part in text.split("-"))
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def no_date(_text: str) -> datetime.date | None:
    return None


def date_key(date: datetime.date | None) -> int:
    return -2 if date is None else date.year * 10000 + date.month * 100 + date.day


def write_artefact(folder: Path, name: str, content: dict[str, Any]) -> None:
    whole = {"artefact": name, "head": {"version": 1, "inputs": []}, **content}
    (folder / f"{name}.json").write_text(json.dumps(whole, indent=1), encoding="utf-8")


def sttm_of(design: dict[str, Any]) -> dict[str, Any]:
    """The Tester reads only the reserved members of it."""
    literal = {"lit": None, "type": "text"}
    tables = []
    for table in design["tables"]:
        dimension = table["kind"] in ("dimension", "date")
        columns = [
            {
                "target": c["name"],
                "type": c["type"],
                "role": c["role"],
                "nullable": c["nullable"],
                "sources": [],
                "rule": literal,
                "prose": "by hand",
                **({"dimension": c["dimension"]} if "dimension" in c else {}),
            }
            for c in table["columns"]
        ]
        reserved = [{"key": k, "label": v} for k, v in RESERVED.items()] if dimension else []
        tables.append(
            {
                "name": table["name"],
                "kind": table["kind"],
                **({"source": table["source"]} if "source" in table else {}),
                "calendar": [],
                "joins": [],
                "grain_columns": table["grain_columns"],
                "reserved": reserved,
                "columns": columns,
            }
        )
    return {"tables": tables}


def sql_type(name: str, type_: str) -> tuple[str, str]:
    """Stored name and SQLite type of a column, by docs/warehouse.md."""
    if type_.startswith("decimal("):
        precision, scale = (int(n) for n in type_[8:-1].split(","))
        return (f"{name}_e{scale}", "INTEGER") if precision <= 15 and scale else (name, "TEXT")
    return name, {"int64": "INTEGER", "bool": "INTEGER", "double": "REAL"}.get(type_, "TEXT")


def create_tables(db: sqlite3.Connection, design: dict[str, Any], constraints: bool) -> None:
    """Without constraints foreign keys are declared all the same; SQLite enforces them only when asked to."""
    keys = {
        t["name"]: c["name"]
        for t in design["tables"]
        for c in t["columns"]
        if c["role"] == "surrogate_key"
    }
    for table in design["tables"]:
        columns = []
        for column in table["columns"]:
            name, type_ = sql_type(column["name"], column["type"])
            rule = ""
            if constraints and column["role"] == "surrogate_key":
                rule = " PRIMARY KEY"
            elif column["role"] == "dimension_key":
                dimension = column["dimension"]
                rule = f"{' NOT NULL' * constraints} REFERENCES {dimension}({keys[dimension]})"
            columns.append(f'"{name}" {type_}{rule}')
        if constraints and table["kind"] == "fact":
            columns.append(f"PRIMARY KEY ({', '.join(table['grain_columns'])})")
        db.execute(f"CREATE TABLE {table['name']} ({', '.join(columns)}) STRICT")
        db.execute(f"CREATE VIEW v_{table['name']} AS SELECT * FROM {table['name']}")
    db.executescript("""
        CREATE TABLE bldr_load(key TEXT PRIMARY KEY, result TEXT) STRICT;
        CREATE TABLE bldr_layer(source_table TEXT, path TEXT, read INTEGER, loaded INTEGER,
                                rejected INTEGER, duplicates INTEGER DEFAULT 0) STRICT;
        CREATE TABLE bldr_quarantine(source_table TEXT, path TEXT, line INTEGER,
                                     byte_offset INTEGER, reason TEXT, raw TEXT, hash TEXT,
                                     kind TEXT) STRICT;
        CREATE TABLE bldr_refused_cell(source_table TEXT, path TEXT, line INTEGER, "column" TEXT,
                                       text TEXT, reason TEXT) STRICT;
        """)


def insert(db: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def calendar_rows(dates: list[datetime.date]) -> list[tuple[Any, ...]]:
    rows = []
    day = datetime.date(min(dates).year, 1, 1)
    while dates and day.year <= max(dates).year:
        quarter = (day.month + 2) // 3
        month = day.strftime("%B")
        rows.append(
            (date_key(day), str(day), day.year, quarter, day.month, day.day, month, None, None)
        )
        day += datetime.timedelta(days=1)
    return rows


def fill_jaffle(db: sqlite3.Connection, source: Path, parse_date: ParseDate) -> None:
    customers = read_csv(source / "raw_customers.csv")
    orders = read_csv(source / "raw_orders.csv")
    payments = read_csv(source / "raw_payments.csv")

    insert(
        db,
        "dim_customer",
        [(key, None, label, label, None, None) for key, label in RESERVED.items()],
    )
    keys = {c["id"]: surrogate("dim_customer", str(int(c["id"]))) for c in customers}
    insert(
        db,
        "dim_customer",
        [
            (
                keys[c["id"]],
                int(c["id"]),
                c["first_name"],
                c["last_name"],
                "raw_customers.csv",
                c["_line"],
            )
            for c in customers
        ],
    )

    dates = {o["id"]: parse_date(o["order_date"]) for o in orders}
    insert(
        db,
        "dim_date",
        [(k, None, None, None, None, None, label, None, None) for k, label in RESERVED.items()],
    )
    known = [date for date in dates.values() if date]
    if known:
        insert(db, "dim_date", calendar_rows(known))
    insert(
        db,
        "fact_order",
        [
            (
                int(o["id"]),
                keys.get(o["user_id"], -1),
                date_key(dates[o["id"]]),
                o["status"],
                "raw_orders.csv",
                o["_line"],
            )
            for o in orders
        ],
    )
    by_id = {o["id"]: o for o in orders}
    insert(
        db,
        "fact_payment",
        [
            (
                int(p["id"]),
                int(p["order_id"]),
                keys.get(by_id[p["order_id"]]["user_id"], -1),
                date_key(dates[p["order_id"]]),
                p["payment_method"],
                int(p["amount"]),
                "raw_payments.csv",
                p["_line"],
            )
            for p in payments
        ],
    )
    for name, rows in (("customers", customers), ("orders", orders), ("payments", payments)):
        n = len(rows)
        insert(db, "bldr_layer", [(f"raw_{name}", f"raw_{name}.csv", n, n, 0, 0)])


def deployment_of(
    db: sqlite3.Connection, design: dict[str, Any], kept_out: dict[str, int]
) -> dict[str, Any]:
    tables = []
    for table in design["tables"]:
        keys = [c["name"] for c in table["columns"] if c["role"] == "surrogate_key"]
        below = f"{keys[0]} < 0" if keys else "0"
        rows, reserved = db.execute(
            f"SELECT total(NOT ({below})), total({below}) FROM {table['name']}"
        ).fetchone()
        tables.append(
            {
                "name": table["name"],
                "rows": int(rows),
                "reserved": int(reserved),
                "quarantined": kept_out.get(table["name"], 0),
                "digest": "0" * 64,
            }
        )
    sources = [
        dict(zip(("table", "path", "read", "loaded", "rejected", "duplicates"), row, strict=True))
        for row in db.execute("SELECT * FROM bldr_layer ORDER BY 1")
    ]
    for source in sources:
        if source["duplicates"] == 0:  # absent from the artefact when there are none
            del source["duplicates"]
    return {
        "target": "embedded",
        "warehouse": "warehouse.db",
        "sources": sources,
        "tables": tables,
    }


def make_case(
    folder: Path,
    source: Path,
    design: dict[str, Any],
    fill: Callable[[sqlite3.Connection], None],
    constraints: bool = True,
    kept_out: dict[str, int] | None = None,
) -> None:
    """kept_out: per target table the source records that are no rows of it."""
    files = [source_file(path) for path in sorted(source.glob("*.csv"))]
    write_artefact(folder, "sources", {"files": files, "skipped": []})
    (folder / "design.json").write_text(json.dumps(design), encoding="utf-8")
    write_artefact(folder, "sttm", sttm_of(design))
    with sqlite3.connect(folder / "warehouse.db") as db:
        if constraints:
            db.execute("PRAGMA foreign_keys = ON")
        create_tables(db, design, constraints)
        fill(db)
        write_artefact(folder, "deployment", deployment_of(db, design, kept_out or {}))
    db.close()
    shutil.copy(folder / "warehouse.db", folder / "reloaded.db")


def make_jaffle(
    folder: Path, source: Path, parse_date: ParseDate = iso_date, constraints: bool = True
) -> None:
    design = json.loads(DESIGN.read_text(encoding="utf-8"))
    make_case(folder, source, design, lambda db: fill_jaffle(db, source, parse_date), constraints)
