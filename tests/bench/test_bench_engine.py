"""The engine's benchmark, as little of it as runs: every case answers, with what its page promises."""

import json
import os
import subprocess
from pathlib import Path

import pytest

BENCH = Path(os.environ["BLDR_BUILD"]) / "tests" / "bench" / "engine_bench"


def run(*options: str | Path) -> list[dict[str, float | str]]:
    done = subprocess.run([BENCH, *options], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def cases() -> list[str]:
    done = subprocess.run([BENCH, "--list"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()


def test_every_case_answers(tmp_path: Path) -> None:
    found = {str(r["case"]): r for r in run("--quick", "--scratch", tmp_path)}
    assert list(found) == cases() and len(found) >= 30
    for name, fields in found.items():
        numbers = {k: v for k, v in fields.items() if k != "case"}
        assert len(numbers) >= 3, name
        assert all(isinstance(v, int | float) for v in numbers.values()), name
        assert float(fields["peak_rss_kib"]) > 1000, name
    assert list(tmp_path.iterdir()) == []  # nothing is left behind


def test_large_state_that_stays_is_not_stored_again(tmp_path: Path) -> None:
    (static,) = run("--case", "state_100k_static", "--scratch", tmp_path)
    assert float(static["db_bytes_per_superstep"]) < 2000 + 100_000 / 100
    (rewritten,) = run("--case", "state_100k_rewritten", "--scratch", tmp_path)
    assert 100_000 < float(rewritten["db_bytes_per_superstep"]) < 120_000


def test_parked_threads_are_rows(tmp_path: Path) -> None:
    (parked,) = run("--quick", "--case", "parked_5000_normal", "--scratch", tmp_path)
    assert float(parked["heap_bytes_per_thread"]) < 1024
    assert 0 < float(parked["db_bytes_per_thread"]) <= 1024


def test_a_case_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        run("--case", "no_such_case", "--scratch", tmp_path)
    assert refused.value.returncode == 2
