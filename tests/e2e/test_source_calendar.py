"""A source's own calendar as the date dimension.

Promise: a table with one row for each day, on which all dates of the facts lie, is the date dimension, with its own
attributes and date keys yyyymmdd; questions by them have the answers that DuckDB has over the raw files. Where a day is
missing, or twice, or a fact reaches beyond, or two tables could be it, or a person says otherwise, it is not, and the
design says why. All calendars here are made by Python's datetime.
"""

import csv
import datetime
import io
import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bldr import run_job
from checked_run import CheckedRun

FIRST, LAST = datetime.date(2023, 7, 1), datetime.date(2024, 6, 30)
Row = dict[str, str]


def calendar(
    first: datetime.date = FIRST, last: datetime.date = LAST, form: str = "%Y-%m-%d"
) -> list[Row]:
    """A fiscal year from July on, with a number of the retailer's own for each day."""
    days = [first + datetime.timedelta(n) for n in range((last - first).days + 1)]
    return [
        {
            "day_no": str(5000 + n),
            "calendar_date": day.strftime(form),
            "day_name": day.strftime("%A"),
            "fiscal_period": f"P{(day.month + 5) % 12 + 1:02}",
            "is_holiday": "yes" if (day.month, day.day) in {(12, 25), (1, 1)} else "no",
        }
        for n, day in enumerate(days)
    ]


def sales(form: str = "%Y-%m-%d", numbered: bool = False) -> list[Row]:
    rows = []
    for i in range(400):
        day = FIRST + datetime.timedelta(i * 53 % ((LAST - FIRST).days + 1))
        when = str(5000 + (day - FIRST).days) if numbered else day.strftime(form)
        amount = f"{i * 31 % 700}.{i % 100:02}"
        rows.append(
            {"sale_id": str(i + 1), "day_no" if numbered else "sale_date": when, "amount": amount}
        )
    return rows


def text_of(rows: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def folder(tmp_path: Path, days: list[Row], facts: list[Row], **more: str) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    (source / "calendar.csv").write_text(text_of(days))
    (source / "sales.csv").write_text(text_of(facts))
    for name, text in more.items():
        (source / name.replace("__", ".")).write_text(text)
    return source


def dates_of(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    path = Path(outcome["folder"]) / "artefacts" / "design.v1.json"
    return [t for t in json.loads(path.read_text())["tables"] if t["kind"] == "date"]


def by_period(outcome: dict[str, Any], key: str) -> dict[str, tuple[int, Decimal]]:
    with sqlite3.connect(Path(outcome["folder"]) / "warehouse.db") as db:
        rows = db.execute(
            "SELECT fiscal_period, count(*), sum(f.amount_e2) FROM fact_sale f "
            f"JOIN dim_calendar d ON d.calendar_key = f.{key} GROUP BY 1"
        ).fetchall()
    return {period: (n, Decimal(total) / 100) for period, n, total in rows}


def duckdb_periods(source: Path, on: str) -> dict[str, tuple[int, Decimal]]:
    files = {n: f"read_csv('{source / n}.csv', all_varchar = true)" for n in ("calendar", "sales")}
    rows = (
        duckdb.connect()
        .execute(
            f"SELECT fiscal_period, count(*), sum(CAST(amount AS DECIMAL(9,2))) FROM {files['sales']} s"
            f" JOIN {files['calendar']} c ON {on} GROUP BY 1"
        )
        .fetchall()
    )
    return {period: (n, total) for period, n, total in rows}


def test_a_daily_calendar_is_the_date_dimension(tmp_path: Path) -> None:
    source = folder(tmp_path, calendar(), sales())
    outcome = run_job(source, tmp_path / "output")
    assert outcome["verdict"] == "validated", outcome
    (table,) = dates_of(outcome)
    assert (table["name"], table["source"]) == ("dim_calendar", "calendar")
    assert table["grain_columns"] == ["calendar_date"]
    names = [c["name"] for c in table["columns"] if c["role"] == "attribute"]
    assert names[:4] == ["day_no", "day_name", "fiscal_period", "is_holiday"]
    assert by_period(outcome, "sale_date_key") == duckdb_periods(
        source, "calendar_date = sale_date"
    )
    with sqlite3.connect(Path(outcome["folder"]) / "warehouse.db") as db:
        rows = db.execute(
            "SELECT calendar_key, calendar_date, year, quarter, month, day, iso_weekday, iso_week, "
            "day_of_year, day_name FROM dim_calendar WHERE calendar_key > 0 ORDER BY 1"
        ).fetchall()
    days = [FIRST + datetime.timedelta(n) for n in range((LAST - FIRST).days + 1)]
    assert rows == [
        (
            *(int(f"{d:%Y%m%d}"), d.isoformat(), d.year, (d.month + 2) // 3, d.month, d.day),
            *(d.isoweekday(), d.isocalendar().week, d.timetuple().tm_yday, f"{d:%A}"),
        )
        for d in days
    ]


def test_each_file_writes_its_own_dates(tmp_path: Path) -> None:
    source = folder(tmp_path, calendar(form="%d.%m.%Y"), sales(form="%m/%d/%Y"))
    outcome = run_job(source, tmp_path / "output")
    assert outcome["verdict"] == "validated", outcome
    assert [t.get("source") for t in dates_of(outcome)] == ["calendar"]
    on = "strptime(calendar_date, '%d.%m.%Y') = strptime(sale_date, '%m/%d/%Y')"
    assert by_period(outcome, "sale_date_key") == duckdb_periods(source, on)


def test_a_fact_that_refers_by_number(tmp_path: Path) -> None:
    source = folder(tmp_path, calendar(), sales(numbered=True))
    outcome = run_job(source, tmp_path / "output")
    assert outcome["verdict"] == "validated", outcome
    assert [t.get("source") for t in dates_of(outcome)] == ["calendar"]
    assert by_period(outcome, "calendar_key") == duckdb_periods(source, "c.day_no = s.day_no")


def test_a_date_that_is_missing_is_not_applicable(tmp_path: Path) -> None:
    facts = sales()
    facts[7]["sale_date"] = facts[99]["sale_date"] = ""
    outcome = run_job(folder(tmp_path, calendar(), facts), tmp_path / "output")
    assert outcome["verdict"] == "validated", outcome
    with sqlite3.connect(Path(outcome["folder"]) / "warehouse.db") as db:
        (nulls,) = db.execute("SELECT count(*) FROM fact_sale WHERE sale_date_key = -2").fetchone()
    assert nulls == 2


def without_a_day() -> list[Row]:
    return calendar()[:100] + calendar()[101:]


REFUSED: dict[str, tuple[list[Row], list[Row], dict[str, str], str | None]] = {
    "a day is missing": (without_a_day(), sales(), {}, None),
    "a day is there twice": ([*calendar()[:-1], calendar()[0]], sales(), {}, None),
    "a fact reaches beyond": (
        calendar(last=LAST - datetime.timedelta(30)),
        sales(),
        {},
        "sales.sale_date has dates from 2023-07-01 to 2024-06-30, the table days from 2023-07-01 to 2024-05-31",
    ),
    "a person says it is a dimension": (
        calendar(),
        sales(),
        {"bldr__json": json.dumps({"tables": {"calendar": {"role": "dimension"}}})},
        "bldr.json says that it is a dimension",
    ),
    "two tables could be it": (
        calendar(),
        sales(),
        {
            "shop_calendar__csv": text_of(
                [
                    {"day_id": r["day_no"], "day": r["calendar_date"], "day_name": r["day_name"]}
                    for r in calendar()
                ]
            )
        },
        "another table could be it as well",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_otherwise_one_is_generated(tmp_path: Path, name: str) -> None:
    days, facts, more, why = REFUSED[name]
    outcome = run_job(folder(tmp_path, days, facts, **more), tmp_path / "output")
    assert outcome["verdict"] == "validated", outcome
    (table,) = dates_of(outcome)
    assert (table["name"], table.get("source")) == ("dim_date", None)
    told = {a["reason"] for a in table["alternatives"]}
    assert told == ({why} if why is not None else set())
    with sqlite3.connect(Path(outcome["folder"]) / "warehouse.db") as db:
        joined = db.execute(
            "SELECT count(*) FROM fact_sale JOIN dim_date ON date_key = sale_date_key"
        )
        assert joined.fetchone() == (len(facts),)


@pytest.mark.parametrize(
    ("sql", "checks"),
    [
        ("UPDATE dim_calendar SET month = 13 - month WHERE calendar_key > 0", {"X2"}),
        ("UPDATE dim_calendar SET fiscal_period = 'P01' WHERE calendar_key = 20240101", {"X2"}),
        ("DELETE FROM dim_calendar WHERE calendar_key = 20240115", {"D1", "R3"}),
        ("UPDATE fact_sale SET sale_date_key = 20240116 WHERE sale_date_key = 20240115", {"K3"}),
    ],
)
def test_the_tester_checks_it(tmp_path: Path, sql: str, checks: set[str]) -> None:
    source = folder(tmp_path, calendar(), sales())
    at = Path(run_job(source, tmp_path / "output")["folder"])
    tester = CheckedRun(tmp_path / "case", source, at)
    assert tester.failed_checks() == set()
    tester.execute(sql)
    assert checks <= tester.failed_checks()


def test_the_notebook_reads_the_file(tmp_path: Path) -> None:
    outcome = run_job(folder(tmp_path, calendar(), sales()), tmp_path / "output")
    gold = (Path(outcome["folder"]) / "pipeline" / "gold" / "dim_calendar.py").read_text()
    assert 'silver("calendar")' in gold and "sequence" not in gold
    compile(gold, "dim_calendar.py", "exec")
