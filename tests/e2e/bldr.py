"""Running bldr from tests: the binary as shipped, and the one with a hook in its way."""

import json
import os
import re
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(os.environ["BLDR_ROOT"])
BIN = os.environ["BLDR_BIN"]
HOOKED = str(Path(os.environ["BLDR_BUILD"]) / "bldr_hooked")
JAFFLE = ROOT / "data" / "jaffle_shop"

# The columns of a warehouse that differ between runs of equal input: idempotency keys name the run.
RUN_TABLES = {"bldr_load"}


def run(
    *args: str | Path, hook: str | None = None, **kwargs: Any
) -> subprocess.CompletedProcess[str]:
    """Runs bldr with args; never raises on its exit code."""
    program = [BIN] if hook is None else [HOOKED, hook]
    return subprocess.run(
        [*program, *map(str, args)], capture_output=True, text=True, timeout=120, **kwargs
    )


def run_job(source: Path, output: Path, hook: str | None = None) -> dict[str, Any]:
    """Runs the main job to its end and returns its outcome."""
    done = run("run", "--source-dir", source, "--output", output, "--json", hook=hook)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def without_costs(page: bytes) -> bytes:
    """A report without the one section that says how long this run took; other files as they are."""
    return re.sub(rb'<section id="measured".*?</section>', b"", page, flags=re.S)


def artefacts(folder: Path) -> dict[str, bytes]:
    """Every file of a run that must be the same bytes in every run over equal input."""
    paths = [
        p for sub in ("artefacts", "pipeline") for p in (folder / sub).rglob("*") if p.is_file()
    ]
    paths += [folder / name for name in ("report.html", "questions.json", "questions.sql")]
    return {str(p.relative_to(folder)): without_costs(p.read_bytes()) for p in sorted(paths)}


def warehouse_rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables of a warehouse, but for the load keys."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        names = [
            r[0]
            for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        return {
            name: sorted(db.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
            for name in names
            if name not in RUN_TABLES
        }
