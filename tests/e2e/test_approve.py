"""bldr run --approve: nothing is built before a person has said yes, and what was approved is given from then on."""

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bldr import BIN, JAFFLE, run

RAW = ["raw_customers.csv", "raw_orders.csv", "raw_payments.csv"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name in RAW:
        shutil.copy(JAFFLE / name, folder)
    return folder


def asked(source: Path, output: Path) -> dict[str, Any]:
    done = run("run", "-s", source, "-o", output, "--approve", "--json", stdin=subprocess.DEVNULL)
    assert done.returncode == 130, done.stderr
    return json.loads(done.stdout)


def test_waits_before_anything_is_built(source: Path, tmp_path: Path) -> None:
    outcome = asked(source, tmp_path / "out")
    question = outcome["interrupts"][0]["question"]
    assert question["kind"] == "approve_design"
    folder = Path(outcome["folder"])
    assert (folder / question["design"]["path"]).exists()
    assert not (folder / "warehouse.db").exists()
    assert not (folder / "pipeline").exists()
    assert not (source / "bldr.json").exists()
    shown = run("runs", "show", "-o", tmp_path / "out").stdout
    assert "fact_payment: fact from raw_payments" in shown
    assert f"bldr runs approve {outcome['run']}" in shown


def test_the_commands_it_tells_can_be_pasted(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "my $HOME's out"
    told = run("run", "-s", source, "-o", output, "--approve", stdin=subprocess.DEVNULL).stdout
    command = next(line for line in told.splitlines() if "build it:" in line).split(":", 1)[1]
    bash = ["bash", "-c", f'bldr() {{ "$0" "$@"; }}; {command}', BIN]
    done = subprocess.run(bash, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and "validated" in done.stdout, done.stderr


def test_resume_asks_again(source: Path, tmp_path: Path) -> None:
    asked(source, tmp_path / "out")
    done = run("runs", "resume", "-o", tmp_path / "out", stdin=subprocess.DEVNULL)
    assert done.returncode == 130
    assert "Is this the star you want?" in done.stdout


def test_approve_builds_and_pins(source: Path, tmp_path: Path) -> None:
    asked(source, tmp_path / "out")
    done = run("runs", "approve", "-o", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "validated"
    pinned = json.loads((source / "bldr.json").read_text())
    orders = pinned["tables"]["raw_orders"]
    assert orders["role"] == "fact"
    assert orders["key"] == ["id"]
    assert orders["foreign_keys"] == [
        {"columns": ["user_id"], "to": "raw_customers", "to_columns": ["id"]}
    ]
    assert orders["columns"]["order_date"] == {"date_format": "yyyy-MM-dd"}


def test_a_persons_file_is_not_written_over(source: Path, tmp_path: Path) -> None:
    theirs = '{\n  // ours\n  "tables": {"raw_orders": {"role": "fact"}}\n}\n'
    (source / "bldr.json").write_text(theirs)
    outcome = asked(source, tmp_path / "out")
    assert run("runs", "approve", "-o", tmp_path / "out").returncode == 0
    assert (source / "bldr.json").read_text() == theirs
    kept = json.loads((Path(outcome["folder"]) / "artefacts" / "bldr.json").read_text())
    assert set(kept["tables"]) == {"raw_customers", "raw_orders", "raw_payments"}


def test_a_folder_that_may_not_be_written_is_no_failure(source: Path, tmp_path: Path) -> None:
    """As a user without rights: root may write everywhere."""
    output = tmp_path / "out"
    outcome = asked(source, output)
    source.chmod(0o555)
    output.chmod(0o777)
    for path in output.rglob("*"):
        path.chmod(0o777)
    for parent in [tmp_path, *tmp_path.parents]:
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    binary = tmp_path / "bldr"  # the build may stand in a folder closed to others
    shutil.copy(BIN, binary)
    binary.chmod(0o755)
    become: dict[str, Any] = (
        {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    )
    done = subprocess.run(
        [binary, "runs", "approve", "-o", output],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        **become,
    )
    source.chmod(0o755)
    assert done.returncode == 0, done.stderr
    kept = Path(outcome["folder"]) / "artefacts" / "bldr.json"
    assert kept.exists() and not (source / "bldr.json").exists()
    assert f"decisions: {kept}" in done.stdout


def test_redesign_reads_the_files_anew(source: Path, tmp_path: Path) -> None:
    outcome = asked(source, tmp_path / "out")
    (source / "extra.csv").write_text("id,name\n1,a\n2,b\n")
    done = run("runs", "redesign", "-o", tmp_path / "out", "--json", stdin=subprocess.DEVNULL)
    assert done.returncode == 130, done.stderr
    question = json.loads(done.stdout)["interrupts"][0]["question"]
    assert question["design"]["path"] == "artefacts/design.v2.json"
    design = json.loads((Path(outcome["folder"]) / question["design"]["path"]).read_text())
    assert "extra" in [role["table"] for role in design["sources"]]
    assert run("runs", "approve", "-o", tmp_path / "out").returncode == 0


def test_approve_refuses_changed_files(source: Path, tmp_path: Path) -> None:
    asked(source, tmp_path / "out")
    (source / "raw_orders.csv").write_text("id,user_id\n1,1\n")
    done = run("runs", "approve", "-o", tmp_path / "out")
    assert done.returncode == 2
    assert "raw_orders.csv" in done.stderr and "changed" in done.stderr


def test_reject_ends_the_run(source: Path, tmp_path: Path) -> None:
    outcome = asked(source, tmp_path / "out")
    done = run("runs", "reject", "-o", tmp_path / "out", "--reason", "no payments", "--json")
    assert done.returncode == 130
    ended = json.loads(done.stdout)
    assert ended["status"] == "failed"
    assert "the design was rejected: no payments" in ended["error"]
    assert not (Path(outcome["folder"]) / "warehouse.db").exists()


def test_nothing_to_approve(source: Path, tmp_path: Path) -> None:
    done = run("runs", "approve", "-o", tmp_path / "none")
    assert done.returncode == 2
    assert run("run", "-s", source, "-o", tmp_path / "out").returncode == 0
    done = run("runs", "approve", "-o", tmp_path / "out")
    assert done.returncode == 2
    assert "no unfinished run" in done.stderr


def test_unknown_target_is_wrong_use(source: Path, tmp_path: Path) -> None:
    done = run("run", "-s", source, "-o", tmp_path / "out", "--target", "snowflake")
    assert done.returncode == 2
    assert "embedded" in done.stderr
    assert run("run", "-s", source, "-o", tmp_path / "out", "--target=embedded").returncode == 0


@pytest.mark.parametrize(
    ("typed", "exit_code", "shown"),
    [("what?\ny\n", 0, "validated:"), ("l\n", 130, "build it:"), ("n\n", 130, "rejected")],
)
def test_on_a_terminal_the_person_is_asked_at_once(
    source: Path, tmp_path: Path, typed: str, exit_code: int, shown: str
) -> None:
    controller, terminal = pty.openpty()
    child = subprocess.Popen(
        [BIN, "run", "-s", str(source), "-o", str(tmp_path / "out"), "--approve"],
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.DEVNULL,
    )
    os.close(terminal)
    os.write(controller, typed.encode())
    seen = b""
    while True:
        try:
            part = os.read(controller, 4096)
        except OSError:  # the terminal's other side is gone
            break
        if not part:
            break
        seen += part
    os.close(controller)
    assert child.wait(timeout=60) == exit_code, seen.decode()
    assert shown in seen.decode()
    assert "fact_payment" in seen.decode()
