"""Runs checks_probe and reads what it says."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

PROBE = Path(os.environ["BLDR_BUILD"]) / "tests/checks/checks_probe"


class ProbeError(Exception):
    """`code` is the error's name, such as INVALID."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = text.partition(":")[0]


def run(command: str, case: Path, source: Path) -> str:
    done = subprocess.run(
        [PROBE, command, case, source], capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode == 1 and "AddressSanitizer" not in done.stderr:
        raise ProbeError(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout


def records(case: Path, source: Path) -> list[dict[str, Any]]:
    # A line feed ends a line of the output, nothing else that Unicode calls one.
    return [json.loads(line) for line in run("records", case, source).split("\n") if line]


def load(case: Path, name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((case / f"{name}.json").read_text(encoding="utf-8"))
    return result


def store(case: Path, name: str, content: dict[str, Any]) -> None:
    (case / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def contract(case: Path, source: Path) -> dict[str, Any]:
    run("contract", case, source)
    return load(case, "contract")


def findings(case: Path, source: Path) -> dict[str, Any]:
    run("findings", case, source)
    return load(case, "findings")
