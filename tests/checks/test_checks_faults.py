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
import duckdb
import pytest
from make_warehouse import (
    ROOT,
    ParseDate,
    iso_date,
    make_jaffle,
    no_date,
    surrogate,
    swapped_date,
)

JAFFLE = ROOT / "data/jaffle_shop"
ANALYST, DEVELOPER, INFRASTRUCTURE, DATA = "analyst", "developer", "infrastructure", "data"
TABLES = ("dim_customer", "dim_date", "fact_order", "fact_payment")
COLUMNS = {
    "dim_customer": ["customer_key", "customer_id", "first_name", "last_name"],
    "dim_date": ["date_key", "date", "year", "quarter", "month", "day", "month_name"],
    "fact_order": ["order_id", "customer_key", "order_date_key", "status"],
    "fact_payment": [
        "payment_id",
        "order_id",
        "customer_key",
        "order_date_key",
        "payment_method",
        "amount",
    ],
}
for _columns in COLUMNS.values():
    _columns += ["_source_file", "_source_line"]
UNJUDGED = {"dim_customer.customer_key", "dim_date.date_key", "dim_date.month_name"}
ADVICE = {"repair": "date_order", "table": "raw_orders", "column": "order_date"}

RAW = {
    "customers": ["id", "first_name", "last_name"],
    "orders": ["id", "user_id", "order_date", "status"],
    "payments": ["id", "order_id", "payment_method", "amount"],
}

PLANNED = {
    *(f"{check} raw_{name}" for check in ("S1", "Q1") for name in RAW),
    *(f"S2 raw_{name}.{column}" for name, columns in RAW.items() for column in columns),
    *(f"V1 {name}" for name in ("star", "fact_order", "fact_payment")),
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
    *(f"R2 raw_{name}" for name in ("customers", "orders", "payments")),
    *(f"R2 {table}" for table in TABLES if table != "dim_date"),
    *(f"R4 fact_payment.amount by {c}" for c in ("customer_key", "order_date_key")),
    *(f"R5 {f}" for f in TABLES[2:]),
    *(f"K5 {f}.{c}" for f in TABLES[2:] for c in ("customer_key", "order_date_key")),
    *("K6 raw_orders.user_id", "K6 raw_payments.order_id"),
    "D1 dim_date",
    "O1 dim_customer",
    *(f"T1 {table}.{c}" for table, columns in COLUMNS.items() for c in columns),
    *(
        f"N1 {table}.{c}"
        for table, columns in COLUMNS.items()
        for c in columns
        if f"{table}.{c}" not in UNJUDGED and not c.startswith("_")
    ),
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
    planted: str = ""  # its name in the table of planted faults (docs/checks.md)


def order_dates(blame: str) -> dict[str, str]:
    facts = ("fact_order", "fact_payment")
    return {f"{check} {fact}.order_date_key": blame for fact in facts for check in ("K3", "X2")}


def lost_dates(blame: str) -> dict[str, str]:
    """As order_dates, where some of the dates became none."""
    facts = ("fact_order", "fact_payment")
    lost = {f"{check} {fact}.order_date_key": blame for fact in facts for check in ("K5", "N1")}
    return {
        **order_dates(blame),
        **lost,
        "R4 fact_payment.amount by order_date_key": blame,
    }


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
            "R2 fact_payment": DEVELOPER,
            "R4 fact_payment.amount by customer_key": DEVELOPER,
            "R4 fact_payment.amount by order_date_key": DEVELOPER,
            "R3 fact_payment": DEVELOPER,
            "R4 fact_payment.amount": DEVELOPER,
            "X2 fact_payment.payment_id": DEVELOPER,
            "X2 fact_payment.order_date_key": DEVELOPER,
        },
        sql="DELETE FROM fact_payment WHERE payment_id = 29",  # one of three of its order
        sample="raw_payments.csv:30: no row payment_id=29",
        planted="dropped rows",
    ),
    Fault(
        "a fact row is doubled",
        {
            "R2 fact_payment": DEVELOPER,
            "R4 fact_payment.amount by order_date_key": DEVELOPER,
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
            "R2 fact_payment": DEVELOPER,
            "R4 fact_payment.amount by order_date_key": DEVELOPER,
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
            "R2 dim_customer": DEVELOPER,
            "R4 fact_payment.amount by customer_key": DEVELOPER,
            "R5 fact_order": DEVELOPER,
            "R5 fact_payment": DEVELOPER,
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
            "R2 dim_customer": DEVELOPER,
            "R3 dim_customer": DEVELOPER,
            "X2 dim_customer.customer_id": DEVELOPER,
        },
        sql="DELETE FROM dim_customer WHERE customer_id = 24",  # one of several Davids
    ),
    Fault(
        "an amount is changed",
        {"R4 fact_payment.amount by order_date_key": ANALYST, "R4 fact_payment.amount": ANALYST},
        sql="UPDATE fact_payment SET amount = amount + 1 WHERE payment_id = 3",
        sample="raw_payments.csv:4: amount is 101, expected 100",
        planted="wrong value",
    ),
    Fault(
        "two amounts are swapped: every total holds",
        {"R4 fact_payment.amount by customer_key": ANALYST, "R4 fact_payment.amount": ANALYST},
        sql="UPDATE fact_payment SET amount = 2000 - amount + 1000 WHERE payment_id IN (1, 2)",
        sample="raw_payments.csv:2: amount is 2000, expected 1000",
    ),
    Fault(
        "an amount is lost",
        {
            "N1 fact_payment.amount": ANALYST,
            "R4 fact_payment.amount by order_date_key": ANALYST,
            "R4 fact_payment.amount": ANALYST,
        },
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
        {"N1 dim_customer.first_name": ANALYST, "X2 dim_customer.first_name": ANALYST},
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
            "N1 dim_customer.customer_id": ANALYST,
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
            "N1 fact_order.order_id": ANALYST,
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
        planted="swapped foreign key",
    ),
    Fault(
        "a fact's customer is unknown",
        {"K5 fact_order.customer_key": ANALYST, "K3 fact_order.customer_key": ANALYST},
        sql="UPDATE fact_order SET customer_key = -1 WHERE order_id = 1",
    ),
    Fault(
        "a fact's customer is an orphan",
        {"R5 fact_order": ANALYST, "K3 fact_order.customer_key": ANALYST},
        sql="UPDATE fact_order SET customer_key = 12345 WHERE order_id = 1",
        sample="row order_id=1: no member dim_customer has key 12345",
        planted="orphans",
    ),
    Fault(
        "a fact's customer is null",
        {
            "N1 fact_payment.customer_key": ANALYST,
            "R5 fact_payment": ANALYST,
            "K3 fact_payment.customer_key": ANALYST,
        },
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
            "R4 fact_payment.amount by customer_key": ANALYST,
            "R5 fact_order": ANALYST,
            "R5 fact_payment": ANALYST,
            "K4 dim_customer.customer_key": ANALYST,
            "K3 fact_order.customer_key": ANALYST,
            "K3 fact_payment.customer_key": ANALYST,
        },
        sql=f"UPDATE dim_customer SET customer_key = {NEW_KEY} WHERE customer_id = 54",
        planted="wrong key",
    ),
    Fault(
        "two members share a surrogate key",
        {
            "R5 fact_order": ANALYST,
            "R5 fact_payment": ANALYST,
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
            "D1 dim_date": DEVELOPER,
            "R5 fact_order": DEVELOPER,
            "R5 fact_payment": DEVELOPER,
            "R3 dim_date": DEVELOPER,
            "X2 dim_date.date": DEVELOPER,
            "K3 fact_order.order_date_key": DEVELOPER,
            "K3 fact_payment.order_date_key": DEVELOPER,
        },
        sql="DELETE FROM dim_date WHERE date_key = 20180104",
        sample="date=2018-01-04: no row date=2018-01-04",
        planted="dropped rows",
    ),
    Fault(
        "a day has the wrong month",
        {"D1 dim_date": ANALYST, "X2 dim_date.month": ANALYST},
        sql="UPDATE dim_date SET month = 12 WHERE date_key = 20180705",
    ),
    Fault(
        "the mapping reads day and month the wrong way round",
        lost_dates(ANALYST),
        parse_date=swapped_date,
        advised=True,
        sample="raw_orders.csv:3: order_date_key is 20180201, expected 20180102",
    ),
    Fault(
        "the mapping reads no date",
        {
            **lost_dates(ANALYST),
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
        lost_dates(ANALYST),
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
        {
            "K5 fact_order.order_date_key": ANALYST,
            "N1 fact_order.order_date_key": ANALYST,
            "K3 fact_order.order_date_key": ANALYST,
            "X2 fact_order.order_date_key": ANALYST,
        },
        sql="UPDATE fact_order SET order_date_key = -2 WHERE order_id = 30",
    ),
    Fault(
        "each order is a day late",
        {
            "K3 fact_order.order_date_key": ANALYST,
            "X2 fact_order.order_date_key": ANALYST,
        },
        sql="UPDATE fact_order SET order_date_key = (SELECT date_key FROM dim_date WHERE date = "
        "(SELECT date(d.date, '+1 day') FROM dim_date d WHERE d.date_key = fact_order.order_date_key))",
        sample="raw_orders.csv:2: order_date_key is 20180102, expected 20180101",
        planted="shifted dates",
    ),
    Fault(
        "every payment stands twice",
        {
            "R2 fact_payment": DEVELOPER,
            "R3 fact_payment": DEVELOPER,
            "R4 fact_payment.amount": DEVELOPER,
            "R4 fact_payment.amount by customer_key": DEVELOPER,
            "R4 fact_payment.amount by order_date_key": DEVELOPER,
            "K2 fact_payment.payment_id": DEVELOPER,
            "L1 fact_payment": DEVELOPER,
            "X2 fact_payment.order_date_key": DEVELOPER,
        },
        sql="INSERT INTO fact_payment SELECT * FROM fact_payment",
        sample="has no record of its own",
        planted="double load",
    ),
    Fault(
        "every member stands twice",
        {
            "R2 dim_customer": DEVELOPER,
            "R3 dim_customer": DEVELOPER,
            "R5 fact_order": DEVELOPER,
            "R5 fact_payment": DEVELOPER,
            "K1 dim_customer.customer_id": DEVELOPER,
            "K1 dim_customer.customer_key": DEVELOPER,
            "L1 dim_customer": DEVELOPER,
        },
        sql="INSERT INTO dim_customer SELECT * FROM dim_customer WHERE customer_key >= 0",
        planted="double load",
    ),
    Fault(
        "a payment per order of its customer",
        {
            "R2 fact_payment": DEVELOPER,
            "R3 fact_payment": DEVELOPER,
            "R4 fact_payment.amount": DEVELOPER,
            "R4 fact_payment.amount by customer_key": DEVELOPER,
            "R4 fact_payment.amount by order_date_key": DEVELOPER,
            "K2 fact_payment.payment_id": DEVELOPER,
            "L1 fact_payment": DEVELOPER,
            "X2 fact_payment.order_date_key": DEVELOPER,
        },
        sql="INSERT INTO fact_payment SELECT p.* FROM fact_payment p JOIN fact_order o "
        "ON o.customer_key = p.customer_key AND o.order_id <> p.order_id",
        planted="duplicated join",
    ),
    Fault(
        "two customers with orders are lost",
        {
            "R2 dim_customer": DEVELOPER,
            "R3 dim_customer": DEVELOPER,
            "R4 fact_payment.amount by customer_key": DEVELOPER,
            "R5 fact_order": DEVELOPER,
            "R5 fact_payment": DEVELOPER,
            "K3 fact_order.customer_key": DEVELOPER,
            "K3 fact_payment.customer_key": DEVELOPER,
            "X2 dim_customer.customer_id": DEVELOPER,
            "X2 dim_customer.first_name": DEVELOPER,
        },
        sql="DELETE FROM dim_customer WHERE customer_id IN (3, 54)",
        planted="orphans",
    ),
    Fault(
        "foreign keys are not declared",
        {"R5 fact_order": DEVELOPER},
        sql="CREATE TABLE copy AS SELECT * FROM fact_order; DROP VIEW v_fact_order; DROP TABLE fact_order; "
        "CREATE TABLE fact_order(order_id INTEGER, customer_key INTEGER, order_date_key INTEGER, status TEXT, "
        "_source_file TEXT, _source_line INTEGER) STRICT; INSERT INTO fact_order SELECT * FROM copy; "
        "DROP TABLE copy",
        sample="fact_order.customer_key: no foreign key is declared",
        planted="undeclared keys",
    ),
    Fault(
        "a number is declared and stored as text",
        {"T1 fact_payment.amount": DEVELOPER},
        sql="DROP VIEW v_fact_payment; ALTER TABLE fact_payment ADD COLUMN a TEXT; UPDATE fact_payment SET a = amount; "
        "ALTER TABLE fact_payment DROP COLUMN amount; ALTER TABLE fact_payment RENAME COLUMN a TO amount",
        sample="row 1: TEXT 1000",
        planted="wrong types",
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
        {"R2 raw_orders": DEVELOPER, "R1 raw_orders": DEVELOPER},
        sql="UPDATE bldr_layer SET loaded = 98 WHERE source_table = 'raw_orders'",
    ),
    Fault(
        "the layer says nothing of a file",
        {"R2 raw_orders": DEVELOPER, "R1 raw_orders": DEVELOPER},
        sql="DELETE FROM bldr_layer WHERE source_table = 'raw_orders'",
    ),
    Fault(
        "a good record is in quarantine",
        {"R2 raw_orders": DEVELOPER, "R1 raw_orders": DEVELOPER},
        sql="INSERT INTO bldr_quarantine VALUES ('raw_orders', 'raw_orders.csv', 4, 60, 'x', 'x', 'x', 'refused')",
        sample="raw_orders.csv:4: in quarantine",
        planted="bad rows",
    ),
    Fault(
        "the layer tables are gone",
        {
            f"{check} raw_{name}": DEVELOPER
            for check in ("R1", "R2")
            for name in ("customers", "orders", "payments")
        },
        sql="DROP TABLE bldr_layer; DROP TABLE bldr_quarantine",
    ),
    Fault(
        "the deployment counts records wrong",
        {"R2 raw_payments": DEVELOPER, "R1 raw_payments": DEVELOPER},
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
        planted="double load",
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
        {
            "N1 fact_order.status": DEVELOPER,
            "T1 fact_order.status": DEVELOPER,
            "X2 fact_order.status": DEVELOPER,
        },
        sql="DROP VIEW v_fact_order; ALTER TABLE fact_order DROP COLUMN status",
    ),
    Fault(
        "a table is missing",
        {p: DEVELOPER for p in PLANNED if " fact_order" in p and p[:2] != "V1"},
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


def order_for_people(finding: dict[str, Any]) -> tuple[int, str, str]:
    """Errors, warnings, info, passed; warnings by subject, so that those of one file are together."""
    rank = ["error", "warning", "info"].index(finding["severity"])
    names = (str(finding["check"]), str(finding["subject"]))
    if finding["passed"]:
        return (3, *names)
    return (rank, *(reversed(names) if rank == 1 else names))


def findings_of(case: Path, contract: Path) -> dict[str, dict[str, Any]]:
    (case / "contract.json").write_bytes(contract.read_bytes())
    result = checks_probe.findings(case, JAFFLE)
    keys = [order_for_people(f) for f in result["checks"]]
    assert keys == sorted(set(keys))
    failed = any(not f["passed"] and f["severity"] == "error" for f in result["checks"])
    assert result["verdict"] == ("findings" if failed else "validated")
    return {f"{f['check']} {f['subject']}": f for f in result["checks"]}


def test_a_right_warehouse_passes_every_check(tmp_path: Path, contract: Path) -> None:
    make_jaffle(tmp_path, JAFFLE)
    found = findings_of(tmp_path, contract)
    assert set(found) == PLANNED
    unused = found.pop("O1 dim_customer")
    assert (unused["severity"], unused["blame"]) == ("info", DATA)
    orders = f"read_csv('{JAFFLE}/raw_orders.csv')"
    with duckdb.connect() as db:
        ordered = db.execute(f"SELECT count(DISTINCT user_id) FROM {orders}").fetchall()[0][0]
    assert unused["found"] == f"{100 - ordered} of 100 members unused"
    assert len(unused["samples"]) == 5
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
    failed = {key: f for key, f in found.items() if not f["passed"] and f["severity"] != "info"}
    assert {f["severity"] for f in failed.values()} <= {"error"}
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
    for key in lost_dates(ANALYST):
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
