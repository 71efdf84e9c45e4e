"""`bldr run --target databricks` against the local workspace, end to end, judged by its request log, by Delta's history and by DuckDB.

tests/bench/remote_sets.py runs the other sets (docs/benchmarks.md has the times).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import bldr
import pytest
from fixtures import client, needs_spark
from pipelines import Remote
from remote_world import Told, expect_one_job, history, query, run_remote, versions

pytestmark = [needs_spark, pytest.mark.timeout(3600)]

NORTHWIND = bldr.ROOT.parent / "shared" / "data" / "northwind" / "data"
ECOMMERCE = bldr.ROOT / "data" / "ecommerce"


@dataclass
class Case:
    """totals: what the workspace is asked of a schema -> what DuckDB is asked of the raw files."""

    name: str
    source: Path
    totals: dict[str, str] = field(default_factory=dict)


def raw(source: Path, name: str) -> str:
    return f"read_csv('{source / name}', header=true, all_varchar=true)"


CASES = [
    Case(
        "jaffle",
        bldr.JAFFLE,
        {
            "SELECT count(*), sum(amount) FROM {}.fact_payment": "SELECT count(*), sum(CAST(amount AS BIGINT)) FROM "
            + raw(bldr.JAFFLE, "raw_payments.csv"),
            "SELECT count(*), count(DISTINCT customer_key) FROM {}.fact_order": "SELECT count(*), count(DISTINCT user_id) FROM "
            + raw(bldr.JAFFLE, "raw_orders.csv"),
            "SELECT count(*), max(first_name) FROM {}.dim_customer WHERE customer_key > 0": "SELECT count(*), max(first_name) FROM "
            + raw(bldr.JAFFLE, "raw_customers.csv"),
        },
    ),
    Case("ecommerce", ECOMMERCE),
    Case(
        "northwind",
        NORTHWIND,
        {
            "SELECT count(*), sum(quantity) FROM {}.fact_order_detail": "SELECT count(*), sum(CAST(quantity AS BIGINT)) FROM "
            + raw(NORTHWIND, "order_details.csv"),
        },
    ),
]


@dataclass
class Ran:
    case: Case
    schema: str
    told: Told
    source: Path  # a copy: it may be changed


@pytest.fixture(scope="module", params=CASES, ids=[case.name for case in CASES])
def ran(request: pytest.FixtureRequest, run_once: Callable[[Path], Remote]) -> Ran:
    case: Case = request.param
    if not case.source.is_dir():
        pytest.skip(f"{case.source} is not there")
    remote = run_once(case.source)
    return Ran(case, remote.schema, remote.told, remote.source)


@pytest.fixture
def ask(shared_spark_workspace: Any) -> Callable[[str], list[list[str | None]]]:
    sdk = client(shared_spark_workspace)
    return lambda sql: query(sdk, sql)


def problems(outcome: dict[str, Any]) -> list[tuple[str, ...]]:
    """What failed, in words that do not depend on where the star stands."""
    return sorted((f["check"], f["subject"], f["found"]) for f in outcome["failed"])


def test_it_ends_as_the_embedded_run_does(ran: Ran, tmp_path: Path) -> None:
    embedded = bldr.run_job(ran.source, tmp_path)
    assert ran.told.outcome["verdict"] == embedded["verdict"] == "validated"
    assert problems(ran.told.outcome) == problems(embedded)
    assert ran.told.outcome["tables"] == embedded["tables"]
    assert ran.told.outcome["rounds"] == embedded["rounds"]


def test_every_table_is_the_one_here_and_no_row_changes_in_the_second_run(ran: Ran) -> None:
    tables = {t["name"] for t in ran.told.outcome["tables"]}
    for check in ("W1", "I1"):
        assert ran.told.passed(check) == dict.fromkeys(tables, True)
    assert ran.told.passed("J1") == {"job": True}


def test_delta_has_no_version_of_the_second_run(ran: Ran, shared_spark_workspace: Any) -> None:
    sdk = client(shared_spark_workspace)
    first, second = (sdk.jobs.get_run(r["run_id"]) for r in ran.told.outcome["remote"]["runs"])
    assert first.end_time <= second.start_time
    for table in ran.told.outcome["tables"]:
        made = [
            datetime.fromisoformat(str(version["timestamp"])).timestamp() * 1000
            for version in history(sdk, ran.schema, table["name"])
        ]
        assert first.start_time <= max(made) < second.start_time, table["name"]


def test_duckdb_says_the_same_of_the_raw_files(
    ran: Ran, ask: Callable[[str], list[list[str | None]]]
) -> None:
    duckdb = pytest.importorskip("duckdb")
    for there, here in ran.case.totals.items():
        (found,) = ask(there.format(f"main.{ran.schema}"))
        (expected,) = duckdb.sql(here).fetchall()
        assert [number(cell) for cell in found] == [number(cell) for cell in expected]


def number(cell: object) -> Decimal | str:
    text = str(cell)
    return Decimal(text) if text.replace(".", "").isdigit() else text


def answer_files(told: Told) -> list[Path]:
    """What the workspace answered to the Tester's statements, chunk by chunk."""
    return [p for p in told.folder.glob("*.[0-9]/*.json") if p.name.split(".")[0].isdigit()]


def test_what_crossed_the_wire(ran: Ran) -> None:
    """By the request log: each raw file once and there only, statements as told; one job, two runs of it."""
    told, remote = ran.told, ran.told.outcome["remote"]
    uploaded = [e for e in told.requests if e["method"] == "PUT" and "/fs/files/" in e["path"]]
    files = json.loads((told.folder / told.outcome["artefacts"]["sources"]["path"]).read_text())
    assert sorted(e["body_bytes"] for e in uploaded) == sorted(f["bytes"] for f in files["files"])
    assert not [e for e in told.requests if e["method"] == "GET" and "/fs/" in e["path"]]
    assert not [e for e in told.requests if "external" in e["path"] or "export" in e["path"]]
    assert len(told.asked("POST", "/sql/statements")) == remote["statements"]
    assert remote["bytes"] >= sum(p.stat().st_size for p in answer_files(told)) > 0
    expect_one_job(told, creates=1, runs=2)


def test_the_user_is_told(ran: Ran, shared_spark_workspace: Any) -> None:
    remote = ran.told.outcome["remote"]
    stored = json.loads((ran.told.folder / "run.json").read_text())
    assert stored["remote"] == remote
    assert remote["job_url"] == f"{shared_spark_workspace.url}/jobs/{remote['job_id']}"
    page = (ran.told.folder / "report.html").read_text()
    assert remote["job_url"] in page
    assert f"{remote['bytes']:,} bytes" in page.replace("\u202f", ",").replace("\u2009", ",")
    for run in remote["runs"]:
        assert run["result"] == "success"
        assert str(run["run_id"]) in page


@pytest.fixture(scope="module")
def jaffle(ran: Ran) -> Ran:
    if ran.case.name != "jaffle":
        pytest.skip("asked of the jaffle shop only")
    return ran


def rows_of_answers(told: Told) -> list[int]:
    answers = [json.loads(path.read_text()) for path in answer_files(told)]
    return [a["manifest"]["total_row_count"] for a in answers if "manifest" in a]


def test_the_same_files_again_change_no_row(
    jaffle: Ran, shared_spark_workspace: Any, tmp_path: Path
) -> None:
    sdk = client(shared_spark_workspace)
    tables = [t["name"] for t in jaffle.told.outcome["tables"]]
    before = versions(sdk, jaffle.schema, tables)
    again = run_remote(
        shared_spark_workspace, jaffle.source, tmp_path, jaffle.schema, "--compare-rows", "0"
    )
    assert (again.outcome["verdict"], again.outcome["rounds"]) == ("validated", 1)
    assert versions(sdk, jaffle.schema, tables) == before
    expect_one_job(again, creates=0, runs=2)
    assert len(again.asked("POST", "/jobs/reset")) == 1
    assert again.outcome["remote"]["job_id"] == jaffle.told.outcome["remote"]["job_id"]
    # Compared by hashes alone, as asked: no answer has the rows of a table.
    assert again.passed("W1") == dict.fromkeys(tables, True)
    smallest = min(t["rows"] for t in again.outcome["tables"])
    assert max(rows_of_answers(jaffle.told)) > smallest > max(rows_of_answers(again))
    assert again.outcome["remote"]["bytes"] < jaffle.told.outcome["remote"]["bytes"] / 2


def test_changed_files_end_validated(
    jaffle: Ran,
    shared_spark_workspace: Any,
    tmp_path: Path,
    ask: Callable[[str], list[list[str | None]]],
) -> None:
    """A row is gone and one has another amount: the first round has it right, without reading again what is known."""
    payments = jaffle.source / "raw_payments.csv"
    header, first, _gone, *rest = payments.read_text().splitlines()
    cells = first.split(",")
    cells[3] = str(int(cells[3]) + 700)
    payments.write_text("\n".join([header, ",".join(cells), *rest]) + "\n")
    told = run_remote(shared_spark_workspace, jaffle.source, tmp_path, jaffle.schema)
    assert told.outcome["verdict"] == "validated", told.outcome["failed"]
    assert told.outcome["rounds"] == 1
    expect_one_job(told, creates=0, runs=2)
    given = [e["json"]["job_parameters"] for e in told.asked("POST", "/jobs/run-now")]
    assert given == [{"full_refresh": "false", "remove_gone": "true"}] * len(given)
    amounts = [int(line.split(",")[3]) for line in payments.read_text().splitlines()[1:]]
    (found,) = ask(f"SELECT count(*), sum(amount) FROM main.{jaffle.schema}.fact_payment")
    assert [number(cell) for cell in found] == [Decimal(len(amounts)), Decimal(sum(amounts))]


@pytest.mark.usefixtures("minutes")
def test_files_that_give_a_column_another_type_end_validated(
    shared_spark_workspace: Any,
    tmp_path: Path,
    ask: Callable[[str], list[list[str | None]]],
) -> None:
    """Whole amounts, then one with cents: the table of the first run is in the way of the second, until a full refresh."""
    source = tmp_path / "shop"
    source.mkdir()
    lines = [f"{n},{n % 7},{n * 3}" for n in range(1, 60)]
    payments = source / "payments.csv"
    payments.write_text("\n".join(["payment_id,order_id,amount", *lines]) + "\n")
    first = run_remote(shared_spark_workspace, source, tmp_path / "first", "retyped")
    assert (first.outcome["verdict"], first.outcome["rounds"]) == ("validated", 1)
    lines[4] += ".25"
    payments.write_text("\n".join(["payment_id,order_id,amount", *lines]) + "\n")
    told = run_remote(shared_spark_workspace, source, tmp_path / "second", "retyped")
    assert (told.outcome["verdict"], told.outcome["rounds"]) == ("validated", 2)
    given = [e["json"]["job_parameters"]["full_refresh"] for e in told.asked("POST", "/run-now")]
    assert sorted(set(given)) == ["false", "true"]
    total = sum(Decimal(line.split(",")[2]) for line in lines)
    (found,) = ask("SELECT count(*), sum(amount) FROM main.retyped.fact_payment")
    assert [number(cell) for cell in found] == [Decimal(len(lines)), total]
