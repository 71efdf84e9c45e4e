"""The client's benchmark, as little of it as runs: both clients answer, with what its page promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures import needs_workspace

pytestmark = needs_workspace

ROOT = Path(os.environ["BLDR_ROOT"])
BUILD = Path(os.environ["BLDR_BUILD"])


def test_both_clients_are_measured() -> None:
    if not (BUILD / "tests" / "bench" / "client_bench").exists():
        pytest.skip("client_bench is not built")
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "tests" / "bench" / "client" / "measure.py",
            "--requests",
            "20",
            "--build",
            BUILD,
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(f["client"], f["at_once"]) for f in found] == [
        ("bldr", 1),
        ("databricks-sdk", 1),
        ("bldr", 16),
        ("databricks-sdk", 16),
    ]
    for f in found:
        assert f["requests"] == 20
        assert f["cpu_us_per_request"] > 1
        assert f["requests_per_s"] > 1
