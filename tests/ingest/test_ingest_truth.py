"""Keys and foreign keys on the nine public sets, held to floors a little below what was measured when they were set.

jaffle_shop must be exact. The floors are per set (precision, recall) of primary keys and of foreign keys; the table
that truth.py prints is shown when a floor is missed, or always with pytest -s.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ingest_truth import HEAD, Count, row, score, score_files

ROOT = Path(os.environ["BLDR_ROOT"])
DUMP = Path(os.environ["BLDR_BUILD"]) / "tests" / "ingest" / "ingest_dump"
SHARED = ROOT.parent / "shared" / "data"

FLOORS = {  # set: keys, references; about one miss or mistake more than measured
    "adventureworks_sales": ((0.86, 0.86), (0.85, 0.91)),
    "camtrap_dp": ((0.66, 0.66), (0.66, 0.66)),
    "chinook": ((0.90, 0.90), (0.90, 0.90)),
    "jaffle_shop": ((1.00, 1.00), (1.00, 1.00)),
    "northwind": ((0.90, 0.90), (0.90, 0.90)),
    "oracle_co": ((0.85, 0.85), (0.88, 0.88)),
    "oracle_hr": ((0.85, 0.85), (0.90, 0.90)),
    "pubs": ((0.70, 0.77), (0.90, 0.90)),
    "sakila": ((0.93, 0.93), (0.95, 0.95)),
}


def assert_floor(count: Count, floor: tuple[float, float]) -> None:
    assert count.precision >= floor[0], count.wrong
    assert count.recall >= floor[1], count.missed


@pytest.mark.parametrize("name", FLOORS)
def test_floor(name: str) -> None:
    if not (SHARED / name).is_dir():
        pytest.skip(f"no {SHARED / name}")
    keys, references = score(DUMP, SHARED / name)
    print(f"\n{HEAD}\n{row(name, keys, references)}")
    assert_floor(keys, FLOORS[name][0])
    assert_floor(references, FLOORS[name][1])


def test_all_sets_together() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"no {SHARED}")
    keys, references = Count(), Count()
    print(f"\n{HEAD}")
    for folder in sorted(p.parent for p in SHARED.glob("*/ground_truth.json")):
        found = score(DUMP, folder)
        print(row(folder.name, *found))
        keys.add(found[0])
        references.add(found[1])
    print(row("all (micro)", keys, references))
    assert_floor(keys, (0.95, 0.96))  # 0.963, 0.975 measured
    assert_floor(references, (0.98, 0.99))  # 0.989, 1.000 measured


def test_shop_with_duplicates(tmp_path: Path) -> None:
    """data/ecommerce with its duplicates and orphans, written plainly: every key and reference of its truth."""
    subprocess.run(
        [sys.executable, ROOT / "tests" / "data" / "plain_shop.py", tmp_path], check=True
    )
    truth = json.loads((ROOT / "data" / "ecommerce" / "truth.json").read_text(encoding="utf-8"))
    keys, references = score_files(DUMP, tmp_path, truth)
    print(f"\n{HEAD}\n{row('ecommerce', keys, references)}")
    assert_floor(keys, (1.0, 1.0))
    assert_floor(references, (1.0, 1.0))
