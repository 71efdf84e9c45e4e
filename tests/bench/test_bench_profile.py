"""The profile benchmark, on one megabyte: that it runs and says what its page promises."""

import json
import os
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parent / "profile"


def test_smoke(tmp_path: Path) -> None:
    build = os.environ["BLDR_BUILD"]
    command: list[str | Path] = [
        sys.executable,
        BENCH,
        "--megabytes",
        "1",
        "--build",
        build,
        "--scratch",
        tmp_path,
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    assert 1_000_000 <= found["bytes"] < 1_001_000
    assert found["rows"] > 5000 and found["columns"] == 16
    for party in ("bldr", "duckdb_1_thread", "duckdb_default"):
        run = found[party]
        assert run["columns"] == 16
        assert run["cpu_s"] > 0 and run["wall_s"] > 0 and run["peak_rss_kib"] > 1000
        assert run["cpu_s_per_gb"] > 0 and run["mb_per_s"] > 0
    best = min(found["duckdb_1_thread"]["cpu_s"], found["duckdb_default"]["cpu_s"])
    assert abs(found["cpu_ratio"] - best / found["bldr"]["cpu_s"]) < 0.01
    assert list(tmp_path.iterdir()) == []  # nothing is left behind


def test_rows_and_same_bytes(tmp_path: Path) -> None:
    bench = Path(os.environ["BLDR_BUILD"]) / "tests" / "bench" / "profile_bench"
    for name in ("a", "b"):
        subprocess.run([bench, "make", tmp_path / name, "0", "100"], check=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes().count(b"\n") == 101
