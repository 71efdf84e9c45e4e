"""Foreign keys of two columns to the end: the star says what DuckDB says over the raw files, orphans and empty values included."""

import csv
import random
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bldr import run_job

TOWNS = ["Ulm", "Salem", "Metz", "Bari", "Vigo", "Lyon", "Graz", "Linz", "Jena", "Bern"]

# on the star, on the raw files
QUESTIONS = {
    "weight per product, by way of the line": (
        "SELECT p.product_code, count(*), sum(f.weight_e1) FROM fact_shipment f"
        " LEFT JOIN dim_product p ON p.product_key = f.product_key AND f.product_key > 0 GROUP BY 1",
        "SELECT l.product_code, count(*), sum((s.weight::DECIMAL(9, 1) * 10)::BIGINT)::BIGINT FROM {shipments} s"
        " LEFT JOIN {order_lines} l ON s.order_no = l.order_no AND s.line_no = l.line_no GROUP BY 1",
    ),
    "shipments per customer of the order": (
        "SELECT c.customer_code, count(*) FROM fact_shipment f"
        " LEFT JOIN dim_customer c ON c.customer_key = f.customer_key AND f.customer_key > 0 GROUP BY 1",
        "SELECT o.customer_code, count(*) FROM {shipments} s LEFT JOIN {orders} o USING (order_no) GROUP BY 1",
    ),
    "returned per product, by a fact with the line's key": (
        "SELECT p.product_code, sum(f.pieces) FROM fact_return f JOIN dim_product p USING (product_key) GROUP BY 1",
        "SELECT l.product_code, sum(r.pieces::BIGINT)::BIGINT FROM {returns} r"
        " JOIN {order_lines} l USING (order_no, line_no) GROUP BY 1",
    ),
    "orders per people of the town they are shipped to": (
        "SELECT c.people, count(*) FROM fact_order f JOIN dim_city c ON c.city_key = f.ship_city_key GROUP BY 1",
        "SELECT c.people::BIGINT, count(*) FROM {orders} o LEFT JOIN {cities} c"
        " ON o.ship_country = c.country AND o.ship_city = c.city GROUP BY 1",
    ),
    "orders without a known town to bill": (
        "SELECT f.bill_city_key < 0, count(*) FROM fact_order f GROUP BY 1",
        "SELECT (c.city IS NULL)::INTEGER, count(*) FROM {orders} o LEFT JOIN {cities} c"
        " ON o.bill_country = c.country AND o.bill_city = c.city GROUP BY 1",
    ),
}


def write(path: Path, header: str, rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def put_shop(folder: Path) -> None:
    rnd = random.Random(11)
    day = [f"2024-{1 + i // 28 % 12:02}-{1 + i % 28:02}" for i in range(400)]
    cities = [
        (c, t, rnd.randrange(10**6)) for c in ("AT", "DE", "FR", "IT") for t in rnd.sample(TOWNS, 6)
    ]

    def town(unknown: float) -> tuple[Any, ...]:
        return ("", "") if rnd.random() < unknown else rnd.choice(cities)[:2]

    orders = [
        (3000 + i, f"C{rnd.randrange(30):02}", day[i], *town(0), *town(0.1)) for i in range(300)
    ]
    lines = [
        (o[0], k, f"P{rnd.randrange(25):02}", rnd.randrange(1, 9))
        for o in orders
        for k in range(1, rnd.randrange(2, 6))
    ]
    shipped = [line[:2] for line in rnd.sample(lines, 400)]
    shipped[:10] = [(o[0], 9) for o in orders[:10]]  # of lines that are not there
    write(folder / "cities.csv", "country,city,people", cities)
    write(
        folder / "customers.csv",
        "customer_code,customer_name",
        [(f"C{i:02}", f"N{i}") for i in range(30)],
    )
    write(
        folder / "products.csv",
        "product_code,product_name",
        [(f"P{i:02}", f"N{i}") for i in range(25)],
    )
    write(
        folder / "orders.csv",
        "order_no,customer_code,ordered_on,ship_country,ship_city,bill_country,bill_city",
        orders,
    )
    write(folder / "order_lines.csv", "order_no,line_no,product_code,quantity", lines)
    write(
        folder / "shipments.csv",
        "shipment_id,order_no,line_no,shipped_on,weight",
        [
            (70000 + i, *s, day[i % 400], f"{rnd.randrange(99)}.{i % 9 + 1}")
            for i, s in enumerate(shipped)
        ],
    )
    write(
        folder / "returns.csv",
        "order_no,line_no,returned_on,pieces",
        [(*line[:2], day[i], 1 + i % 3) for i, line in enumerate(rnd.sample(lines, 90))],
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    put_shop(folder)
    return folder


@pytest.fixture(scope="module")
def outcome(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_job(source, tmp_path_factory.mktemp("out"))


def test_the_run_is_validated(outcome: dict[str, Any]) -> None:
    assert outcome["verdict"] == "validated", outcome
    assert outcome["rounds"] == 1


@pytest.mark.parametrize("question", QUESTIONS)
def test_star_equals_raw_files(source: Path, outcome: dict[str, Any], question: str) -> None:
    on_star, on_raw = QUESTIONS[question]
    raw = {p.stem: f"read_csv('{p}', all_varchar = true)" for p in source.glob("*.csv")}
    with sqlite3.connect(outcome["warehouse"]) as star:
        found = sorted(star.execute(on_star).fetchall(), key=repr)
    expected = sorted(duckdb.connect().execute(on_raw.format(**raw)).fetchall(), key=repr)
    assert len(expected) > 1, "an empty expectation proves nothing"
    assert found == expected
