"""Faults planted in the notebooks that are deployed first: the Tester finds them, the Developer emits and deploys again.

The edits are made behind the Developer's back (`bldr_hooked plant=pipeline:FILE`), so neither contract nor warehouse.db knows of
them. The folder is that of tests/e2e/test_planted.py: cities, and trips between them.

BLDR_TEST_SPARK=all plants three faults, BLDR_REMOTE=all beside it every one (docs/checks.md lists them).
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
FACT, CITIES, SILVER = "gold/fact_trip.py", "gold/dim_city.py", "silver/trips.py"
PRICE = '"price": F.col("trips.price"),'
ROWS = 'rows = judged.filter("__refusal IS NULL").select(*rules)\n'
FROM_KEY = 'F.coalesce(F.col("dim_city.city_key"), F.lit(-1))'
NO_LOOKUP = """F.xxhash64(
                F.concat_ws("|", F.lit("dim_city"), F.col("trips.from_city_id").cast("string"))
            ).bitwiseAND(F.lit(0x7FFFFFFFFFFFFFFF))"""
# What is too much or too little in a record is overlooked: the fields that are there count.
LET_THROUGH = """from bldr_ingest import quality


def let_through(records):
    texts = F.split("_corrupt_record", ",")
    for i, name in enumerate(RAW_COLUMNS):
        records = records.withColumn(name, F.coalesce(name, F.get(texts, F.lit(i))))
    return records.withColumn("_refusal", F.lit(None).cast("struct<kind:string,reason:string>"))


quality.with_refusal = let_through
load_silver("""
BAD_ROW = "161,1,2,2024-03-20,9.50,3,4"
Edit = tuple[str, str, str]


@dataclass
class Fault:
    """edits: file, old, new. caught: the checks that fail in round 1, and no others: W1 and those that find the same fault
    elsewhere (test_planted.py, test_refine.py, tests/checks), I1 aside, for the second run makes the same mistake.

    says: what J1 has to tell. pace: a second of a timeout or of a retry's interval takes so many. bad_row: the file has
    a record of seven fields, a defect of the data that is set aside.
    """

    name: str
    edits: list[Edit]
    caught: set[str]
    in_ci: bool = False
    says: str = ""
    pace: float = 0.05
    bad_row: bool = False


FAULTS = [
    Fault(
        "exception",
        [("silver/cities.py", "def typed()", 'raise RuntimeError("planted")\n\n\ndef typed()')],
        {"J1"},
        says="silver_cities: RuntimeError: planted",
        in_ci=True,
    ),
    Fault(
        "truncated decimals",
        [(FACT, PRICE, '"price": F.floor(F.col("trips.price")).cast("decimal(4,2)"),')],
        {"R4", "W1"},
        in_ci=True,
    ),
    Fault(
        "dropped rows",
        [(FACT, ROWS, ROWS + 'rows = rows.filter("trip_id % 7 <> 0")\n')],
        {"R2", "R3", "R4", "W1", "X2"},
        in_ci=True,
    ),
    Fault(
        "wrong source column",
        [(FACT, PRICE, '"price": F.col("trips.seats").cast("decimal(4,2)"),')],
        {"N1", "R4", "W1"},
    ),
    Fault(
        "wrong date format",
        [(SILVER, 'F.lit("yyyy-MM-dd")', 'F.lit("yyyy-dd-MM")')],
        {"K3", "K5", "N1", "R4", "W1", "X2"},
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
        {"R1", "R2"},
    ),
    Fault(
        "shifted dates",
        [(SILVER, ').cast("date")', ').cast("date") + F.expr("INTERVAL \'1\' DAY")')],
        {"K3", "R4", "W1", "X2"},
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
        {"K3", "R4", "W1"},
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
        {"L1", "R2", "R3", "R4", "W1", "X2"},
    ),
    Fault(
        "wrong key, of another column",
        [
            (
                FACT,
                'F.col("trips.from_city_id").cast("string")',
                'F.col("trips.seats").cast("string")',
            )
        ],
        {"K3", "R4", "W1"},
    ),
    Fault(
        "wrong key, of the dimension only",
        [(CITIES, 'F.lit("dim_city")', 'F.lit("city")')],
        {"K3", "K4", "K5", "R4", "W1"},
    ),
    Fault(
        "orphans: the dimension lost rows, nothing is looked up",
        [(CITIES, ROWS, ROWS + 'rows = rows.filter("city_id > 2")\n'), (FACT, FROM_KEY, NO_LOOKUP)],
        {"K3", "K5", "R2", "R3", "R4", "R5", "W1", "X2"},
    ),
    Fault(
        "bad rows are let through",
        [(SILVER, "load_silver(\n", LET_THROUGH + "\n")],
        {"L1", "R1", "R2", "R3", "R4", "W1", "X2"},
        bad_row=True,
    ),
    Fault(
        "syntax error",
        [(FACT, "def columns() ->", "def columns( ->")],
        {"J1"},
        says="gold_fact_trip: SyntaxError",
    ),
    Fault(
        "wrong table name",
        [(FACT, 'silver("trips")', 'silver("trip")')],
        {"J1"},
        says="TABLE_OR_VIEW_NOT_FOUND",
    ),
    Fault(
        "hang beyond the timeout",
        [("silver/cities.py", "def typed()", "__import__('time').sleep(1e6)\n\n\ndef typed()")],
        {"J1"},
        says="silver_cities: Run timed out.",
        pace=0.02,
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
    spark_workspace.ask("POST", "/_workspace/jobs", {"pace": fault.pace})
    edits = [dict(zip(("file", "old", "new"), edit, strict=True)) for edit in fault.edits]
    (tmp_path / "edits.json").write_text(json.dumps(edits))
    lines = trip_lines() + [BAD_ROW] * fault.bad_row
    source = write_trips(tmp_path / "trips", lines)
    schema = "planted_" + "".join(c if c.isalpha() else "_" for c in fault.name)
    hook = f"plant=pipeline:{tmp_path}/edits.json"
    try:
        told = run_remote(spark_workspace, source, tmp_path / "out", schema, hook=hook)
    finally:
        spark_workspace.ask("POST", "/_workspace/jobs", {"pace": 1})
    checks = first_round(told)["checks"]
    failed = [f for f in checks if not f["passed"] and f["severity"] == "error"]
    errors = {f["check"] for f in failed}
    print(f"{fault.name}: {sorted(errors)}")
    assert errors == fault.caught
    assert {f["blame"] for f in failed} == {"developer"}
    assert "J1" not in errors or (fault.says and fault.says in failed[0]["found"])
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
