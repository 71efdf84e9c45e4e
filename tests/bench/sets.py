#!/usr/bin/env python3
"""Runs bldr over every set with a truth file and prints one JSON object per set, and a table on stderr.

Per set: verdict, exit code, keys, foreign keys and roles against the truth (bldr score), facts and dimensions, rows read,
checks, warnings, CPU seconds (user + system) and peak memory of the run as the kernel counted them (wait4), wall seconds.

Usage: sets.py [--bldr PATH] [SET...]      a set is a folder with ground_truth.json and data/, or truth.json beside the files
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def find_sets() -> list[Path]:
    """The shared sets, and the project's own."""
    shared = sorted(p.parent for p in (ROOT.parent / "shared" / "data").glob("*/ground_truth.json"))
    return [*shared, ROOT / "data" / "ecommerce"]


def inputs(folder: Path) -> tuple[Path, Path]:
    """The folder of raw files of a set, and its truth."""
    if (folder / "ground_truth.json").exists():
        return folder / "data", folder / "ground_truth.json"
    return folder, folder / "truth.json"


def measured(args: list[str | Path]) -> tuple[int, str, dict[str, float]]:
    """Exit code, stdout, and what the process and its children used."""
    with tempfile.TemporaryFile() as out:
        began = time.monotonic()
        child = subprocess.Popen(list(map(str, args)), stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode()
    used: resource.struct_rusage = usage
    return (
        child.returncode,
        text,
        {
            "cpu_s": round(used.ru_utime + used.ru_stime, 3),
            "wall_s": round(wall, 3),
            "peak_mib": round(used.ru_maxrss / 1024, 1),
        },
    )


def run_set(bldr: str, folder: Path) -> dict[str, Any]:
    """One set: run, score, count."""
    raw, truth = inputs(folder)
    result: dict[str, Any] = {"set": folder.name}
    with tempfile.TemporaryDirectory() as output:
        code, text, used = measured(
            [bldr, "run", "--source-dir", raw, "--output", output, "--json"]
        )
        outcome = json.loads(text) if text else {}
        result |= {
            "exit": code,
            "verdict": outcome.get("verdict"),
            "checks": outcome.get("checks"),
            "errors": outcome.get("errors"),
            "warnings": outcome.get("warnings"),
        }
        if outcome.get("verdict") is not None:
            result |= count(Path(outcome["folder"]))
            score = subprocess.run(
                [bldr, "score", "--truth", truth, outcome["run"], "--output", output, "--json"],
                capture_output=True,
                text=True,
                check=True,
            )
            result |= {
                part: {k: values[k] for k in ("precision", "recall", "f1")}
                for part, values in json.loads(score.stdout).items()
                if isinstance(values, dict) and "f1" in values
            }
        return result | used


def count(folder: Path) -> dict[str, int]:
    """Facts, dimensions and rows read, from the newest artefacts."""

    def newest(name: str) -> dict[str, Any]:
        paths = (folder / "artefacts").glob(f"{name}.v*.json")
        last = max(paths, key=lambda p: int(p.name.split(".v")[1].split(".")[0]))
        artefact: dict[str, Any] = json.loads(last.read_text())
        return artefact

    tables = newest("design")["tables"]
    return {
        "facts": sum(t["kind"] == "fact" for t in tables),
        "dimensions": sum(t["kind"] in ("dimension", "date") for t in tables),
        "rows": sum(s["read"] for s in newest("deployment")["sources"]),
    }


def line(r: dict[str, Any]) -> str:
    """One line of the table."""

    def f1(part: str) -> str:
        value = r.get(part, {}).get("f1")
        return "-" if value is None else value[:4]

    return (
        f"{r['set']:22} {r['verdict'] or 'failed':10} {r['exit']:4} {r.get('rows', 0):8} "
        f"{r.get('facts', 0):5} {r.get('dimensions', 0):4} {f1('primary_keys'):>5} "
        f"{f1('foreign_keys'):>5} {f1('roles'):>5} {r['checks'] or 0:6} {r['warnings'] or 0:5} "
        f"{r['cpu_s']:7.2f} {r['peak_mib']:7.1f}"
    )


def main() -> int:
    """Returns 1 when some run ended neither validated nor with findings."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--bldr", default=os.environ.get("BLDR_BIN", ROOT / "build/release/bldr"))
    parser.add_argument("sets", nargs="*", type=Path)
    args = parser.parse_args()
    head = (
        "set                    verdict    exit     rows facts dims    PK    FK roles "
        "checks  warn   CPU s peak MiB"
    )
    print(head, file=sys.stderr)
    ended = True
    for folder in args.sets or find_sets():
        result = run_set(str(args.bldr), folder)
        print(json.dumps(result), flush=True)
        print(line(result), file=sys.stderr, flush=True)
        ended = ended and result["exit"] in (0, 1)
    return 0 if ended else 1


if __name__ == "__main__":
    sys.exit(main())
