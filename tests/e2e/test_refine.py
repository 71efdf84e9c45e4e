"""A wrong date order, planted in the STTM, is found by the Tester, blamed on the Analyst, and mended."""

import json
from pathlib import Path
from typing import Any

import pytest
from bldr import JAFFLE, run_job, warehouse_rows


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_job(JAFFLE, tmp_path_factory.mktemp("planted"), hook="plant=date_order")


def load(outcome: dict[str, Any], name: str) -> dict[str, Any]:
    return json.loads((Path(outcome["folder"]) / "artefacts" / f"{name}.json").read_text())


def test_the_fault_was_in_the_first_mapping_only(planted: dict[str, Any]) -> None:
    assert "yyyy-dd-MM" in json.dumps(load(planted, "sttm.v1"))
    assert "yyyy-dd-MM" not in json.dumps(load(planted, "sttm.v2"))


def test_the_tester_blames_the_analyst(planted: dict[str, Any]) -> None:
    findings = load(planted, "findings.v1")
    failed = [c for c in findings["checks"] if not c["passed"] and c["severity"] != "info"]
    assert findings["verdict"] == "findings"
    assert failed and {c["blame"] for c in failed} == {"analyst"}
    assert {json.dumps(c["advice"], sort_keys=True) for c in failed if "advice" in c} == {
        json.dumps(
            {"repair": "date_order", "table": "raw_orders", "column": "order_date"}, sort_keys=True
        )
    }


def test_the_second_round_ends_right(planted: dict[str, Any], tmp_path: Path) -> None:
    right = run_job(JAFFLE, tmp_path)
    assert (planted["verdict"], planted["exit_code"], planted["rounds"]) == ("validated", 0, 2)
    assert [d["next"] for d in planted["decisions"]].count("analyst.map") == 2
    assert warehouse_rows(Path(planted["warehouse"])) == warehouse_rows(Path(right["warehouse"]))
