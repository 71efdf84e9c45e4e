#!/usr/bin/env python3
"""LangGraph for Python and for JavaScript beside this engine: the same graphs, in turn, in one go.

Usage: .venv/bin/python tests/bench/compare-langgraph [--rounds N] [--case NAME]... [--build DIR] [--scratch DIR] [--table]

Installs the versions of requirements.txt and package.json into the scratch folder (build/langgraph) when they are not there:
that needs pip, npm, node and their registries. Each case is run by each party in a process of its own, --rounds times in turn;
medians count. Prints one JSON object, or with --table the rows of docs/benchmarks.md. Ratios are theirs over ours: the better one of
the two LangGraphs, in CPU time where a time is compared, since other programs run meanwhile.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]

Fields = dict[str, float]


class Case(NamedTuple):
    title: str
    theirs: str  # the case of graphs.py and graphs.js
    ours: str  # of engine_bench
    field: tuple[str, str]  # what is compared: theirs, ours
    unit: str


CASES = {
    "chain_memory": Case("superstep, chain of 100, in memory", "chain_100_memory", "chain_100_memory",
                         ("cpu_us", "cpu_us_per_superstep"), "us CPU"),
    "loop_memory": Case("superstep, loop of 1000, in memory", "loop_1000_memory", "loop_1000_memory",
                        ("cpu_us", "cpu_us_per_superstep"), "us CPU"),
    "loop_journal": Case("superstep, loop of 1000, journaled", "loop_1000_normal", "loop_1000_normal",
                         ("cpu_us", "cpu_us_per_superstep"), "us CPU"),
    "loop_effects": Case("the same, a commit in each superstep (ours: with an effect)", "loop_1000_normal",
                         "loop_1000_effects_normal", ("cpu_us", "cpu_us_per_superstep"), "us CPU"),
    "fanout_memory": Case("task, send to 1000, in memory", "fanout_1000_memory", "fanout_1000_memory",
                          ("cpu_us", "cpu_us_per_task"), "us CPU"),
    "fanout_journal": Case("task, send to 1000, journaled", "fanout_1000_normal", "fanout_1000_normal",
                           ("cpu_us", "cpu_us_per_task"), "us CPU"),
    "threads": Case("superstep, 1000 threads of 20, journaled (Python: one by one)", "threads_1000x20_normal",
                    "threads_1000x20_effects_normal", ("cpu_us", "cpu_us_per_superstep"), "us CPU"),
    "threads_full": Case("the same, ours safe against lost power", "threads_1000x20_normal",
                         "threads_1000x20_effects_full", ("cpu_us", "cpu_us_per_superstep"), "us CPU"),
    "threads_memory": Case("1000 threads of 20, journaled: peak memory", "threads_1000x20_normal",
                           "threads_1000x20_effects_normal", ("peak_rss_kib", "peak_rss_kib"), "KiB"),
    "static_state": Case("superstep, 100 KB of state that stays: database", "state_100k_static_normal",
                         "state_100k_static", ("db_bytes", "db_bytes_per_superstep"), "B"),
    "rewritten_state": Case("superstep, 100 KB of state rewritten: database", "state_100k_rewritten_normal",
                            "state_100k_rewritten", ("db_bytes", "db_bytes_per_superstep"), "B"),
    "growing_state": Case("superstep, a list that grows by 1 KB: database", "state_growing_1k_normal",
                          "state_growing_1k", ("db_bytes", "db_bytes_per_superstep"), "B"),
    "parked_disk": Case("thread that waits for a person: database", "parked", "parked_5000_normal",
                        ("db_bytes", "db_bytes_per_thread"), "B"),
    "parked_cpu": Case("its answer, until it has ended", "parked", "parked_5000_normal",
                       ("resume_cpu_us", "resume_cpu_us"), "us CPU"),
    "cold_cpu": Case("process, one journaled superstep, exit", "cold_start", "cold_start",
                     ("cpu_ms", "cpu_ms"), "ms CPU"),
    "cold_memory": Case("the same: peak memory", "cold_start", "cold_start",
                        ("peak_rss_kib", "process_peak_rss_kib"), "KiB"),
}  # fmt: skip


def install(scratch: Path) -> None:
    """Both LangGraphs, unless this folder has them. What pip and npm say goes to stderr."""
    scratch.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "graphs.js", "graphs.py"):
        shutil.copy(HERE / name, scratch / name)
    python = scratch / "python"
    if not (python / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", python], check=True, stdout=sys.stderr)
        pip: list[str | Path] = [
            python / "bin" / "pip",
            "install",
            "--quiet",
            "-r",
            HERE / "requirements.txt",
        ]
        subprocess.run(pip, check=True, stdout=sys.stderr)
        (python / "installed").touch()
    if not (scratch / "node_modules" / "installed").exists():
        npm = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(npm, check=True, cwd=scratch, stdout=sys.stderr)
        (scratch / "node_modules" / "installed").touch()


def answer(command: list[str | Path], folder: str) -> Fields:
    """The last line of a process as JSON, and that process's CPU time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(
        [str(c) for c in command], stdout=subprocess.PIPE, text=True, check=True, cwd=folder
    )
    wall_ms = (time.perf_counter() - began) * 1e3
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found: Fields = json.loads(done.stdout.splitlines()[-1])
    found.setdefault(
        "cpu_ms", (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3
    )
    found.setdefault("wall_ms", wall_ms)
    return found


def ask(party: str, case: str, scratch: Path, bench: Path) -> Fields:
    with tempfile.TemporaryDirectory(prefix="bldr-compare-") as folder:
        commands: dict[str, list[str | Path]] = {
            "python": [scratch / "python" / "bin" / "python", scratch / "graphs.py", case, folder],
            "javascript": ["node", "--no-warnings", scratch / "graphs.js", case, folder],
            "bldr": [bench, "--case", case, "--scratch", folder],
        }
        return answer(commands[party], folder)


def measure(
    names: list[str], rounds: int, scratch: Path, bench: Path
) -> dict[tuple[str, str], Fields]:
    """(party, its case) -> fields, each the median of its rounds. The parties take turns."""
    wanted = {(p, CASES[n].theirs) for n in names for p in ("python", "javascript")}
    wanted |= {("bldr", CASES[n].ours) for n in names}
    runs: dict[tuple[str, str], list[Fields]] = {
        w: [] for w in sorted(wanted, key=lambda w: (w[1], w[0]))
    }
    for number in range(rounds):
        for (party, case), found in runs.items():
            print(f"round {number + 1}: {party} {case}", file=sys.stderr)
            found.append(ask(party, case, scratch, bench))
    medians = {}
    for who, found in runs.items():
        numbers = [k for k, v in found[0].items() if isinstance(v, (int, float))]
        medians[who] = {k: statistics.median(f[k] for f in found) for k in numbers}
    return medians


def compare(name: str, found: dict[tuple[str, str], Fields]) -> dict[str, Any]:
    case = CASES[name]
    theirs = {p: found[p, case.theirs][case.field[0]] for p in ("python", "javascript")}
    ours = found["bldr", case.ours][case.field[1]]
    return {
        "what": case.title,
        "unit": case.unit,
        "python": round(theirs["python"], 2),
        "javascript": round(theirs["javascript"], 2),
        "bldr": round(ours, 2),
        "ratio": round(min(theirs.values()) / ours, 1),
    }


def versions(scratch: Path) -> dict[str, str]:
    package = scratch / "node_modules" / "@langchain" / "langgraph" / "package.json"
    pinned = (HERE / "requirements.txt").read_text().splitlines()[0].split("==")[1]
    return {"python": pinned, "javascript": json.loads(package.read_text())["version"]}


def table(rows: list[dict[str, Any]]) -> str:
    head = "| | unit | LangGraph, Python | LangGraph, JavaScript | bldr | ratio to the better |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(
        f"| {r['what']} | {r['unit']} | {r['python']:,} | {r['javascript']:,} | {r['bldr']:,} | {r['ratio']:,} |"
        for r in rows
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", action="append", choices=sorted(CASES), help="only these")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--scratch", type=Path, default=ROOT / "build" / "langgraph")
    parser.add_argument("--table", action="store_true", help="a table instead of JSON")
    options = parser.parse_args()
    bench = (options.build / "tests" / "bench" / "engine_bench").resolve()
    if not bench.exists():
        print(f"{bench} is missing: build the preset with its tests first", file=sys.stderr)
        return 2
    scratch = options.scratch.resolve()
    install(scratch)
    names = options.case or list(CASES)
    found = measure(names, options.rounds, scratch, bench)
    rows = [compare(name, found) for name in names]
    if options.table:
        print(table(rows))
        return 0
    parties = {f"{p} {c}": fields for (p, c), fields in sorted(found.items())}
    report = {
        "versions": versions(scratch),
        "load": os.getloadavg()[0],
        "rounds": options.rounds,
        "ratios": dict(zip(names, rows, strict=True)),
        "measured": parties,
    }
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
