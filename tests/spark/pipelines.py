"""Pipelines that ran on Spark, and the warehouses that bldr made of the same artefacts."""

from __future__ import annotations

import itertools
import secrets
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import spark_runner


class Ran:
    """A pipeline that ran on the Spark of a workspace over the sources of `runs`, which become run0, run1 and so on.

    made: the folder of artefacts, pipeline/ and, where there is one, warehouse.db. runs: sources with parameters and
    statements, as spark_runner.py takes them. `second` is the run that is looked at: the first, where there is one only.
    """

    def __init__(self, running: Any, made: Path, *runs: str | Path) -> None:
        self.made = made
        self.pipeline = made / "pipeline"
        numbers = itertools.count()
        given = [f"run{next(numbers)}={r}" if str(r).startswith("/") else str(r) for r in runs]
        schema = f"pipeline_{secrets.token_hex(4)}"
        ran = spark_runner.run(running, self.pipeline, schema, *given)
        self.runs = [run for run in ran if "tasks" in run]
        self.statements = [run for run in ran if "tasks" not in run]
        self.first, self.second, self.others = self.runs[0], self.runs[:2][-1], self.runs[2:]

    @property
    def database(self) -> sqlite3.Connection:
        """The embedded warehouse."""
        return sqlite3.connect(self.made / "warehouse.db")

    def rows(self, table: str, run: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        found = (run or self.second)["tables"][table]
        return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


@pytest.fixture(scope="session")
def shop(shared_spark_workspace: Any, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Strangers' files as `bldr run` takes them: nothing is declared, all of it is found. It ran once."""
    from bldr import run_job
    from dialects import ECOMMERCE

    outcome = run_job(ECOMMERCE, tmp_path_factory.mktemp("shop"))
    assert outcome["verdict"] == "validated", outcome
    return Ran(shared_spark_workspace, Path(outcome["folder"]), ECOMMERCE)
