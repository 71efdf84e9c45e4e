"""Keys of data/ecommerce that are read over another file: -1 where a written key leads nowhere, -2 where there is none.

What each row must have is worked out from the raw files by Python's own csv and json, with the dialects and null tokens of
truth.json; how many rows each file has there is held to truth.json first.
"""

import copy
import csv
import datetime
import gzip
import io
import json
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bldr import ROOT, run_job, warehouse_rows

SHOP = ROOT / "data" / "ecommerce"
TABLES: dict[str, Any] = json.loads((SHOP / "truth.json").read_text(encoding="utf-8"))["tables"]
VERSIONS = {"users": "updated_at", "products": "updated_on"}
STRPTIME = {"dd/MM/yyyy": "%d/%m/%Y", "M/d/yyyy": "%m/%d/%Y"}
ORDER = [("order_id", "orders", "order_id")]
OF_ORDERS = {
    "user_key": ("user_id", "users"),
    "shipping_address_key": ("shipping_address_id", "addresses"),
    "billing_address_key": ("billing_address_id", "addresses"),
    "order_date_key": ("order_date", None),
    "shipped_date_key": ("shipped_date", None),
    "delivered_date_key": ("delivered_date", None),
}
# Fact and key: its file, the hops (column, table, column there), the column at their end, whose file has its members; every
# date is in the calendar.
KEYS = {
    ("fact_stock", "product_key"): (
        "stock",
        [("sku", "products", "sku")],
        "product_id",
        "products",
    ),
    **{
        ("fact_cart_item", key): ("cart_items", [("column_1", "carts", "Cart ID")], *end)
        for key, end in {
            "user_key": ("User ID", "users"),
            "created_on_key": ("Created On", None),
        }.items()
    },
    **{
        (fact, key): (name, ORDER, *end)
        for fact, name in (("fact_order_item", "order_items"), ("fact_payment", "payments"))
        for key, end in OF_ORDERS.items()
    },
}

Row = dict[str, str]


def decoded(name: str) -> str:
    dialect = TABLES[name]["dialect"]
    data = (SHOP / TABLES[name]["file"]).read_bytes()
    if dialect["compression"] == "gzip":
        data = gzip.decompress(data)
    return data.decode(dialect["encoding"]).removeprefix("\ufeff")


def json_records(name: str) -> dict[int, Row]:
    rows = {}
    for line, text in enumerate(decoded(name).split("\n"), 1):
        try:
            record = json.loads(text)
        except json.JSONDecodeError:
            continue
        rows[line] = {k: "" if v is None else str(v) for k, v in record.items()}
    return rows


def csv_records(name: str) -> dict[int, Row]:
    dialect = TABLES[name]["dialect"]
    columns = [c["name"] for c in TABLES[name]["column_list"]]
    before = dialect["preamble_lines"] + (dialect["header_line"] is not None)
    text = "".join(decoded(name).splitlines(keepends=True)[before:])
    quoting = {"quotechar": dialect["quote"]} if dialect["quote"] else {"quoting": csv.QUOTE_NONE}
    if dialect["escape"] == "backslash":
        quoting |= {"escapechar": "\\", "doublequote": False}
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect["delimiter"], **quoting)
    rows, line = {}, before + 1
    for fields in reader:
        total = any(f.strip().startswith(word) for f in fields[:1] for word in dialect["not_rows"])
        if len(fields) == len(columns) and not total:
            rows[line] = dict(zip(columns, (f.strip() for f in fields), strict=True))
        line = before + 1 + reader.line_num
    return rows


@cache
def loaded(name: str) -> dict[int, Row]:
    """Per line the records that count: of those with one key the latest version, or the last."""
    version = VERSIONS.get(name)
    rows = json_records(name) if TABLES[name]["dialect"]["format"] != "csv" else csv_records(name)
    latest: dict[tuple[str, ...], int] = {}
    for line, row in rows.items():
        key = tuple(row[c] for c in TABLES[name]["pk"])
        before = latest.get(key)
        if before is None or version is None or row[version] >= rows[before][version]:
            latest[key] = line
    return {line: rows[line] for line in sorted(latest.values())}


def truth_of(name: str, column: str) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in TABLES[name]["column_list"] if c["name"] == column)
    return found


def null_tokens(name: str, column: str) -> set[str]:
    return {"", *truth_of(name, column).get("null_tokens", {})}


def is_date(name: str, column: str, text: str) -> bool:
    form = truth_of(name, column)["date_format"]
    try:
        datetime.datetime.strptime(text, STRPTIME[form])
    except ValueError:
        return False
    return True


def reserved_key(
    row: Row, name: str, hops: list[tuple[str, str, str]], column: str, members: str | None
) -> int | None:
    """-1 where a key on the way is in no record, -2 where one is null or no date, else None."""
    for own, to, to_column in hops:
        if row[own] in null_tokens(name, own):
            return -2
        found = [r for r in loaded(to).values() if r[to_column] == row[own]]
        if not found:
            return -1
        (row,), name = found, to
    if row[column] in null_tokens(name, column):
        return -2
    if members is None:
        return None if is_date(name, column, row[column]) else -2
    (key,) = TABLES[members]["pk"]
    return None if any(r[key] == row[column] for r in loaded(members).values()) else -1


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_job(SHOP, tmp_path_factory.mktemp("missed"))


def artefact(outcome: dict[str, Any], name: str) -> dict[str, Any]:
    path = Path(outcome["folder"]) / "artefacts" / f"{name}.v1.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def keys_over_files(outcome: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (t["name"], c["name"])
        for t in artefact(outcome, "design")["tables"]
        for c in t["columns"]
        if c["role"] == "dimension_key" and any(o["kind"] == "path" for o in c["origins"])
    }


@pytest.mark.parametrize(
    "name", ["users", "addresses", "products", "carts", "orders"] + [k for k, *_ in KEYS.values()]
)
def test_the_files_are_read_right_here(name: str) -> None:
    assert len(loaded(name)) == TABLES[name]["loaded"]


def test_every_key_that_is_read_over_a_file_is_held(outcome: dict[str, Any]) -> None:
    assert keys_over_files(outcome) == KEYS.keys()


@pytest.mark.parametrize(("fact", "key"), KEYS)
def test_unknown_and_none_are_told_apart(outcome: dict[str, Any], fact: str, key: str) -> None:
    name, hops, column, members = KEYS[fact, key]
    rows = loaded(name)
    expected = {line: reserved_key(row, name, hops, column, members) for line, row in rows.items()}
    with sqlite3.connect(outcome["warehouse"]) as db:
        found = {
            line: value if value < 0 else None
            for line, value in db.execute(f'SELECT _source_line, "{key}" FROM {fact}')
        }
    assert found == expected
    values = list(expected.values())
    assert values.count(-1) > 0, "the files have keys that lead nowhere on every one of these ways"
    reference = next(
        r
        for t in artefact(outcome, "contract")["tables"]
        if t["table"] == fact
        for r in t["references"]
        if r["column"] == key
    )
    assert (reference["orphans"], reference["nulls"]) == (values.count(-1), values.count(-2))


def planted_run(
    source: Path, folder: Path, sttm: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The outcome of a run whose first mapping is this one, and the errors of its first round."""
    (folder / "sttm.json").write_text(json.dumps(sttm))
    outcome = run_job(source, folder / "out", hook=f"plant={folder}")
    errors = {
        f"{c['check']} {c['subject']}": c
        for c in artefact(outcome, "findings")["checks"]
        if not c["passed"] and c["severity"] == "error"
    }
    return outcome, errors


def test_a_mapping_that_takes_them_for_none_is_found(
    outcome: dict[str, Any], tmp_path: Path
) -> None:
    """Planted in the STTM: lookups that do not know over which keys their parts are read."""
    sttm = copy.deepcopy(artefact(outcome, "sttm"))
    for table in sttm["tables"]:
        for column in table["columns"]:
            column["rule"].pop("over", None)
    again, errors = planted_run(SHOP, tmp_path, sttm)
    assert errors.keys() == {
        f"{check} {fact}.{key}" for fact, key in KEYS for check in ("K3", "K5", "N1")
    }
    for fact, key in KEYS:
        advice = {"repair": "foreign_key", "table": fact, "column": key}
        assert errors[f"K5 {fact}.{key}"]["blame"] == "analyst"
        assert errors[f"K5 {fact}.{key}"]["advice"] == advice
    assert (again["verdict"], again["rounds"]) == ("validated", 2)
    assert warehouse_rows(Path(again["warehouse"])) == warehouse_rows(Path(outcome["warehouse"]))


# ---- a key that is null on the way, which the files of the shop have not ----


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 lines of 30 orders of 8 customers; lines 5 and 6 name no order, line 7 one that is not there, and the orders of
    lines 8 and 9 have no customer and one that is not there."""
    folder = tmp_path_factory.mktemp("lines")
    customers = [f"{i},{name}\n" for i, name in enumerate(("Ada", "Bo", "Cy", "Di", "Ed"), 1)]
    (folder / "customers.csv").write_text("customer_id,name\n" + "".join(customers))
    owner = {107: "N/A", 108: "99"}
    orders = [f"{i},{owner.get(i, i % 5 + 1)},2021-03-{i - 99:02}\n" for i in range(100, 130)]
    (folder / "orders.csv").write_text("order_id,customer_id,ordered_on\n" + "".join(orders))
    named = {4: "N/A", 5: "N/A", 6: "999"}
    rows = [
        f"{named.get(i, 100 + i % 30)},{i % 7 + 1},{i % 9 + 1}.{i % 90 + 10}\n" for i in range(40)
    ]
    (folder / "order_lines.csv").write_text(
        "line_id,order_id,quantity,price\n"
        + "".join(f"{i + 1},{row}" for i, row in enumerate(rows))
    )
    return folder


def lines_at(outcome: dict[str, Any], key: str) -> dict[int, int]:
    with sqlite3.connect(outcome["warehouse"]) as db:
        rows = f"SELECT line_id, {key} FROM fact_order_line WHERE {key} < 0"
        return dict(db.execute(rows).fetchall())


def test_a_null_key_on_the_way_is_none(lines: Path, tmp_path: Path) -> None:
    """By hand. Then, planted, a mapping that takes the token for a key: it would lead nowhere."""
    right = run_job(lines, tmp_path / "right")
    assert right["verdict"] == "validated", right
    # lines 38 and 39 are of the orders of lines 8 and 9
    assert lines_at(right, "customer_key") == {5: -2, 6: -2, 7: -1, 8: -2, 38: -2, 9: -1, 39: -1}
    assert lines_at(right, "ordered_on_key") == {5: -2, 6: -2, 7: -1}

    sttm = copy.deepcopy(artefact(right, "sttm"))
    keys = set()
    for table in sttm["tables"]:
        for column in table["columns"]:
            for hop in column["rule"].get("over", []):
                keys.add(f"{table['name']}.{column['target']}")
                assert hop["from"][0]["tokens"] == ["", "N/A"]
                hop["from"][0]["tokens"] = [""]
    assert keys == {"fact_order_line.customer_key", "fact_order_line.ordered_on_key"}
    again, errors = planted_run(lines, tmp_path, sttm)
    assert errors.keys() == {f"{check} {key}" for key in keys for check in ("K3", "K5", "N1")}
    assert {e["blame"] for e in errors.values()} == {"analyst"}
    assert {e["advice"]["repair"] for e in errors.values()} == {"null_tokens"}
    assert (again["verdict"], again["rounds"]) == ("validated", 2)
    assert warehouse_rows(Path(again["warehouse"])) == warehouse_rows(Path(right["warehouse"]))
