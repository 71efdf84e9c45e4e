"""jaffle_shop: what the star says equals what DuckDB says over the raw files."""

import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bldr import JAFFLE, run_job

RAW = {
    t: f"read_csv('{JAFFLE}/raw_{t}.csv', all_varchar = true)"
    for t in ("customers", "orders", "payments")
}

QUESTIONS = {
    "orders per customer": (
        "SELECT c.customer_id, count(*) FROM fact_order f JOIN dim_customer c USING (customer_key) GROUP BY 1",
        "SELECT user_id::BIGINT, count(*) FROM {orders} GROUP BY 1",
    ),
    "orders per status": (
        "SELECT status, count(*) FROM fact_order GROUP BY 1",
        "SELECT status, count(*) FROM {orders} GROUP BY 1",
    ),
    "orders per month": (
        "SELECT d.year * 100 + d.month, count(*) FROM fact_order f JOIN dim_date d ON d.date_key = f.order_date_key"
        " GROUP BY 1",
        "SELECT (substr(order_date, 1, 4) || substr(order_date, 6, 2))::BIGINT, count(*) FROM {orders} GROUP BY 1",
    ),
    "payments per customer": (
        "SELECT c.first_name, c.last_name, c.customer_id, count(*), sum(f.amount)"
        " FROM fact_payment f JOIN dim_customer c USING (customer_key) GROUP BY 1, 2, 3",
        "SELECT c.first_name, c.last_name, c.id::BIGINT, count(*), sum(p.amount::BIGINT)::BIGINT FROM {payments} p"
        " JOIN {orders} o ON o.id = p.order_id JOIN {customers} c ON c.id = o.user_id GROUP BY 1, 2, 3",
    ),
    "payments per method": (
        "SELECT payment_method, count(*), sum(amount) FROM fact_payment GROUP BY 1",
        "SELECT payment_method, count(*), sum(amount::BIGINT)::BIGINT FROM {payments} GROUP BY 1",
    ),
    "payments per status of the order": (
        "SELECT status, count(*), sum(amount) FROM fact_payment GROUP BY 1",
        "SELECT o.status, count(*), sum(p.amount::BIGINT)::BIGINT FROM {payments} p"
        " JOIN {orders} o ON o.id = p.order_id GROUP BY 1",
    ),
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_job(JAFFLE, tmp_path_factory.mktemp("out"))


def test_the_run_is_validated(outcome: dict[str, Any]) -> None:
    assert outcome["verdict"] == "validated"
    assert outcome["exit_code"] == 0
    assert outcome["rounds"] == 1
    assert Path(outcome["report"]).is_file()


@pytest.mark.parametrize("question", QUESTIONS)
def test_star_equals_raw_files(outcome: dict[str, Any], question: str) -> None:
    on_star, on_raw = QUESTIONS[question]
    with sqlite3.connect(outcome["warehouse"]) as star:
        found = sorted(star.execute(on_star).fetchall())
    expected = sorted(duckdb.connect().execute(on_raw.format(**RAW)).fetchall())
    assert expected, "an empty expectation proves nothing"
    assert found == expected
