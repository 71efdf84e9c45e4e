"""The Tester alone, over a run that somebody has changed afterwards."""

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

PROBE = Path(os.environ["BLDR_BUILD"]) / "tests" / "checks" / "checks_probe"


class CheckedRun:
    """What the Tester reads of a run that has ended, copied into a folder, to be broken there."""

    def __init__(self, case: Path, source: Path, run_folder: Path) -> None:
        self.case, self.source = case, source
        case.mkdir()
        for name in ("sources", "design", "contract", "sttm", "deployment"):
            shutil.copy(run_folder / "artefacts" / f"{name}.v1.json", case / f"{name}.json")
        for path in self.warehouses():
            shutil.copy(run_folder / "warehouse.db", path)

    def warehouses(self) -> list[Path]:
        """What was loaded, and what a second load of the same files has made of it."""
        return [self.case / "warehouse.db", self.case / "reloaded.db"]

    def execute(self, sql: str) -> None:
        """Changes both warehouses."""
        for path in self.warehouses():
            with sqlite3.connect(path) as db:
                db.execute(sql)

    def failed_checks(self) -> set[str]:
        """The checks that find an error now."""
        subprocess.run([PROBE, "findings", self.case, self.source], check=True, timeout=60)
        found: dict[str, Any] = json.loads((self.case / "findings.json").read_text())
        return {f["check"] for f in found["checks"] if not f["passed"] and f["severity"] == "error"}
