"""Measures that no column holds: quantity x unit price, less a discount that is a share.

Promise: where a fact counts, prices and says nothing else in numbers, its line totals are to the last digit those of
DuckDB or of Python's decimal over the raw files; where there is doubt there is none, and the design says why; a person
decides otherwise in bldr.json; and the Tester knows a wrong one from a right one by arithmetic of its own.
"""

import csv
import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bldr import ROOT, run, run_job
from checked_run import CheckedRun

SHARED = ROOT.parent / "shared" / "data"


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def lines(header: str, *more: str) -> str:
    """An order line for each of 30 pairs of order and product, with the columns of header behind them."""
    rows = [f"order_id,product_id,{header}"]
    for i in range(30):
        values = [
            value.format(i=i, q=i % 7 + 1, p=f"{i * 13 % 50}.{i * 37 % 100:02}") for value in more
        ]
        rows.append(",".join([str(i // 3 + 1), str(i % 3 + 1), *values]))
    return "\n".join(rows) + "\n"


ORDERS = "order_id,order_date\n" + "".join(f"{i},2024-0{i % 6 + 1}-15\n" for i in range(1, 11))
PRODUCTS = "product_id,product_name\n1,Tea\n2,Milk\n3,Rice\n"
PLAIN = lines("quantity,unit_price", "{q}", "{p}")


def folder(tmp_path: Path, order_lines: str, said: dict[str, Any] | None = None) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    (source / "orders.csv").write_text(ORDERS)
    (source / "products.csv").write_text(PRODUCTS)
    (source / "order_lines.csv").write_text(order_lines)
    if said is not None:
        (source / "bldr.json").write_text(json.dumps({"tables": {"order_lines": said}}))
    return source


def design_of(outcome: dict[str, Any]) -> dict[str, Any]:
    path = Path(outcome["folder"]) / "artefacts" / "design.v1.json"
    tables = json.loads(path.read_text())["tables"]
    (found,) = (t for t in tables if t["name"] == "fact_order_line")
    table: dict[str, Any] = found
    return table


def measures(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {c["name"]: c for c in table["columns"] if c["role"] == "measure"}


def totals(outcome: dict[str, Any], measure: str) -> dict[tuple[int, int], Decimal | None]:
    with sqlite3.connect(Path(outcome["folder"]) / "warehouse.db") as db:
        rows = db.execute(
            f"SELECT order_id, p.product_id, f.{measure} FROM v_fact_order_line f "
            "JOIN dim_product p USING (product_key)"
        ).fetchall()
    return {(o, p): None if v is None else Decimal(str(v)) for o, p, v in rows}


# ---- real data, and DuckDB ----

REAL = {
    "northwind": (
        "fact_order_detail",
        "order_details.csv",
        "CAST(unitPrice AS DECIMAL(9,2)) * CAST(quantity AS INTEGER) * (1 - CAST(discount AS DECIMAL(3,2)))",
    ),
    "chinook": (
        "fact_invoice_line",
        "InvoiceLine.csv",
        "CAST(UnitPrice AS DECIMAL(9,2)) * CAST(Quantity AS INTEGER)",
    ),
    "oracle_co": (
        "fact_order_item",
        "order_items.csv",
        "CAST(unit_price AS DECIMAL(9,2)) * CAST(quantity AS INTEGER)",
    ),
    "adventureworks_sales": (
        "fact_salesorderdetail",
        "salesorderdetail.csv",
        "CAST(unitprice AS DECIMAL(10,4)) * CAST(orderqty AS INTEGER)"
        " * (1 - CAST(unitpricediscount AS DECIMAL(5,4)))",
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_real_sets_equal_duckdb(tmp_path: Path, name: str) -> None:
    data = SHARED / name / "data"
    if not data.is_dir():
        pytest.skip("the public sets do not lie beside the tree")
    fact, file, formula = REAL[name]
    outcome = run_job(data, tmp_path / "output")
    assert outcome["verdict"] == "validated"
    raw = f"read_csv('{data / file}', all_varchar = true)"
    wanted = (
        duckdb.connect()
        .execute(f"SELECT count(*), sum({formula}), min({formula}), max({formula}) FROM {raw}")
        .fetchall()
    )
    with sqlite3.connect(Path(outcome["folder"]) / "warehouse.db") as db:
        shown = [Decimal(str(v)) for (v,) in db.execute(f"SELECT line_total FROM v_{fact}")]
    assert [(len(shown), sum(shown), min(shown), max(shown))] == wanted


# ---- what is made, and what is not ----


def test_quantity_and_price(tmp_path: Path) -> None:
    outcome = run_job(folder(tmp_path, PLAIN), tmp_path / "output")
    assert outcome["verdict"] == "validated"
    table = design_of(outcome)
    assert measures(table)["line_total"] == {
        "name": "line_total",
        "role": "measure",
        "type": "decimal(5,2)",
        "nullable": False,
        "origins": [
            {"kind": "product", "table": "order_lines", "factors": ["quantity", "unit_price"]}
        ],
        "additivity": "full",
    }
    assert "line_total is quantity x unit_price" in table["reason"]
    assert totals(outcome, "line_total") == {
        (int(r["order_id"]), int(r["product_id"])): Decimal(r["quantity"])
        * Decimal(r["unit_price"])
        for r in cells(PLAIN)
    }


def test_a_discount_is_taken_off_and_nulls_stay_null(tmp_path: Path) -> None:
    text = (
        lines("OrderQty,UnitPrice,discount", "{q}", "{p}", "0.{i:02}")
        .replace(",0.05\n", ",\n")
        .replace(",0.07\n", ",NULL\n")
    )
    outcome = run_job(folder(tmp_path, text), tmp_path / "output")
    assert outcome["verdict"] == "validated"
    (told,) = [a for a in design_of(outcome)["alternatives"] if "line_total" in a["choice"]]
    assert told["choice"] == "line_total as OrderQty x UnitPrice"
    assert "taken off" in told["reason"]
    found = totals(outcome, "line_total")
    assert list(found.values()).count(None) == 2
    for row in cells(text):
        share = row["discount"] if row["discount"] != "NULL" else ""
        wanted = Decimal(row["OrderQty"]) * Decimal(row["UnitPrice"]) * (1 - Decimal(share or "0"))
        assert found[int(row["order_id"]), int(row["product_id"])] == (wanted if share else None)


def test_numbers_as_the_file_writes_them(tmp_path: Path) -> None:
    text = lines("quantity,unit_price", "{q}", "€ {p}").replace(".", ",").replace(",€", ";€")
    text = "\n".join(
        line.replace(",", ";", 2 if i else 9) for i, line in enumerate(text.split("\n"))
    )
    outcome = run_job(folder(tmp_path, text), tmp_path / "output")
    assert outcome["verdict"] == "validated", outcome
    found = totals(outcome, "line_total")
    assert found == {
        (int(r["order_id"]), int(r["product_id"])): Decimal(r["quantity"])
        * Decimal(r["unit_price"])
        for r in cells(PLAIN)
    }


DOUBTS = {
    "a column may hold it": (
        lines("quantity,unit_price,amount", "{q}", "{p}", "{i}.50"),
        "amount may hold it already, or belong to it",
    ),
    "percent points": (
        lines("quantity,unit_price,discount", "{q}", "{p}", "{q}5"),
        "discount is no share between 0 and 1: what it is taken off is not said",
    ),
    "two quantities": (
        lines("quantity,qty,unit_price", "{q}", "{q}", "{p}"),
        "more than one column may be a factor",
    ),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_doubt_is_told(tmp_path: Path, name: str) -> None:
    text, why = DOUBTS[name]
    outcome = run_job(folder(tmp_path, text), tmp_path / "output")
    assert outcome["verdict"] == "validated"
    table = design_of(outcome)
    assert "line_total" not in measures(table)
    (told,) = [a for a in table["alternatives"] if a["choice"].startswith("line_total")]
    assert told["reason"] == why


def test_no_price_of_one_no_product(tmp_path: Path) -> None:
    """A price alone may be that of the line."""
    outcome = run_job(folder(tmp_path, lines("quantity,price", "{q}", "{p}")), tmp_path / "output")
    assert set(measures(design_of(outcome))) == {"quantity", "price"}


# ---- bldr.json ----


def test_a_person_says_there_is_none(tmp_path: Path) -> None:
    outcome = run_job(folder(tmp_path, PLAIN, {"products": []}), tmp_path / "output")
    assert set(measures(design_of(outcome))) == {"quantity", "unit_price"}


def test_a_person_names_it(tmp_path: Path) -> None:
    text = lines("pieces,price,rebate,tax", "{q}", "{p}", "0.{i:02}", "{i}.50")
    said = {
        "products": [
            {"name": "revenue", "factors": ["pieces", "price"], "less": "rebate"},
            {"name": "cube", "factors": ["pieces", "pieces", "pieces"]},
        ]
    }
    outcome = run_job(folder(tmp_path, text, said), tmp_path / "output")
    assert outcome["verdict"] == "validated", outcome
    assert (
        "revenue is pieces x price x (1 - rebate): bldr.json says so"
        in design_of(outcome)["reason"]
    )
    revenue, cube = totals(outcome, "revenue"), totals(outcome, "cube")
    for row in cells(text):
        at = int(row["order_id"]), int(row["product_id"])
        pieces, price, rebate = (Decimal(row[c]) for c in ("pieces", "price", "rebate"))
        assert revenue[at] == pieces * price * (1 - rebate)
        assert cube[at] == pieces**3


@pytest.mark.parametrize(
    ("product", "why"),
    [
        ({"name": "x", "factors": ["quantity", "unit_prise"]}, 'did you mean "unit_price"'),
        ({"name": "x", "factors": ["quantity"]}, "factors"),
        ({"name": "X y", "factors": ["quantity", "unit_price"]}, "name"),
        ({"name": "x", "factors": ["quantity", "unit_price"], "less": "unit_price"}, "no share"),
        ({"name": "x", "factors": ["quantity", "note"]}, "no numbers"),
    ],
)
def test_a_product_that_cannot_be(tmp_path: Path, product: dict[str, Any], why: str) -> None:
    text = lines("quantity,unit_price,note", "{q}", "{p}", "n{i}")
    source = folder(tmp_path, text, {"products": [product]})
    done = run("run", "--source-dir", source, "--output", tmp_path / "output")
    assert done.returncode != 0
    assert "bldr.json" in done.stderr and why in done.stderr, done.stderr


# ---- the Tester, and the notebooks ----


@pytest.mark.parametrize(
    ("sql", "checks"),
    [
        ("UPDATE fact_order_line SET line_total_e2 = line_total_e2 + 1 WHERE order_id = 4", {"R4"}),
        ("UPDATE fact_order_line SET line_total_e2 = quantity * 100", {"R4"}),
    ],
)
def test_the_tester_knows_a_wrong_one(tmp_path: Path, sql: str, checks: set[str]) -> None:
    source = folder(tmp_path, PLAIN)
    at = Path(run_job(source, tmp_path / "output")["folder"])
    tester = CheckedRun(tmp_path / "case", source, at)
    assert tester.failed_checks() == set()
    tester.execute(sql)
    assert checks <= tester.failed_checks()


def test_the_contract_has_its_sums(tmp_path: Path) -> None:
    outcome = run_job(folder(tmp_path, PLAIN), tmp_path / "output")
    path = Path(outcome["folder"]) / "artefacts" / "contract.v1.json"
    (table,) = [
        t for t in json.loads(path.read_text())["tables"] if t["table"] == "fact_order_line"
    ]
    (measure,) = [m for m in table["measures"] if m["column"] == "line_total"]
    wanted = [Decimal(r["quantity"]) * Decimal(r["unit_price"]) for r in cells(PLAIN)]
    assert Decimal(measure["sum"]) == sum(wanted)
    assert (Decimal(measure["min"]), Decimal(measure["max"])) == (min(wanted), max(wanted))
    (products,) = [s for s in measure["by_member"] if s["column"] == "product_key"]
    assert {s["key"]: Decimal(s["sum"]) for s in products["slices"]} == {
        str(p): sum(
            w for w, r in zip(wanted, cells(PLAIN), strict=True) if r["product_id"] == str(p)
        )
        for p in (1, 2, 3)
    }
