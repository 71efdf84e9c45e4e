"""Runs of bldr in the local workspace: the process, what it left, and what the workspace itself says of it."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bldr import BIN, HOOKED

RUN_SECONDS = 1500
WARM = ("/api/2.0/sql/statements",)


def environment(workspace: Any, *, oauth: bool = False) -> dict[str, str]:
    """Only what is said here: nobody's own workspace is asked."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "ARM_"))}
    mine |= {"HOME": "/nowhere", "DATABRICKS_HOST": workspace.url}
    if oauth:
        secret = {
            "DATABRICKS_CLIENT_ID": workspace.client_id,
            "DATABRICKS_CLIENT_SECRET": workspace.client_secret,
        }
        return mine | secret
    return mine | {"DATABRICKS_TOKEN": workspace.token}


def bldr(
    env: dict[str, str], *args: str | Path, hook: str | None = None
) -> subprocess.CompletedProcess[str]:
    """The binary as shipped, or the one with a hook in its way, as a child process; never raises on its exit code."""
    program = [BIN] if hook is None else [HOOKED, hook]
    return subprocess.run(
        [*program, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        env=env,
        check=False,
    )


@dataclass
class Told:
    """A run that has ended: its outcome, its findings, and the requests that the workspace got meanwhile."""

    outcome: dict[str, Any]
    requests: list[dict[str, Any]]
    stderr: str = ""

    @property
    def folder(self) -> Path:
        return Path(self.outcome["folder"])

    @property
    def findings(self) -> list[dict[str, Any]]:
        path = self.outcome["artefacts"]["findings"]["path"]
        checks: list[dict[str, Any]] = json.loads((self.folder / path).read_text())["checks"]
        return checks

    def asked(self, method: str, path: str) -> list[dict[str, Any]]:
        """The requests whose path ends so."""
        return [e for e in self.requests if e["method"] == method and e["path"].endswith(path)]

    def passed(self, check: str) -> dict[str, bool]:
        """Of one check: subject -> whether it passed."""
        return {f["subject"]: f["passed"] for f in self.findings if f["check"] == check}


def newest(workspace: Any) -> int:
    """The number of the last request so far."""
    entries = workspace.requests()
    return int(entries[-1]["n"]) if entries else 0


def run_remote(
    workspace: Any,
    source: Path,
    output: Path,
    schema: str,
    *options: str,
    hook: str | None = None,
    oauth: bool = False,
) -> Told:
    """`bldr run --target databricks` to its end, whatever that is."""
    before = newest(workspace)
    words = ["run", "--source-dir", str(source), "--target", "databricks", "--schema", schema]
    words += ["--output", str(output), "--json", *options]
    done = bldr(environment(workspace, oauth=oauth), *words, hook=hook)
    assert done.stdout, done.stderr
    return Told(json.loads(done.stdout), workspace.requests(before), done.stderr)


def ask(sdk: Any, sql: str) -> Any:
    """A statement by databricks-sdk, and its answer."""
    warehouse = next(iter(sdk.warehouses.list())).id
    answer = sdk.statement_execution.execute_statement(
        statement=sql, warehouse_id=warehouse, wait_timeout="50s"
    )
    assert answer.status.state.value == "SUCCEEDED", answer.status
    return answer


def query(sdk: Any, sql: str) -> list[list[str | None]]:
    """The rows of a statement, as texts."""
    return ask(sdk, sql).result.data_array or []


def history(sdk: Any, schema: str, table: str) -> list[dict[str, str | None]]:
    """What Delta says of the versions of a table, by column."""
    answer = ask(sdk, f"DESCRIBE HISTORY main.{schema}.{table}")
    names = [column.name for column in answer.manifest.schema.columns]
    return [dict(zip(names, row, strict=True)) for row in answer.result.data_array]


DATA_OPERATIONS = {"WRITE", "MERGE", "DELETE", "UPDATE", "CREATE OR REPLACE TABLE AS SELECT"}


def versions(sdk: Any, schema: str, tables: list[str]) -> dict[str, int]:
    """Of each table the newest version that changed rows, by Delta's own history."""
    return {
        table: max(
            int(version["version"] or 0)
            for version in history(sdk, schema, table)
            if version["operation"] in DATA_OPERATIONS
        )
        for table in tables
    }


def expect_one_job(told: Told, creates: int, runs: int) -> None:
    """By the request log: so many jobs of the run's schema were created, and runs of it begun, each known by a token of its own."""
    remote = told.outcome["remote"]
    name = f"bldr {remote['catalog']}.{remote['schema']}"
    made = [
        e for e in told.asked("POST", "/jobs/create") if applied(e) and e["json"]["name"] == name
    ]
    assert len(made) == creates, made
    asked = [e["json"] for e in told.asked("POST", "/jobs/run-now")]
    begun = Counter(e["idempotency_token"] for e in asked if e["job_id"] == remote["job_id"])
    assert len(begun) == runs, begun
    assert all(len(token) == 64 for token in begun)


def applied(entry: dict[str, Any]) -> bool:
    """The workspace did what was asked: it said so, or the connection was dropped behind the deed."""
    return entry["status"] == 200 or (
        entry["status"] is None and (entry["fault"] or "").startswith("drop_after")
    )
