"""The benchmark of the notebooks' reader, on a megabyte: that it runs and says what its page promises."""

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parent / "ingest_python.py"


def test_smoke() -> None:
    command: list[str | Path] = [sys.executable, BENCH, "--megabytes", "1"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = {run["file"]: run for run in map(json.loads, done.stdout.splitlines())}
    assert {"plain", "quoted", "doubled_quotes", "ragged", "jsonl"} <= set(found)
    for run in found.values():
        assert 800_000 < run["bytes"] <= 1_000_000 and run["records"] >= 4000
        assert run["cpu_seconds"] > 0 and run["mb_per_second"] > 0
    assert found["plain"]["malformed"] == found["quoted"]["malformed"] == 0
    assert found["ragged"]["malformed"] * 5 == found["ragged"]["records"]
