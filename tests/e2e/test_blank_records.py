"""Records in which no field holds anything, as spreadsheets leave them behind, between and above tables.

Promise: they are no rows and take no table's key; each is counted, kept and told, and all other numbers are those that
Python's csv and decimal find in the same files.
"""

import csv
import io
import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bldr import run, run_job, warehouse_rows

CUSTOMERS = "customer_id;name;country\n" + "".join(f"{i};Name {i};C{i % 5}\n" for i in range(1, 41))
ORDERS = [
    (
        f"{1000 + i}",
        f"{i % 40 + 1}",
        f"2024-{i % 12 + 1:02}-{i % 28 + 1:02}",
        f"{i * 7 % 90}.{i % 100:02}",
    )
    for i in range(120)
]
TRAILING = 300


def orders_text(how: str) -> str:
    """120 orders with a blank record behind every 50th, and many at the end; quoting as some exporters do."""
    out = io.StringIO()
    everything = csv.writer(out, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    needed = csv.writer(out, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer = everything if how == "quoted" else needed
    writer.writerow(["order_id", "customer_id", "order_date", "amount"])
    for i, order in enumerate(ORDERS):
        writer.writerow(order)
        if i % 50 == 49:
            writer.writerow(["", "", "", ""])
    for _ in range(TRAILING):
        writer.writerow([" ", "", "\u00a0", ""] if how == "padded" else ["", "", "", ""])
    return ";;;\r\n;;;\r\n" + out.getvalue() if how == "above" else out.getvalue()


def folder(tmp_path: Path, how: str) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    (source / "customers.csv").write_text(CUSTOMERS)
    (source / "orders.csv").write_bytes(orders_text(how).encode())
    return source


def python_orders(source: Path) -> tuple[list[list[str]], list[int]]:
    """The rows, and the lines of blank records behind the header, as Python's csv sees them."""
    with (source / "orders.csv").open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file, delimiter=";", strict=True)
        read = [(reader.line_num, row) for row in reader]
    while not "".join(read[0][1]):
        del read[0]
    blank = [line for line, row in read if not "".join(row).strip()]
    return [row for _, row in read[1:] if "".join(row).strip()], blank


@pytest.mark.parametrize("how", ["plain", "quoted", "padded", "above"])
def test_they_are_no_rows_and_nothing_is_lost(tmp_path: Path, how: str) -> None:
    source = folder(tmp_path, how)
    rows, blank = python_orders(source)
    assert (len(rows), len(blank)) == (120, TRAILING + 2)
    outcome = run_job(source, tmp_path / "output")
    assert outcome["verdict"] == "validated", outcome
    at = Path(outcome["folder"])

    profile: dict[str, Any] = json.loads((at / "artefacts" / "profile.v1.json").read_text())
    (orders,) = (t for t in profile["tables"] if t["table"] == "orders")
    assert (orders["rows"], orders["rejected_rows"]) == (len(rows), len(blank))
    assert [k["columns"] for k in orders["keys"] if k["chosen"]] == [["order_id"]]
    assert all(column["nulls"] == 0 for column in orders["columns"])

    with sqlite3.connect(at / "warehouse.db") as db:
        counts = db.execute(
            "SELECT count(*), count(DISTINCT order_id) FROM v_fact_order"
        ).fetchone()
        amounts = [Decimal(str(a)) for (a,) in db.execute("SELECT amount FROM v_fact_order")]
        layer = db.execute(
            "SELECT read, loaded, rejected, duplicates FROM bldr_layer WHERE source_table = 'orders'"
        ).fetchone()
        kept = db.execute("SELECT line, kind, reason FROM bldr_quarantine ORDER BY line").fetchall()
    assert counts == (len(rows), len({row[0] for row in rows}))
    assert sum(amounts) == sum(Decimal(row[3]) for row in rows)
    assert layer == (len(rows) + len(blank), len(rows), len(blank), 0)
    assert kept == [(line, "blank", "blank, not a row") for line in blank]

    findings: dict[str, Any] = json.loads((at / "artefacts" / "findings.v1.json").read_text())
    (told,) = (f for f in findings["checks"] if not f["passed"] and f["severity"] != "info")
    assert (told["check"], told["subject"], told["severity"]) == ("R1", "orders", "warning")
    assert told["found"].startswith(
        f"{len(blank)} of {len(rows) + len(blank)} records rejected: "
        f"blank, not a row (lines {blank[0]}, {blank[1]}, "
    )
    assert told["found"].endswith(f"; {len(blank)} blank")
    assert told["samples"][0] == f"orders.csv:{blank[0]}: blank, not a row"


def test_the_plan_counts_them_all(tmp_path: Path) -> None:
    source = folder(tmp_path, "plain")
    done = run("plan", source)
    assert f"{TRAILING + 2} records rejected" in done.stdout, done.stdout
    tables = json.loads(run("plan", source, "--json").stdout)["tables"]
    assert [t["rejected"] for t in tables if t["table"] == "orders"] == [TRAILING + 2]


def test_the_star_is_that_of_the_files_without_them(tmp_path: Path) -> None:
    """Where the other has empty lines, so source lines agree as well."""
    source = folder(tmp_path, "plain")
    clean = tmp_path / "clean"
    clean.mkdir()
    (clean / "customers.csv").write_text(CUSTOMERS)
    text = orders_text("plain").replace("\r\n;;;", "\r\n")
    (clean / "orders.csv").write_bytes(text.encode())
    stars = []
    for name in (source, clean):
        output = tmp_path / f"output of {name.name}"
        outcome = run_job(name, output)
        assert outcome["verdict"] == "validated"
        rows = warehouse_rows(Path(outcome["folder"]) / "warehouse.db")
        stars.append(
            {table: found for table, found in rows.items() if not table.startswith("bldr_")}
        )
    assert stars[0] == stars[1]


def test_a_file_of_nothing_else_is_empty(tmp_path: Path) -> None:
    """As one with a header alone is."""
    source = folder(tmp_path, "plain")
    (source / "notes.csv").write_text("note_id,order_id,text\n" + ",,\n" * 9)
    outcome = run_job(source, tmp_path / "output")
    assert outcome["verdict"] == "validated", outcome
