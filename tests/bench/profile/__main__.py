#!/usr/bin/env python3
"""The profile pass beside DuckDB's SUMMARIZE, over the same generated file, in one run.

Usage: .venv/bin/python tests/bench/profile [--megabytes N | --rows N] [--build DIR] [--scratch DIR] [--repeat N]

Prints one JSON object. CPU seconds are user and system time of the process that did the work, start-up of Python and
of DuckDB aside; of several repeats the best counts, for each party alike. Peak memory is VmHWM.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]

SUMMARIZE = """
import duckdb, json, resource, sys, time
connection = duckdb.connect()
connection.execute("set enable_progress_bar = false")
if sys.argv[2] != "0":
    connection.execute(f"set threads = {sys.argv[2]}")
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
before, start = cpu(), time.perf_counter()
path = sys.argv[1].replace("'", "''")
rows = connection.execute(f"summarize select * from read_csv('{path}')").fetchall()
wall, used = time.perf_counter() - start, cpu() - before
peak = next(l for l in open("/proc/self/status") if l.startswith("VmHWM:")).split()[1]
print(json.dumps({"cpu_s": round(used, 3), "wall_s": round(wall, 3), "peak_rss_kib": int(peak),
                  "columns": len(rows), "version": duckdb.__version__}))
"""


def answer(*command: str | Path) -> dict[str, Any]:
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(repeat: int, size: int, *command: str | Path) -> dict[str, Any]:
    best = min((answer(*command) for _ in range(repeat)), key=lambda run: run["cpu_s"])
    best["cpu_s_per_gb"] = round(best["cpu_s"] / size * 1e9, 2)
    best["mb_per_s"] = round(size / 1e6 / max(best["wall_s"], 1e-6), 1)
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=0, help="size of the file (300)")
    parser.add_argument("--rows", type=int, default=0, help="rows of the file instead")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--scratch", type=Path, help="where the file is made; $TMPDIR")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the best counts")
    options = parser.parse_args()
    megabytes = options.megabytes or (0 if options.rows else 300)
    bench = options.build / "tests" / "bench" / "profile_bench"
    if not bench.exists():
        print(f"{bench} is missing: build the preset with its tests first", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="bldr-bench-") as folder:
        path = Path(folder) / "orders.csv"
        subprocess.run([bench, "make", path, str(megabytes), str(options.rows)], check=True)
        size = path.stat().st_size
        ours = measure(options.repeat, size, bench, "run", folder)
        one = measure(options.repeat, size, sys.executable, "-c", SUMMARIZE, path, "1")
        default = measure(options.repeat, size, sys.executable, "-c", SUMMARIZE, path, "0")
    found = {
        "bytes": size,
        "rows": ours["rows"],
        "columns": ours["columns"],
        "bldr": ours,
        "duckdb_1_thread": one,
        "duckdb_default": default,
        "cpu_ratio": round(min(one["cpu_s"], default["cpu_s"]) / max(ours["cpu_s"], 1e-6), 2),
    }
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
