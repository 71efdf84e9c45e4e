"""Faults planted in the notebooks that are deployed first: the Tester finds them, the Developer emits and deploys again.

The edits are made behind the Developer's back (`bldr_hooked plant=pipeline:FILE`), so neither contract nor warehouse.db knows of
them. The folder is that of tests/e2e/test_planted.py: cities, and trips between them.

BLDR_TEST_SPARK=all plants three faults; BLDR_REMOTE=all beside it plants every one (docs/checks.md has what was measured).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fixtures import needs_spark
from remote_world import Told, expect_one_job, run_remote
from test_planted import trip_lines, write_trips

pytestmark = [needs_spark, pytest.mark.usefixtures("minutes"), pytest.mark.timeout(3600)]

ALL = os.environ.get("BLDR_REMOTE") == "all"
FACT, SILVER = "gold/fact_trip.py", "silver/trips.py"
PRICE = '"price": F.col("trips.price"),'
ROWS = 'rows = judged.filter("__refusal IS NULL").select(*rules)\n'
Edit = tuple[str, str, str]


@dataclass
class Fault:
    """edits: file, old, new. caught: checks that fail in round 1, others may; the first is the one that has to."""

    name: str
    edits: list[Edit]
    caught: set[str]
    in_ci: bool = False


FAULTS = [
    Fault(
        "exception",
        [("silver/cities.py", "def typed()", 'raise RuntimeError("planted")\n\n\ndef typed()')],
        {"J1"},
        in_ci=True,
    ),
    Fault(
        "truncated decimals",
        [(FACT, PRICE, '"price": F.floor(F.col("trips.price")).cast("decimal(4,2)"),')],
        {"W1", "R4"},
        in_ci=True,
    ),
    Fault(
        "dropped rows",
        [(FACT, ROWS, ROWS + 'rows = rows.filter("trip_id % 7 <> 0")\n')],
        {"W1", "R2", "R3"},
        in_ci=True,
    ),
    Fault(
        "wrong source column",
        [(FACT, PRICE, '"price": F.col("trips.seats").cast("decimal(4,2)"),')],
        {"W1", "R4"},
    ),
    Fault(
        "wrong date format",
        [(SILVER, 'F.lit("yyyy-MM-dd")', 'F.lit("yyyy-dd-MM")')],
        {"W1", "K3"},
    ),
    Fault(
        "duplicated join",
        [
            (
                FACT,
                'silver("trips").alias("trips")',
                'silver("trips").withColumn("n", F.explode(F.array(F.lit(1), F.lit(2)))).alias("trips")',
            )
        ],
        {"R1"},
    ),
    Fault(
        "shifted dates",
        [(SILVER, ').cast("date")', ').cast("date") + F.expr("INTERVAL \'1\' DAY")')],
        {"W1", "K3", "X2"},
    ),
    Fault(
        "swapped foreign key",
        [
            (FACT, 'F.coalesce(F.col("dim_city.city_key")', 'F.coalesce(F.col("other.city_key")'),
            (
                FACT,
                'F.coalesce(F.col("dim_city_2.city_key")',
                'F.coalesce(F.col("dim_city.city_key")',
            ),
            (FACT, 'F.col("other.city_key")', 'F.col("dim_city_2.city_key")'),
        ],
        {"W1", "K3"},
    ),
    Fault(
        "double load, under other keys",
        [
            (
                FACT,
                ROWS,
                ROWS
                + 'rows = rows.unionByName(rows.withColumn("trip_id", F.col("trip_id") + 1000))\n',
            )
        ],
        {"W1", "R2", "R3", "R4"},
    ),
    Fault("syntax error", [(FACT, "def columns() ->", "def columns( ->")], {"J1"}),
    Fault("wrong table name", [(FACT, 'silver("trips")', 'silver("trip")')], {"J1"}),
    Fault(
        "hang beyond the timeout",
        [("silver/cities.py", "def typed()", "__import__('time').sleep(1e6)\n\n\ndef typed()")],
        {"J1"},
    ),
]
PLANTED = [fault for fault in FAULTS if ALL or fault.in_ci]


def first_round(told: Told) -> dict[str, Any]:
    """The findings of the round that was sent back; later rounds write files of their own."""
    path = told.folder / "artefacts" / "findings.v1.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("fault", PLANTED, ids=[fault.name for fault in PLANTED])
def test_a_planted_fault_is_found_and_repaired(
    spark_workspace: Any, tmp_path: Path, fault: Fault
) -> None:
    # a second of a timeout or of a retry's interval takes a twentieth: nobody waits an hour for a notebook that hangs
    spark_workspace.ask("POST", "/_workspace/jobs", {"pace": 0.05})
    edits = [dict(zip(("file", "old", "new"), edit, strict=True)) for edit in fault.edits]
    (tmp_path / "edits.json").write_text(json.dumps(edits))
    source = write_trips(tmp_path / "trips", trip_lines())
    schema = "planted_" + "".join(c if c.isalpha() else "_" for c in fault.name)
    hook = f"plant=pipeline:{tmp_path}/edits.json"
    try:
        told = run_remote(spark_workspace, source, tmp_path / "out", schema, hook=hook)
    finally:
        spark_workspace.ask("POST", "/_workspace/jobs", {"pace": 1})
    failed = {f["check"]: f for f in first_round(told)["checks"] if not f["passed"]}
    errors = {check for check, f in failed.items() if f["severity"] == "error"}
    print(f"{fault.name}: {sorted(errors)}")
    assert errors >= fault.caught
    assert (told.outcome["verdict"], told.outcome["rounds"]) == ("validated", 2)
    expect_deployed_again(told, ran="J1" not in errors)


def expect_deployed_again(told: Told, *, ran: bool) -> None:
    """One job, created once and reset for the repair; its second attempt is a full refresh. ran: the first one ended well."""
    expect_one_job(told, creates=1, runs=4 if ran else 3)
    assert len(told.asked("POST", "/jobs/reset")) == 1
    refreshed = [
        e["json"]["job_parameters"]["full_refresh"] for e in told.asked("POST", "/jobs/run-now")
    ]
    assert refreshed == ["false", "false", "true", "false"][0 if ran else 1 :]
    assert all(told.passed("W1").values()) and all(told.passed("I1").values())
