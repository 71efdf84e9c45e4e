"""Pipelines that ran on Spark, and the warehouses that bldr made of the same artefacts."""

from __future__ import annotations

import itertools
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import spark_runner
from dialects import ECOMMERCE
from remote_world import Told, run_remote
from sessions import session


class Ran:
    """A pipeline that ran on the Spark of a workspace, once or several times, and the tables behind each run.

    made: the folder of artefacts, pipeline/ and, where there is one, warehouse.db. runs, statements: as spark_runner.py
    prints them. `second` is the run that is looked at: the first, where there is one only.
    """

    def __init__(
        self, made: Path, runs: list[dict[str, Any]], statements: list[dict[str, Any]]
    ) -> None:
        self.made = made
        self.pipeline = made / "pipeline"
        self.statements = statements
        self.first, self.second, self.others = runs[0], runs[:2][-1], runs[2:]

    @property
    def database(self) -> sqlite3.Connection:
        """The embedded warehouse."""
        return sqlite3.connect(self.made / "warehouse.db")

    def rows(self, table: str, run: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        found = (run or self.second)["tables"][table]
        return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def run_pipeline(running: Any, made: Path, *runs: str | Path) -> Ran:
    """Runs made/pipeline over the sources of `runs`, which become run0, run1 and so on; sources with parameters and
    statements are as spark_runner.py takes them."""
    numbers = itertools.count()
    given = [f"run{next(numbers)}={r}" if str(r).startswith("/") else str(r) for r in runs]
    ran = spark_runner.run(running, made / "pipeline", f"pipeline_{secrets.token_hex(4)}", *given)
    return Ran(
        made,
        [r for r in ran if "tasks" in r],
        [statement for statement in ran if "tasks" not in statement],
    )


@dataclass
class Remote:
    """`bldr run --target databricks` over a copy of a folder, into a schema of its own."""

    source: Path
    schema: str
    told: Told


@pytest.fixture(scope="session")
def run_once(
    shared_spark_workspace: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], Remote]:
    """Runs a folder remotely, the first time that it is asked for: these are the longest runs that there are."""

    @cache
    def run(folder: Path) -> Remote:
        place = tmp_path_factory.mktemp("remote")
        source, schema = place / "source", place.name
        shutil.copytree(folder, source)
        told = run_remote(shared_spark_workspace, source, place / "out", schema)
        return Remote(source, schema, told)

    return run


@pytest.fixture(scope="session")
def shop(shared_spark_workspace: Any, run_once: Callable[[Path], Remote]) -> Ran:
    """data/ecommerce: strangers' files as `bldr run --target databricks` takes them: nothing is declared, all of it is found."""
    remote = run_once(ECOMMERCE)
    assert remote.told.outcome["verdict"] == "validated", remote.told.outcome
    warehouse = shared_spark_workspace.folder.resolve() / "spark" / "warehouse"
    with session(shared_spark_workspace) as spark:
        tables = spark_runner.tables(spark, warehouse, remote.schema)
    return Ran(remote.told.folder, [{"tables": tables}], [])
