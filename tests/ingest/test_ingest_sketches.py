"""Sketches spare reading and decide nothing: bldr profile, which has them, finds what the dump finds without."""

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(os.environ["BLDR_ROOT"])
DUMP = Path(os.environ["BLDR_BUILD"]) / "tests" / "ingest" / "ingest_dump"
SETS = [
    ROOT / "data" / "jaffle_shop",
    ROOT / "data" / "ecommerce",
    *sorted((ROOT.parent / "shared" / "data").glob("*/data")),
]


def output(*command: str | Path) -> dict[str, Any]:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def assert_same(folder: Path) -> list[dict[str, Any]]:
    with_sketches = output(os.environ["BLDR_BIN"], "profile", folder, "--json")
    without = output(DUMP, "profile", folder)
    assert with_sketches["tables"] == without["tables"]
    assert with_sketches["inclusions"] == without["inclusions"]
    inclusions: list[dict[str, Any]] = without["inclusions"]
    return inclusions


@pytest.mark.parametrize("folder", SETS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_sets(folder: Path) -> None:
    assert assert_same(folder)


@pytest.mark.parametrize("percent", [70, 74, 75, 76, 90])
@pytest.mark.parametrize("n", [200, 5000])
def test_around_three_quarters(tmp_path: Path, n: int, percent: int) -> None:
    """More values than a sketch holds, and fewer; some of the child's are none of its type."""
    rnd = random.Random(n + percent)
    codes = [f"K-{i * 7919 % 10**7:07}" for i in range(2 * n)]
    known, unknown = codes[:n], codes[n:]
    rnd.shuffle(known)
    (tmp_path / "parts.csv").write_text(
        "part_code,part_no\n" + "".join(f"{c},{i + 1}\n" for i, c in enumerate(known))
    )
    held = n * percent // 100
    rows = [(c, i + 1) for i, c in enumerate(known[:held])]
    rows += [(c, 10**6 + i) for i, c in enumerate(unknown[: n - held])]
    rnd.shuffle(rows)
    lines = [f"{i},{c},{'?' if i % 60 == 0 else k}\n" for i, (c, k) in enumerate(rows)]
    (tmp_path / "uses.csv").write_text("use_id,part_code,part_no\n" + "".join(lines))
    found = {tuple(i["from_columns"]) for i in assert_same(tmp_path) if i["from_table"] == "uses"}
    assert (("part_code",) in found) == (percent >= 75)
