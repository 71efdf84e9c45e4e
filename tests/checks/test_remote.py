"""The Tester on the client's compute: the same findings as over a warehouse here, from what a workspace answers.

The workspace is fake_workspace.py, which shares no code with the C side; the faults are those of test_checks_faults.py,
planted in what stands there, while the warehouse here is right.
"""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import checks_probe
import fake_workspace
import pytest
from fake_workspace import Workspace
from make_warehouse import make_jaffle
from test_checks_faults import (
    DEVELOPER,
    FAULTS,
    JAFFLE,
    PLANNED,
    TABLES,
    Fault,
    contract,
    iso_date,
    run_sql,
)

__all__ = ["contract"]
COMPARED = {f"W1 {table}" for table in TABLES}
# What SQLite can declare and a workspace cannot.
SQLITE_ONLY = {"foreign keys are not declared", "a number is declared and stored as text"}
# A join through the dimension sums up otherwise there; here the months are told from the keys.
BY_JOIN = {
    "a day is missing": {"R4 fact_payment.amount by order_date_key": DEVELOPER},
    "every member stands twice": {"R4 fact_payment.amount by customer_key": DEVELOPER},
}


def make(case: Path, contract: Path, fault: Fault | None = None) -> Path:
    """A case with a right warehouse; the path of the star as it stands in the workspace."""
    parse = fault.parse_date if fault else iso_date
    make_jaffle(case, JAFFLE, parse, constraints=False)
    (case / "contract.json").write_bytes(contract.read_bytes())
    there = case / "there.db"
    shutil.copy(case / "warehouse.db", there)
    if fault:
        for path in (there, case / "reloaded.db"):
            run_sql(path, fault.sql)
        run_sql(case / "reloaded.db", fault.reload_sql)
        if fault.change:
            fault.change(case)
    return there


def findings_of(
    case: Path, there: Path, rows_max: int = 20000, types: dict[str, str] | None = None
) -> tuple[dict[str, dict[str, Any]], dict[str, int], Workspace]:
    workspace = Workspace(there, checks_probe.load(case, "design"), types or {})
    fake_workspace.ask_everything(case, JAFFLE, workspace, rows_max)
    found, answered = fake_workspace.judge(case, JAFFLE)
    return found, answered, workspace


def content(path: Path, table: str) -> tuple[list[str], list[str]]:
    with sqlite3.connect(path) as db:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        rows = sorted(map(repr, db.execute(f"SELECT * FROM {table}"))) if columns else []
    return columns, rows


def apart_from_here(case: Path, there: Path) -> set[str]:
    """W1 of the tables that are not alike in both files."""
    return {
        f"W1 {table}"
        for table in TABLES
        if content(case / "warehouse.db", table) != content(there, table)
    }


def failing(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {k: f["blame"] for k, f in found.items() if not f["passed"] and f["severity"] == "error"}


@pytest.mark.parametrize("rows_max", [0, 60, 20000])
def test_a_right_star_passes_every_check(tmp_path: Path, contract: Path, rows_max: int) -> None:
    there = make(tmp_path, contract)
    found, answered, _ = findings_of(tmp_path, there, rows_max)
    assert set(found) == PLANNED | COMPARED
    assert failing(found) == {}
    crossed = {id_: n for id_, n in answered.items() if id_.startswith("rows ")}
    if rows_max == 20000:
        assert crossed == {
            "rows dim_customer": 102,
            "rows dim_date": 367,
            "rows fact_order": 99,
            "rows fact_payment": 113,
        }
    else:
        assert crossed == {}  # the hashes are equal


def test_only_the_members_of_the_contract_are_asked_for(tmp_path: Path, contract: Path) -> None:
    """However many others have as many rows as the smallest of them."""
    there = make(tmp_path, contract)
    _, answered, _ = findings_of(tmp_path, there)
    assert {id_: n for id_, n in answered.items() if "customer_key" in id_} == {
        "split fact_payment.customer_key": 10,
    }


REMOTE = [f for f in FAULTS if f.name not in SQLITE_ONLY]
CASES = [(f, 20000) for f in REMOTE] + [(f, n) for f in REMOTE if f.planted for n in (60, 0)]


@pytest.mark.parametrize(
    ("fault", "rows_max"), CASES, ids=[f"{f.name}, {n} rows" for f, n in CASES]
)
def test_a_fault_there_fails_the_same_checks(
    tmp_path: Path, contract: Path, fault: Fault, rows_max: int
) -> None:
    """And W1, when the star that stands there is not the one here."""
    there = make(tmp_path, contract, fault)
    found, _, _ = findings_of(tmp_path, there, rows_max)
    failed = failing(found)
    apart = {k: b for k, b in failed.items() if k in COMPARED}
    assert apart == dict.fromkeys(apart_from_here(tmp_path, there), DEVELOPER)
    assert all(len(f["samples"]) <= 5 for f in found.values())
    if any("more buckets" in found[k]["found"] for k in apart):
        assert (
            rows_max < 20000
        )  # not all that differs has crossed, so not every consequence is seen
        return
    assert {k: b for k, b in failed.items() if k not in COMPARED} == {
        **fault.failing,
        **BY_JOIN.get(fault.name, {}),
    }


def test_a_second_run_is_compared_by_its_image(tmp_path: Path, contract: Path) -> None:
    there = make(tmp_path, contract)
    design = checks_probe.load(tmp_path, "design")
    again = tmp_path / "again.db"
    shutil.copy(there, again)
    run_sql(again, "UPDATE fact_order SET status = 'lost' WHERE order_id = 5")
    (tmp_path / "reloaded.db").unlink()
    fake_workspace.ask_everything(tmp_path, JAFFLE, Workspace(again, design, {}), 60)
    checks_probe.run("image", tmp_path, JAFFLE)
    found, _, _ = findings_of(tmp_path, there, 60)
    assert failing(found) == {"I1 fact_order": DEVELOPER}
    assert any("lost" in sample for sample in found["I1 fact_order"]["samples"])


def test_a_type_that_is_declared_otherwise_is_told(tmp_path: Path, contract: Path) -> None:
    there = make(tmp_path, contract)
    types = {"fact_payment.amount": "string"}
    found, _, _ = findings_of(tmp_path, there, types=types)
    assert failing(found) == {"T1 fact_payment.amount": DEVELOPER}
    assert found["T1 fact_payment.amount"]["found"].startswith("declared string")


class Narrow(Workspace):
    """It gives no whole table at once, as a workspace does whose answer would be above 25 MiB."""

    def answer(self, statement: dict[str, Any]) -> dict[str, Any]:
        if statement["id"].startswith("rows ") and not statement["parameters"]:
            words = "Inline byte limit exceeded."
            nothing: dict[str, Any] = {"columns": [], "rows": []}
            return {"id": statement["id"], "error": words, "too_large": True, **nothing}
        return super().answer(statement)


@pytest.mark.parametrize("changed", [False, True])
def test_rows_that_are_too_large_for_an_answer_are_compared_by_hashes(
    tmp_path: Path, contract: Path, changed: bool
) -> None:
    there = make(tmp_path, contract)
    if changed:
        run_sql(there, "UPDATE fact_order SET status = 'lost' WHERE order_id = 5")
    workspace = Narrow(there, checks_probe.load(tmp_path, "design"), {})
    fake_workspace.ask_everything(tmp_path, JAFFLE, workspace)
    found, answered = fake_workspace.judge(tmp_path, JAFFLE)
    wrong = {f"{check} fact_order": DEVELOPER for check in ("W1", "I1")} if changed else {}
    failed = failing(found)
    assert {k: b for k, b in failed.items() if k[:2] in ("W1", "I1")} == wrong
    assert changed or failed == {}
    if changed:
        assert found["W1 fact_order"]["samples"] == [
            "row order_id=5: status is lost, expected completed"
        ]
        assert 0 < answered["rows of buckets fact_order"] < 99


@pytest.mark.parametrize("what", ["totals", "joined", "split", "rows", "layers", "quarantine"])
def test_a_statement_that_fails_is_a_finding(tmp_path: Path, contract: Path, what: str) -> None:
    class Broken(Workspace):
        def answer(self, statement: dict[str, Any]) -> dict[str, Any]:
            if statement["id"].startswith(what) and ("payment" in statement["id"]):
                return {"id": statement["id"], "error": "[CANCELLED]", "columns": [], "rows": []}
            return super().answer(statement)

    there = make(tmp_path, contract)
    workspace = Broken(there, checks_probe.load(tmp_path, "design"), {})
    fake_workspace.ask_everything(tmp_path, JAFFLE, workspace)
    found, _ = fake_workspace.judge(tmp_path, JAFFLE)
    failed = failing(found)
    expected = {  # where the workspace's words stand
        "totals": "R3 fact_payment",
        "joined": "R5 fact_payment",
        "split": "R4 fact_payment.amount by customer_key",
        "rows": "W1 fact_payment",
        "layers": "R2 raw_payments",
        "quarantine": "R2 raw_payments",
    }[what]
    assert expected in failed
    assert "[CANCELLED]" in found[expected]["found"]
    assert not any("order." in key or "dim_" in key for key in failed)
