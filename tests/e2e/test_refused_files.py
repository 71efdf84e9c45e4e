"""Files that bldr reads and its notebooks do not: a run here says so and ends validated, a run there ends before anything is sent."""

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bldr import BIN, run_job

# Katakana and Hiragana, of which the detector is sure.
NAMES = [
    "サクラのはな",
    "やまのうえ",
    "ひがしのまち",
    "アイスクリーム",
    "にほんのほん",
    "とうきょうタワー",
]
TEXT = "shop_id,name\n" + "".join(f"{i},{NAMES[i % 6]}です\n" for i in range(1, 31))
REASON = "its encoding, shift_jis, is not one that the notebooks read: convert it to UTF-8"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "shops.csv").write_bytes(TEXT.encode("shift_jis"))
    sales = "".join(f"{i},{i % 30 + 1},{i}.50\n" for i in range(1, 81))
    (folder / "_sales.csv").write_text(f"sale_id,shop_id,amount\n{sales}")
    return folder


EXPECTED = [
    {"path": "_sales.csv", "reason": "Spark passes over names that begin with _: rename it"},
    {"path": "shops.csv", "reason": REASON},
]


def test_a_run_here_names_them(source: Path, tmp_path: Path) -> None:
    outcome = run_job(source, tmp_path / "out")
    assert outcome["verdict"] == "validated"
    assert outcome["refused"] == EXPECTED
    folder = Path(outcome["folder"])
    pipeline = json.loads((folder / outcome["artefacts"]["pipeline"]["path"]).read_text())
    assert pipeline["refused"] == EXPECTED
    page = (folder / "report.html").read_text()
    assert all(file["path"] in page and file["reason"] in page for file in EXPECTED)


def test_a_run_there_ends_before_anything_is_sent(source: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as workspace:
        workspace.settimeout(0.2)
        host = f"http://127.0.0.1:{workspace.getsockname()[1]}"
        mine: dict[str, Any] = {
            k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "ARM_"))
        }
        where = ["--target", "databricks", "--schema", "s", "--output", str(tmp_path / "out")]
        done = subprocess.run(
            [BIN, "run", "--source-dir", source, *where],
            env=mine | {"DATABRICKS_HOST": host, "DATABRICKS_TOKEN": "t"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        with pytest.raises(TimeoutError):
            workspace.accept()
    assert done.returncode not in (0, 1)
    told = done.stdout + done.stderr
    assert f'"shops.csv": {REASON}' in told, told
    assert '"_sales.csv": Spark passes over' in told and "--target embedded" in told


def test_files_that_are_read_are_not_named(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "shops.csv").write_text(TEXT)
    outcome = run_job(tmp_path / "in", tmp_path / "out")
    assert outcome["refused"] == []
