"""Every check on a right warehouse, then one planted fault at a time: exactly the checks named must fail, each with
the blame named, and no other. The warehouse and its contract come from make_warehouse.py and the raw files.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import checks_probe
import pytest
from make_warehouse import (
    ROOT,
    ParseDate,
    iso_date,
    make_case,
    make_jaffle,
    no_date,
    surrogate,
    swapped_date,
)
from shop import fill_shop, shop_design, write_shop

JAFFLE = ROOT / "data/jaffle_shop"
ANALYST, DEVELOPER, INFRASTRUCTURE = "analyst", "developer", "infrastructure"
TABLES = ("dim_customer", "dim_date", "fact_order", "fact_payment")
ADVICE = {"repair": "date_order", "table": "raw_orders", "column": "order_date"}

PLANNED = {
    *(f"R1 raw_{name}" for name in ("customers", "orders", "payments")),
    *(f"{check} {table}" for check in ("R3", "I1", "L1") for table in TABLES),
    "R4 fact_payment.amount",
    *(f"K1 dim_customer.{c}" for c in ("customer_key", "customer_id")),
    *(f"K1 dim_date.{c}" for c in ("date_key", "date")),
    "K2 fact_order.order_id",
    "K2 fact_payment.payment_id",
    *(f"K3 {f}.{c}" for f in TABLES[2:] for c in ("customer_key", "order_date_key")),
    "K4 dim_customer.customer_key",
    "K4 dim_date.date_key",
    *(f"X2 dim_customer.{c}" for c in ("customer_id", "first_name", "last_name")),
    *(f"X2 dim_date.{c}" for c in ("date", "year", "quarter", "month", "day")),
    *(f"X2 fact_order.{c}" for c in ("order_id", "order_date_key", "status")),
    *(
        f"X2 fact_payment.{c}"
        for c in ("payment_id", "order_id", "order_date_key", "payment_method")
    ),
}


@dataclass
class Fault:
    """sql runs in both databases, before or after as they hold; reload_sql only in the second load's."""

    name: str
    failing: dict[str, str]  # "check subject" -> blame
    sql: str = ""
    reload_sql: str = ""
    parse_date: ParseDate = iso_date
    change: Callable[[Path], None] | None = None  # the case's folder
    sample: str = ""  # words that one of the failures' samples must hold
    advised: bool = False  # every failure carries the advice to repair the date order


def order_dates(blame: str) -> dict[str, str]:
    facts = ("fact_order", "fact_payment")
    return {f"{check} {fact}.order_date_key": blame for fact in facts for check in ("K3", "X2")}


def edit_deployment(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def edit(case: Path) -> None:
        path = case / "deployment.json"
        deployment = json.loads(path.read_text(encoding="utf-8"))
        change(deployment)
        path.write_text(json.dumps(deployment), encoding="utf-8")

    return edit


NEW_KEY = surrogate("dim_customers", "7")  # hashed with another table's name
OLD_KEY = surrogate("dim_customer", "7")

FAULTS = [
    Fault(
        "a fact row is lost",
        {
            "R3 fact_payment": DEVELOPER,
            "R4 fact_payment.amount": DEVELOPER,
            "X2 fact_payment.payment_id": DEVELOPER,
            "X2 fact_payment.order_date_key": DEVELOPER,
        },
        sql="DELETE FROM fact_payment WHERE payment_id = 29",  # one of three of its order
        sample="raw_payments.csv:30: no row payment_id=29",
    ),
    Fault(
        "a fact row is doubled",
        {
            "R3 fact_payment": DEVELOPER,
            "R4 fact_payment.amount": DEVELOPER,
            "K2 fact_payment.payment_id": DEVELOPER,
            "L1 fact_payment": DEVELOPER,
            "X2 fact_payment.order_date_key": DEVELOPER,
        },
        sql="INSERT INTO fact_payment SELECT * FROM fact_payment WHERE payment_id = 17",
        sample="payment_id=17",
    ),
    Fault(
        "a fact row is doubled under a new key",
        {
            "R3 fact_payment": DEVELOPER,
            "R4 fact_payment.amount": DEVELOPER,
            "L1 fact_payment": DEVELOPER,
            "X2 fact_payment.payment_id": DEVELOPER,
            "X2 fact_payment.order_date_key": DEVELOPER,
        },
        sql="INSERT INTO fact_payment SELECT 1017, order_id, customer_key, order_date_key, "
        "payment_method, amount, _source_file, _source_line FROM fact_payment WHERE payment_id = 17",
        sample="row payment_id=1017 has no record of its own",
    ),
    Fault(
        "a member is lost",
        {
            "R3 dim_customer": DEVELOPER,
            "X2 dim_customer.customer_id": DEVELOPER,
            "X2 dim_customer.first_name": DEVELOPER,  # the only Rose
            "K3 fact_order.customer_key": DEVELOPER,
            "K3 fact_payment.customer_key": DEVELOPER,
        },
        sql="DELETE FROM dim_customer WHERE customer_id = 54",
        sample="raw_customers.csv:55: no row customer_id=54",
    ),
    Fault(
        "a member that nothing refers to is lost",
        {
            "R3 dim_customer": DEVELOPER,
            "X2 dim_customer.customer_id": DEVELOPER,
        },
        sql="DELETE FROM dim_customer WHERE customer_id = 24",  # one of several Davids
    ),
    Fault(
        "an amount is changed",
        {"R4 fact_payment.amount": ANALYST},
        sql="UPDATE fact_payment SET amount = amount + 1 WHERE payment_id = 3",
        sample="raw_payments.csv:4: amount is 101, expected 100",
    ),
    Fault(
        "two amounts are swapped: every total holds",
        {"R4 fact_payment.amount": ANALYST},
        sql="UPDATE fact_payment SET amount = 2000 - amount + 1000 WHERE payment_id IN (1, 2)",
        sample="raw_payments.csv:2: amount is 2000, expected 1000",
    ),
    Fault(
        "an amount is lost",
        {"R4 fact_payment.amount": ANALYST},
        sql="UPDATE fact_payment SET amount = NULL WHERE payment_id = 3",
        sample="amount is null, expected 100",
    ),
    Fault(
        "a status is changed",
        {"X2 fact_order.status": ANALYST},
        sql="UPDATE fact_order SET status = 'Completed' WHERE order_id = 5",
        sample="raw_orders.csv:6: status is Completed, expected completed",
    ),
    Fault(
        "a status is given to another row: the set of them holds",
        {"X2 fact_order.status": ANALYST},
        sql="UPDATE fact_order SET status = 'returned' WHERE order_id = 5",
    ),
    Fault(
        "an attribute is null",
        {"X2 dim_customer.first_name": ANALYST},
        sql="UPDATE dim_customer SET first_name = NULL WHERE customer_id = 5",
    ),
    Fault(
        "a business key is changed",
        {
            "X2 dim_customer.customer_id": ANALYST,
            "L1 dim_customer": ANALYST,
        },
        sql="UPDATE dim_customer SET customer_id = 1005 WHERE customer_id = 5",
        sample="which reads 5,Katherine,R.",
    ),
    Fault(
        "a business key is null",
        {
            "X2 dim_customer.customer_id": ANALYST,
            "K1 dim_customer.customer_id": ANALYST,
            "L1 dim_customer": ANALYST,
        },
        sql="UPDATE dim_customer SET customer_id = NULL WHERE customer_id = 5",
    ),
    Fault(
        "a grain key is changed",
        {
            "X2 fact_order.order_id": ANALYST,
            "L1 fact_order": ANALYST,
        },
        sql="UPDATE fact_order SET order_id = 1005 WHERE order_id = 5",
    ),
    Fault(
        "a grain key is null",
        {
            "X2 fact_order.order_id": ANALYST,
            "K2 fact_order.order_id": ANALYST,
            "L1 fact_order": ANALYST,
        },
        sql="UPDATE fact_order SET order_id = NULL WHERE order_id = 5",
    ),
    Fault(
        "a fact leads to another customer",
        {"K3 fact_order.customer_key": ANALYST},
        sql=f"UPDATE fact_order SET customer_key = {OLD_KEY} WHERE order_id = 1",
        sample="raw_orders.csv:2: customer_key is",
    ),
    Fault(
        "two facts swap their customers: the counts hold",
        {"K3 fact_order.customer_key": ANALYST},
        sql="UPDATE fact_order SET customer_key = (SELECT customer_key FROM dim_customer "
        "WHERE customer_id = CASE order_id WHEN 1 THEN 3 ELSE 1 END) WHERE order_id IN (1, 2)",
    ),
    Fault(
        "a fact's customer is unknown",
        {"K3 fact_order.customer_key": ANALYST},
        sql="UPDATE fact_order SET customer_key = -1 WHERE order_id = 1",
    ),
    Fault(
        "a fact's customer is an orphan",
        {"K3 fact_order.customer_key": ANALYST},
        sql="UPDATE fact_order SET customer_key = 12345 WHERE order_id = 1",
        sample="row order_id=1: no member dim_customer has key 12345",
    ),
    Fault(
        "a fact's customer is null",
        {"K3 fact_payment.customer_key": ANALYST},
        sql="UPDATE fact_payment SET customer_key = NULL WHERE payment_id = 1",
    ),
    Fault(
        "a surrogate key is made otherwise, in all tables alike",
        {"K4 dim_customer.customer_key": ANALYST},
        sql=";".join(
            f"UPDATE {table} SET customer_key = {NEW_KEY} WHERE customer_key = {OLD_KEY}"
            for table in ("dim_customer", "fact_order", "fact_payment")
        ),
        sample=f"its key is {NEW_KEY}, recomputed {OLD_KEY}",
    ),
    Fault(
        "a surrogate key is made otherwise in the dimension only",
        {
            "K4 dim_customer.customer_key": ANALYST,
            "K3 fact_order.customer_key": ANALYST,
            "K3 fact_payment.customer_key": ANALYST,
        },
        sql=f"UPDATE dim_customer SET customer_key = {NEW_KEY} WHERE customer_id = 54",
    ),
    Fault(
        "two members share a surrogate key",
        {
            "K1 dim_customer.customer_key": ANALYST,
            "K4 dim_customer.customer_key": ANALYST,
        },
        sql=f"UPDATE dim_customer SET customer_key = {OLD_KEY} WHERE customer_id = 73",
    ),
    Fault(
        "a surrogate key is null",
        {
            "K1 dim_customer.customer_key": ANALYST,
            "K4 dim_customer.customer_key": ANALYST,
        },
        sql="UPDATE dim_customer SET customer_key = NULL WHERE customer_id = 73",
    ),
    Fault(
        "a reserved member is missing",
        {"K4 dim_customer.customer_key": DEVELOPER, "R3 dim_customer": DEVELOPER},
        sql="DELETE FROM dim_customer WHERE customer_key = -2",
        sample="reserved member -2 is there 0 times",
    ),
    Fault(
        "a reserved member is there twice",
        {
            "K1 dim_date.date_key": DEVELOPER,
            "K4 dim_date.date_key": DEVELOPER,
            "R3 dim_date": DEVELOPER,
        },
        sql="INSERT INTO dim_date SELECT * FROM dim_date WHERE date_key = -1",
        sample="reserved member -1 is there 2 times",
    ),
    Fault(
        "a reserved member that nobody knows",
        {"K4 dim_customer.customer_key": DEVELOPER, "R3 dim_customer": DEVELOPER},
        sql="INSERT INTO dim_customer(customer_key) VALUES (-7)",
    ),
    Fault(
        "a day is missing",
        {
            "R3 dim_date": DEVELOPER,
            "X2 dim_date.date": DEVELOPER,
            "K3 fact_order.order_date_key": DEVELOPER,
            "K3 fact_payment.order_date_key": DEVELOPER,
        },
        sql="DELETE FROM dim_date WHERE date_key = 20180104",
        sample="date=2018-01-04: no row date=2018-01-04",
    ),
    Fault(
        "a day has the wrong month",
        {"X2 dim_date.month": ANALYST},
        sql="UPDATE dim_date SET month = 12 WHERE date_key = 20180705",
    ),
    Fault(
        "the mapping reads day and month the wrong way round",
        order_dates(ANALYST),
        parse_date=swapped_date,
        advised=True,
        sample="raw_orders.csv:3: order_date_key is 20180201, expected 20180102",
    ),
    Fault(
        "the mapping reads no date",
        {
            **order_dates(ANALYST),
            "R3 dim_date": ANALYST,
            **{f"X2 dim_date.{c}": ANALYST for c in ("date", "year", "quarter", "month", "day")},
        },
        parse_date=no_date,
        advised=True,
    ),
    Fault(
        "one date has day and month swapped",
        {"K3 fact_order.order_date_key": ANALYST, "X2 fact_order.order_date_key": ANALYST},
        sql="UPDATE fact_order SET order_date_key = 20180201 WHERE order_id = 2",
        advised=True,
    ),
    Fault(
        "the wrong order leads to days that the calendar lacks",
        order_dates(ANALYST),
        parse_date=swapped_date,
        sql="UPDATE fact_order SET order_date_key = -1 WHERE order_date_key > 20180900",
        advised=True,
    ),
    Fault(
        "one date is another day",
        {"K3 fact_order.order_date_key": ANALYST},
        sql="UPDATE fact_order SET order_date_key = 20180103 WHERE order_id = 2",
    ),
    Fault(
        "one date is in another month",
        {"K3 fact_order.order_date_key": ANALYST, "X2 fact_order.order_date_key": ANALYST},
        sql="UPDATE fact_order SET order_date_key = 20180703 WHERE order_id = 2",
    ),
    Fault(
        "one date is lost",
        {"K3 fact_order.order_date_key": ANALYST, "X2 fact_order.order_date_key": ANALYST},
        sql="UPDATE fact_order SET order_date_key = -2 WHERE order_id = 30",
    ),
    Fault(
        "a line is another record's",
        {"L1 fact_order": DEVELOPER},
        sql="UPDATE fact_order SET _source_line = 7 WHERE order_id = 5",
        sample="row order_id=5 names raw_orders.csv:7",
    ),
    Fault(
        "a line is past the file's end",
        {"L1 fact_payment": DEVELOPER},
        sql="UPDATE fact_payment SET _source_line = 7000 WHERE payment_id = 5",
        sample="where no good record",
    ),
    Fault(
        "all lines are off by one",
        {"L1 fact_payment": DEVELOPER},
        sql="UPDATE fact_payment SET _source_line = _source_line + 1",
    ),
    Fault(
        "a file is another one",
        {"L1 dim_customer": DEVELOPER},
        sql="UPDATE dim_customer SET _source_file = 'raw_orders.csv' WHERE customer_id = 5",
    ),
    Fault(
        "lineage is lost",
        {"L1 dim_customer": DEVELOPER},
        sql="UPDATE dim_customer SET _source_file = NULL, _source_line = NULL WHERE customer_id = 5",
    ),
    Fault(
        "a generated row names a record",
        {"L1 dim_date": DEVELOPER},
        sql="UPDATE dim_date SET _source_line = 2 WHERE date_key = 20180105",
    ),
    Fault(
        "the layer counts wrong",
        {"R1 raw_orders": DEVELOPER},
        sql="UPDATE bldr_layer SET loaded = 98 WHERE source_table = 'raw_orders'",
    ),
    Fault(
        "the layer says nothing of a file",
        {"R1 raw_orders": DEVELOPER},
        sql="DELETE FROM bldr_layer WHERE source_table = 'raw_orders'",
    ),
    Fault(
        "a good record is in quarantine",
        {"R1 raw_orders": DEVELOPER},
        sql="INSERT INTO bldr_quarantine VALUES ('raw_orders', 'raw_orders.csv', 4, 60, 'x', 'x', 'x')",
        sample="raw_orders.csv:4: in quarantine",
    ),
    Fault(
        "the layer tables are gone",
        {f"R1 raw_{name}": DEVELOPER for name in ("customers", "orders", "payments")},
        sql="DROP TABLE bldr_layer; DROP TABLE bldr_quarantine",
    ),
    Fault(
        "the deployment counts records wrong",
        {"R1 raw_payments": DEVELOPER},
        change=edit_deployment(lambda d: d["sources"][2].update(read=114)),
    ),
    Fault(
        "the deployment counts rows wrong",
        {"R3 fact_order": DEVELOPER},
        change=edit_deployment(lambda d: d["tables"][2].update(rows=100)),
    ),
    Fault(
        "the second load adds a row",
        {"I1 fact_order": DEVELOPER},
        reload_sql="INSERT INTO fact_order VALUES (100, -1, -2, 'new', 'raw_orders.csv', 101)",
        sample="only after the second load: 100, -1, -2, new",
    ),
    Fault(
        "the second load doubles a row",
        {"I1 fact_order": DEVELOPER},
        reload_sql="INSERT INTO fact_order SELECT * FROM fact_order WHERE order_id = 9",
    ),
    Fault(
        "the second load changes a value",
        {"I1 dim_customer": DEVELOPER},
        reload_sql="UPDATE dim_customer SET first_name = 'X' WHERE customer_id = 9",
    ),
    Fault(
        "the second load loses a table",
        {"I1 dim_date": DEVELOPER},
        reload_sql="DROP VIEW v_dim_date; DROP TABLE dim_date",
    ),
    Fault(
        "what is no table of the star may change",
        {},
        reload_sql="INSERT INTO bldr_load VALUES ('k', '{}'); DROP VIEW v_dim_date",
    ),
    Fault(
        "there was no second load",
        {f"I1 {table}": INFRASTRUCTURE for table in TABLES},
        change=lambda case: (case / "reloaded.db").unlink(),
    ),
    Fault(
        "a column is missing",
        {"X2 fact_order.status": DEVELOPER},
        sql="DROP VIEW v_fact_order; ALTER TABLE fact_order DROP COLUMN status",
    ),
    Fault(
        "a table is missing",
        {p: DEVELOPER for p in PLANNED if " fact_order" in p},
        sql="DROP VIEW v_fact_order; DROP TABLE fact_order",
    ),
]


def run_sql(path: Path, sql: str) -> None:
    with sqlite3.connect(path) as db:
        db.executescript(sql)
    db.close()


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case whose contract was derived; the raw files are the same in all."""
    case = tmp_path_factory.mktemp("contract")
    make_jaffle(case, JAFFLE)
    checks_probe.contract(case, JAFFLE)
    return case / "contract.json"


def findings_of(case: Path, contract: Path) -> dict[str, dict[str, Any]]:
    (case / "contract.json").write_bytes(contract.read_bytes())
    result = checks_probe.findings(case, JAFFLE)
    keys = [(f["check"], f["subject"]) for f in result["checks"]]
    assert keys == sorted(set(keys))
    failed = any(not f["passed"] and f["severity"] == "error" for f in result["checks"])
    assert result["verdict"] == ("findings" if failed else "validated")
    return {f"{f['check']} {f['subject']}": f for f in result["checks"]}


def test_a_right_warehouse_passes_every_check(tmp_path: Path, contract: Path) -> None:
    make_jaffle(tmp_path, JAFFLE)
    found = findings_of(tmp_path, contract)
    assert set(found) == PLANNED
    assert [f for f in found.values() if not f["passed"]] == []
    assert found["R4 fact_payment.amount"]["found"].startswith("113 values, 0 nulls, sum ")
    for finding in found.values():
        assert finding["samples"] == []
        assert "blame" not in finding and "why" not in finding and "advice" not in finding
        assert finding["provenance"] and finding["proves"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_fails_its_checks_and_no_other(
    tmp_path: Path, contract: Path, fault: Fault
) -> None:
    make_jaffle(tmp_path, JAFFLE, fault.parse_date, constraints=False)
    for name in ("warehouse.db", "reloaded.db"):
        run_sql(tmp_path / name, fault.sql)
    run_sql(tmp_path / "reloaded.db", fault.reload_sql)
    if fault.change:
        fault.change(tmp_path)
    found = findings_of(tmp_path, contract)
    assert set(found) == PLANNED
    failed = {key: f for key, f in found.items() if not f["passed"]}
    assert {key: f["blame"] for key, f in failed.items()} == fault.failing
    samples = [sample for f in failed.values() for sample in f["samples"]]
    assert fault.sample == "" or any(fault.sample in s for s in samples), samples
    for finding in failed.values():
        assert finding["why"]
        assert len(finding["samples"]) <= 5
        assert finding["expected"] != finding["found"] or finding["samples"]
        assert finding.get("advice") == (ADVICE if fault.advised else None)


def test_a_failed_date_order_says_what_explains_it(tmp_path: Path, contract: Path) -> None:
    make_jaffle(tmp_path, JAFFLE, swapped_date)
    found = findings_of(tmp_path, contract)
    for key in order_dates(ANALYST):
        assert "raw_orders.order_date as year-day-month" in found[key]["why"]
        assert "99 of 99 values are dates as yyyy-MM-dd" in found[key]["why"]


def test_what_cannot_be_read_is_an_error(tmp_path: Path, contract: Path) -> None:
    make_jaffle(tmp_path, JAFFLE)
    (tmp_path / "contract.json").write_bytes(contract.read_bytes())
    (tmp_path / "warehouse.db").write_bytes(b"not a database, but long enough to be one" * 40)
    with pytest.raises(checks_probe.ProbeError) as error:
        checks_probe.findings(tmp_path, JAFFLE)
    assert error.value.code == "CORRUPT"
    (tmp_path / "warehouse.db").unlink()
    with pytest.raises(checks_probe.ProbeError) as error:
        checks_probe.findings(tmp_path, JAFFLE)
    assert error.value.code == "NOT_FOUND"


def test_a_contract_of_another_design_is_an_error(tmp_path: Path, contract: Path) -> None:
    make_jaffle(tmp_path, JAFFLE)
    changed = json.loads(contract.read_text(encoding="utf-8"))
    changed["tables"].pop()
    (tmp_path / "contract.json").write_text(json.dumps(changed), encoding="utf-8")
    with pytest.raises(checks_probe.ProbeError) as error:
        checks_probe.findings(tmp_path, JAFFLE)
    assert error.value.code == "INVALID"
    assert "fact_payment" in str(error.value)


# ---- the folder with everything that jaffle_shop lacks ----


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, Path]:
    """A right case and its source folder."""
    source, case = write_shop(tmp_path / "source"), tmp_path / "case"
    case.mkdir()
    make_case(case, source, shop_design(), fill_shop)
    checks_probe.contract(case, source)
    return case, source


def failed_in(case: Path, source: Path, severity: str = "error") -> dict[str, dict[str, Any]]:
    result = checks_probe.findings(case, source)
    # R1 3, R3 I1 L1 5 each, R4 3, K1 6, K2 2, K3 5, K4 3, X2 14
    assert len(result["checks"]) == 51
    failed = [f for f in result["checks"] if not f["passed"]]
    errors = [f for f in failed if f["severity"] == "error"]
    assert result["verdict"] == ("findings" if errors else "validated")
    return {f"{f['check']} {f['subject']}": f for f in failed if f["severity"] == severity}


def test_a_right_warehouse_of_everything_passes(shop: tuple[Path, Path]) -> None:
    assert failed_in(*shop) == {}


def test_records_that_were_set_aside_are_a_warning(shop: tuple[Path, Path]) -> None:
    """A short record and a quote that is never closed: all counted, so the data is to blame, and nothing is wrong."""
    warned = failed_in(*shop, severity="warning")
    assert set(warned) == {"R1 sales"}
    finding = warned["R1 sales"]
    assert finding["found"] == "2 of 8 records rejected"
    assert finding["blame"] == "data"
    assert finding["samples"] == [
        "sales.csv:8: 2 fields instead of 9",
        "sales.csv:9: a quote is never closed",
    ]


@pytest.mark.parametrize(
    ("sql", "failing"),
    [
        ("UPDATE fact_sale SET price_e2 = 1251 WHERE sale_id = 1", {"R4 fact_sale.price"}),
        ("UPDATE fact_sale SET price_e2 = 0 WHERE sale_id = 5", {"R4 fact_sale.price"}),
        ("UPDATE fact_line SET sale_price = '12.5' WHERE _source_line = 2", set()),
        (
            "UPDATE fact_line SET sale_price = '12.500001' WHERE _source_line = 2",
            {"R4 fact_line.sale_price"},
        ),
        ("UPDATE fact_sale SET paid = 0 WHERE sale_id = 1", {"X2 fact_sale.paid"}),
        ("UPDATE fact_sale SET paid = 2 WHERE sale_id = 1", {"X2 fact_sale.paid"}),
        (
            "UPDATE fact_sale SET at = '2020-04-04T01:30:01.000000Z' WHERE sale_id = 1",
            {"X2 fact_sale.at"},
        ),
        ("UPDATE fact_sale SET unit = NULL", {"X2 fact_sale.unit"}),
        ("UPDATE fact_sale SET shop_key = -2 WHERE sale_id = 3", {"K3 fact_sale.shop_key"}),
        ("UPDATE fact_sale SET shop_key = -1 WHERE sale_id = 4", {"K3 fact_sale.shop_key"}),
        (
            f"UPDATE dim_shop SET shop_key = {surrogate('dim_shop', '1', 'N')} WHERE _source_line = 4",
            {"K4 dim_shop.shop_key"},
        ),
        (
            "UPDATE dim_product SET kind = 'food' WHERE product = 'Tea'",
            {"X2 dim_product.kind"},
        ),
        ("DELETE FROM bldr_quarantine WHERE line = 9", {"R1 sales"}),
        (
            "UPDATE bldr_layer SET read = 7, rejected = 1 WHERE source_table = 'sales'",
            {"R1 sales"},
        ),
    ],
)
def test_a_fault_of_everything(shop: tuple[Path, Path], sql: str, failing: set[str]) -> None:
    case, source = shop
    for name in ("warehouse.db", "reloaded.db"):
        run_sql(case / name, sql)
    assert set(failed_in(case, source)) == failing


def test_a_date_attribute_has_its_own_advice(shop: tuple[Path, Path]) -> None:
    """shops.opened read month first: 31/01 is no date, 01/02 is 2 January."""
    case, source = shop
    swap = (
        "UPDATE dim_shop SET opened = NULL WHERE region = 1;"
        "UPDATE dim_shop SET opened = '2019-01-02' WHERE region = 2"
    )
    for name in ("warehouse.db", "reloaded.db"):
        run_sql(case / name, swap)
    failed = failed_in(case, source)
    assert set(failed) == {"X2 dim_shop.opened"}
    finding = failed["X2 dim_shop.opened"]
    assert finding["blame"] == ANALYST
    assert finding["advice"] == {"repair": "date_order", "table": "shops", "column": "opened"}
    assert "month-day-year" in finding["why"]


def test_a_grain_that_repeats_is_the_designs_fault(tmp_path: Path) -> None:
    source, case = write_shop(tmp_path / "source"), tmp_path / "case"
    case.mkdir()
    design = shop_design()
    design["tables"][4]["grain_columns"] = ["product_key"]
    make_case(case, source, design, fill_shop, constraints=False)
    contract = checks_probe.contract(case, source)
    assert (contract["tables"][4]["rows"], contract["tables"][4]["grain_distinct"]) == (5, 2)
    failed = failed_in(case, source)
    assert failed["R3 fact_line"]["blame"] == ANALYST
    assert "3 source records" in failed["R3 fact_line"]["why"]
