"""tests/golden/warehouse/jaffle_totals.csv, which the C tests hold the star to, is what DuckDB says today."""

from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/warehouse"


def test_golden_totals_are_duckdbs(tmp_path):
    db = duckdb.connect()
    for table in ("raw_orders", "raw_payments"):
        db.execute(f"CREATE VIEW {table} AS FROM read_csv('{ROOT}/data/jaffle_shop/{table}.csv')")
    query = (GOLDEN / "jaffle_totals.sql").read_text()
    db.execute(f"COPY ({query}) TO '{tmp_path}/totals.csv' (HEADER true)")
    assert (tmp_path / "totals.csv").read_text() == (GOLDEN / "jaffle_totals.csv").read_text()
