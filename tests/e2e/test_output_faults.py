"""An output folder that takes no more: the disk is full, or it may not be written. Exit 3 says where, nothing is lost."""

import os
import resource
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from bldr import BIN, JAFFLE, run_job

SALES = 20_000


def write_shop(folder: Path) -> Path:
    folder.mkdir()
    sales = "".join(
        f"{i},{i % 29 + 1},{i % 1000}.50,2024-01-{i % 28 + 1:02}\n" for i in range(1, SALES + 1)
    )
    (folder / "sales.csv").write_text("sale_id,shop_id,amount,sold_on\n" + sales)
    shops = "".join(f"{i},Shop {i}\n" for i in range(1, 30))
    (folder / "shops.csv").write_text("shop_id,name\n" + shops)
    return folder


def test_full_disk_while_the_warehouse_is_loaded(tmp_path: Path) -> None:
    """No file may grow over 700 kB, which all but the warehouse fit in; with room again the run ends as any other."""
    source, output = write_shop(tmp_path / "source"), tmp_path / "out"
    limit = 700_000
    done = subprocess.run(
        [BIN, "run", "--source-dir", source, "--output", output, "--progress", "none"],
        capture_output=True,
        text=True,
        restore_signals=False,  # SIGXFSZ stays ignored
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        timeout=120,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "warehouse.db" in done.stderr and "bldr runs resume" in done.stdout + done.stderr
    assert not list(output.rglob("warehouse.db*")), "half a warehouse stays behind"
    resumed = subprocess.run(
        [BIN, "runs", "resume", "--output", output, "--progress", "none"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    again = run_job(source, tmp_path / "again")
    (warehouse,) = output.rglob("warehouse.db")
    rows = []
    for path in (warehouse, Path(again["warehouse"])):
        with sqlite3.connect(path) as db:
            rows.append(db.execute("SELECT * FROM v_fact_sale ORDER BY 1").fetchall())
    assert rows[0] == rows[1] and len(rows[0]) == SALES


@pytest.mark.parametrize("limit", [0, 1000, 10_000, 40_000, 200_000])
def test_a_journal_that_may_not_grow(tmp_path: Path, limit: int) -> None:
    """Too small for the journal's lock, its first page, its tables, the run: why, and what helps, is said each time."""
    done = subprocess.run(
        [BIN, "run", "--source-dir", JAFFLE, "--output", tmp_path / "out", "--progress", "none"],
        capture_output=True,
        text=True,
        restore_signals=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        timeout=60,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert f'"{tmp_path}/out/bldr.db' in done.stderr
    assert "File too large" in done.stderr and "ulimit -f" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to be another user for a moment")
@pytest.mark.parametrize("name", ["out", "out/new"])
def test_output_that_may_not_be_written(tmp_path: Path, name: str) -> None:
    source = write_shop(tmp_path / "source")
    (tmp_path / "out").mkdir(mode=0o555)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and "pytest" in str(folder):
            folder.chmod(0o755)
    binary = tmp_path / "bldr"  # a copy: the build may stand in a folder closed to others
    shutil.copy(BIN, binary)
    binary.chmod(0o755)
    done = subprocess.run(
        [binary, "run", "--source-dir", source, "--output", tmp_path / name, "--progress", "none"],
        capture_output=True,
        text=True,
        cwd="/",
        user=65534,
        group=65534,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert str(tmp_path / name) in done.stderr and "ermission denied" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []
