"""Every set remotely: `bldr run --target databricks` beside the embedded run, against the local workspace and its Spark.

Usage: .spark/venv/bin/python tests/bench/remote_sets.py [--only NAME]... [--bldr BIN]

The sets are those of sets.py, each in a schema of its own of one fresh workspace. A line of JSON per set as it
ends, and a table at the end: verdict, whether the findings are those of the embedded run (W1, I1 and J1 aside, which are the remote
run's), tables and cells that W1 compared, seconds of the run's parts as bldr itself told them, and which of them dominates.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(Path(__file__).parent)]

from local_databricks import testing  # noqa: E402
from sets import find_sets, inputs  # noqa: E402

STEP = re.compile(r"^  (\S+) +done +(\d+) ms", re.M)
PARTS = {  # a step that bldr tells -> a column of the table
    "developer.deploy/place": "deploy",
    "developer.deploy/upload": "deploy",
    "developer.deploy/job": "deploy",
    "developer.deploy/run": "job",
    "tester.check/ask": "questions",
    "tester.check/rerun": "second run",
}
COLUMNS = ["deploy", "job", "questions", "second run", "rest"]


def run(bldr: Path, source: Path, output: Path, *args: str, **env: str) -> dict[str, Any]:
    """The outcome of a run, with the seconds that it took as `wall_s`, and [step, milliseconds] of its progress as `told`."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "ARM_"))}
    started = time.monotonic()
    done = subprocess.run(
        [bldr, "run", "--source-dir", source, "--output", output, *args],
        capture_output=True,
        text=True,
        env={**mine, "HOME": "/nowhere", **env},
        check=False,
    )
    stored = list(output.glob("*/run.json"))
    if not stored:
        raise SystemExit(f"{source}: {done.stderr}")
    outcome: dict[str, Any] = json.loads(stored[0].read_text())
    outcome["wall_s"] = time.monotonic() - started
    outcome["told"] = [(step, int(ms)) for step, ms in STEP.findall(done.stdout + done.stderr)]
    return outcome


def findings(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    """All of them, passed or not."""
    if "findings" not in outcome["artefacts"]:
        return []
    path = Path(outcome["folder"]) / outcome["artefacts"]["findings"]["path"]
    checks: list[dict[str, Any]] = json.loads(path.read_text())["checks"]
    return checks


def told(outcome: dict[str, Any]) -> set[tuple[str, str, bool]]:
    """What both kinds of run find."""
    mine = ("W1", "I1", "J1")
    return {
        (f["check"], f["subject"], f["passed"]) for f in findings(outcome) if f["check"] not in mine
    }


def cells(outcome: dict[str, Any]) -> int:
    """Rows, reserved ones included, times columns of the tables that W1 compared."""
    tables = [f["subject"] for f in findings(outcome) if f["check"] == "W1"]
    with sqlite3.connect(f"file:{outcome['folder']}/warehouse.db?mode=ro", uri=True) as db:
        total = 0
        for table in tables:
            columns = len(db.execute(f'SELECT * FROM "{table}" LIMIT 0').description)
            total += columns * int(db.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])
        return total


def seconds(outcome: dict[str, Any]) -> dict[str, float]:
    """Of each part; `rest` is what none of them took."""
    parts = dict.fromkeys(COLUMNS, 0.0)
    for step, ms in outcome["told"]:
        if step in PARTS:
            parts[PARTS[step]] += ms / 1e3
    parts["rest"] = max(0.0, outcome["wall_s"] - sum(parts.values()))
    return parts


def measure(bldr: Path, workspace: testing.Running, folder: Path, scratch: Path) -> dict[str, Any]:
    """A set, both ways."""
    name = folder.name
    source, _ = inputs(folder)
    embedded = run(bldr, source, scratch / "embedded" / name)
    remote = run(
        bldr,
        source,
        scratch / "remote" / name,
        *("--target", "databricks", "--schema", f"bench_{name.replace('-', '_')}"),
        DATABRICKS_HOST=workspace.url,
        DATABRICKS_TOKEN=workspace.token,
    )
    parts = seconds(remote)
    differ = told(embedded) ^ told(remote)
    return {
        "set": name,
        "status": remote["status"],
        "error": remote.get("error"),
        "verdict": remote.get("verdict"),
        "embedded": embedded.get("verdict"),
        "rounds": remote.get("rounds"),
        "differ": sorted(f"{check} {subject}" for check, subject, _ in differ),
        "failed": sorted(
            f"{f['check']} {f['subject']}: {f['found']}"
            for f in findings(remote)
            if not f["passed"] and f["check"] in ("W1", "I1", "J1")
        ),
        "tables": len(remote.get("tables", [])),
        "cells": cells(remote) if remote.get("verdict") else 0,
        "statements": remote["remote"]["statements"],
        "bytes": remote["remote"]["bytes"],
        "seconds": {part: round(s, 1) for part, s in parts.items()},
        "wall_s": round(remote["wall_s"], 1),
        "dominates": max(parts, key=lambda part: parts[part]),
        "load": round(os.getloadavg()[0], 1),
    }


def table(results: list[dict[str, Any]]) -> Iterator[str]:
    """As Markdown."""
    head = ["set", "verdict", "as embedded", "tables", "cells", "bytes", *COLUMNS, "all, s", "load"]
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for r in results:
        same = "yes" if not r["differ"] and r["verdict"] == r["embedded"] else "no"
        row = [r["set"], r["verdict"] or r["status"], same, r["tables"], f"{r['cells']:,}"]
        row += [f"{r['bytes']:,}", *(r["seconds"][c] for c in COLUMNS), r["wall_s"], r["load"]]
        yield "| " + " | ".join(map(str, row)) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", help="a set's name; all of them unless told")
    parser.add_argument("--bldr", type=Path, default=ROOT / "build" / "release" / "bldr")
    options = parser.parse_args()
    chosen = [path for path in find_sets() if not options.only or path.name in options.only]
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        workspace = testing.start(Path(scratch) / "workspace")
        try:
            for folder in chosen:
                results.append(measure(options.bldr, workspace, folder, Path(scratch)))
                print(json.dumps(results[-1]), flush=True)
        finally:
            workspace.stop()
    print("\n".join(table(results)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
