"""What goes wrong is said: one clear message, the right exit code, nothing lost."""

import gzip
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bldr import BIN, HOOKED, JAFFLE, ROOT, run


def copy_jaffle(to: Path) -> Path:
    to.mkdir(exist_ok=True)
    for path in JAFFLE.glob("*.csv"):
        shutil.copy(path, to)
    return to


def test_missing_folder(tmp_path: Path) -> None:
    done = run("run", "--source-dir", tmp_path / "nowhere", "--output", tmp_path / "out")
    assert done.returncode == 2
    assert "nowhere" in done.stderr and "no such file" in done.stderr
    assert not (tmp_path / "out").exists()


def test_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("run", "--source-dir", tmp_path / "empty", "--output", tmp_path / "out")
    assert done.returncode == 2
    assert "holds no file that is read" in done.stderr


def test_what_is_not_read_is_said(tmp_path: Path) -> None:
    """A folder, a spreadsheet and an archive may be missed; a licence and a hidden file are not."""
    source = tmp_path / "source"
    (source / "2024" / "more").mkdir(parents=True)
    (source / "2024" / "orders.csv").write_text("id\n1\n")
    commands: list[list[str | Path]] = [
        ["run", "-s", source, "-o", tmp_path / "out"],
        ["plan", source],
    ]
    for args in commands:
        done = run(*args)
        assert done.returncode == 2
        assert '"2024/" (a folder: only files that lie directly' in done.stderr
    assert not (tmp_path / "out").exists()
    copy_jaffle(source)
    for name in ("Budget.XLSX", "old.csv.zip", "LICENSE", ".hidden.csv"):
        (source / name).write_bytes(b"PK\x03\x04")
    done = run("run", "-s", source, "-o", tmp_path / "out")
    assert done.returncode == 0
    said = [line.strip() for line in done.stdout.splitlines() if "not read:" in line]
    assert said == [
        'not read: "2024/" (a folder: only files that lie directly in the source folder are read)',
        'not read: "Budget.XLSX" (a spreadsheet: save each sheet as a CSV file)',
        'not read: "old.csv.zip" (an archive: unpack it)',
    ]


def test_a_file_instead_of_a_folder() -> None:
    done = run("run", "--source-dir", JAFFLE / "raw_orders.csv")
    assert done.returncode == 2
    assert "not a folder" in done.stderr


def test_unreadable_file(tmp_path: Path) -> None:
    """As a user without rights: root may read everything."""
    source = copy_jaffle(tmp_path / "source")
    (source / "raw_orders.csv").chmod(0o000)
    tmp_path.chmod(0o755)
    source.chmod(0o755)
    output = tmp_path / "out"
    output.mkdir(mode=0o777)
    output.chmod(0o777)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    # a copy that nobody may run, since the build may stand in a folder closed to others
    binary = tmp_path / "bldr"
    shutil.copy(BIN, binary)
    binary.chmod(0o755)
    become: dict[str, Any] = (
        {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    )
    done = subprocess.run(
        [binary, "run", "--source-dir", source, "--output", output],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        **become,
    )
    assert done.returncode == 3, done.stderr
    assert "raw_orders.csv" in done.stderr and "permission denied" in done.stderr


def test_a_file_that_changed_between_kill_and_resume(tmp_path: Path) -> None:
    source = copy_jaffle(tmp_path / "source")
    output = tmp_path / "out"
    assert (
        run("run", "--source-dir", source, "--output", output, hook="kill=40").returncode
        == -signal.SIGKILL
    )
    before = (source / "raw_payments.csv").read_bytes()
    (source / "raw_payments.csv").write_bytes(before + b"114,99,coupon,1\n")
    refused = run("runs", "resume", "--output", output)
    assert refused.returncode == 2, refused.stderr
    assert "raw_payments.csv" in refused.stderr and "changed" in refused.stderr
    (source / "raw_payments.csv").write_bytes(before)
    assert run("runs", "resume", "--output", output).returncode == 0


def test_a_second_run_on_a_locked_output(tmp_path: Path) -> None:
    output = tmp_path / "out"
    with subprocess.Popen(
        [HOOKED, "pause=10", "run", "--source-dir", JAFFLE, "--output", output],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as first:
        stopped, status = os.waitpid(first.pid, os.WUNTRACED)
        assert stopped == first.pid and os.WIFSTOPPED(status)
        second = run("run", "--source-dir", JAFFLE, "--output", output)
        listed = run("runs", "list", "--output", output)
        first.send_signal(signal.SIGCONT)
        assert first.wait(timeout=60) == 0
    assert second.returncode == 2
    assert f"process {first.pid}" in second.stderr and "bldr.db" in second.stderr
    assert listed.returncode == 0 and "running" in listed.stdout


def test_interrupted_and_resumed(tmp_path: Path) -> None:
    output = tmp_path / "out"
    with subprocess.Popen(
        [HOOKED, "pause=12", "run", "--source-dir", JAFFLE, "--output", output],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as first:
        os.waitpid(first.pid, os.WUNTRACED)
        first.send_signal(signal.SIGINT)
        first.send_signal(signal.SIGCONT)
        told, _ = first.communicate(timeout=60)
    assert first.returncode == 130
    assert "bldr runs resume" in told
    assert run("runs", "resume", "--output", output).returncode == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run"], "--source-dir is missing"),
        (["run", "--source-dri", "x"], "source-dir"),
        (["rnu"], 'did you mean "bldr run"'),
        (["runs", "show", "nothing", "--output", "."], "no runs in"),
        ([], "usage: bldr"),
    ],
)
def test_wrong_use(args: list[str], said: str) -> None:
    done = run(*args)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_run_that_waits_for_an_answer_says_so(tmp_path: Path) -> None:
    """No agent asks yet: the pending effect of a killed run is made a question behind its back."""
    output = tmp_path / "out"
    run("run", "--source-dir", JAFFLE, "--output", output, hook="kill=42")
    with sqlite3.connect(output / "bldr.db") as db:
        changed = db.execute(
            """UPDATE effect SET kind='interrupt', request='{"question":"Load it?"}'
                WHERE status IS NULL"""
        ).rowcount
    assert changed == 1
    shown = run("runs", "show", "--output", output)
    assert "waits for an answer" in shown.stdout and "Load it?" in shown.stdout
    assert "/5:design#0.0" in shown.stdout
    resumed = run("runs", "resume", "--output", output, "--json")
    assert resumed.returncode == 130
    (waits,) = json.loads(resumed.stdout)["interrupts"]
    assert waits["question"] == {"question": "Load it?"}
    assert waits["key"].endswith("/1:analyst.design/5:design#0.0")
    before = json.loads(run("runs", "list", "--output", output, "--json").stdout)[0]
    assert before["interrupts"] == [waits] and before["status"] == "running"


def test_resume_with_nothing_to_resume(tmp_path: Path) -> None:
    assert run("run", "--source-dir", JAFFLE, "--output", tmp_path).returncode == 0
    done = run("runs", "resume", "--output", tmp_path)
    assert done.returncode == 2
    assert "no unfinished run" in done.stderr


def test_every_command_explains_itself() -> None:
    commands = [
        "run",
        "plan",
        "profile",
        "runs list",
        "runs show",
        "runs resume",
        "runs approve",
        "runs redesign",
        "runs reject",
        "trace",
        "score",
        "kb list",
        "kb show",
        "kb search",
        "graph run",
        "graph check",
        "graph draw",
        "threads list",
        "threads show",
        "threads history",
        "threads state",
        "threads events",
        "threads fork",
        "threads update",
        "threads copy",
        "threads resume",
        "threads answer",
        "threads cancel",
        "threads delete",
        "threads prune",
        "threads sweep",
        "databricks check",
        "databricks smoke",
        "workspace start",
        "workspace stop",
        "workspace status",
        "config",
        "doctor",
        "completion",
        "version",
    ]
    listed = run("--help").stdout
    page = (ROOT / "docs" / "commands.md").read_text()
    for command in commands:
        done = run(*command.split(), "--help")
        assert done.returncode == 0 and f"bldr {command}" in done.stdout
        assert f"  {command} " in listed and f"\n## bldr {command}\n" in page
    assert [line.split("  ")[1] for line in listed.splitlines() if line.startswith("  ")][
        : len(commands)
    ] == commands


def test_progress_is_plain_lines_without_a_terminal(tmp_path: Path) -> None:
    done = run("run", "--source-dir", JAFFLE, "--output", tmp_path)
    assert "\033" not in done.stderr and "\r" not in done.stderr
    assert "analyst.discover" in done.stderr


def test_wrong_files_found_inside_the_run(tmp_path: Path) -> None:
    """Not the world's fault: the message names each file and why, the exit code is that of wrong input."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "orders.csv").write_bytes(b"id,us\x00er\n1,2\n")
    (source / "items.csv.gz").write_bytes(gzip.compress(b"id,n\n1,2\n" * 99)[:-9])
    done = run("run", "--source-dir", source, "--output", tmp_path / "out", "--json")
    assert done.returncode == 2, done.stderr
    outcome = json.loads(done.stdout)
    assert (outcome["status"], outcome["error_code"]) == ("failed", "INVALID")
    assert '"orders.csv" (its header in line 1 cannot be read: a NUL byte)' in outcome["error"]
    assert '"items.csv.gz" cannot be unpacked: its gzip data ends too early' in outcome["error"]


def test_wrong_files_among_good_ones(tmp_path: Path) -> None:
    """One bad file does not fail the other three; each that is left out is said, with its reason."""
    source = copy_jaffle(tmp_path / "source")
    (source / "half.csv.gz").write_bytes(gzip.compress(b"id,n\n1,2\n" * 99)[:-9])
    (source / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (source / "outside.csv").symlink_to("/etc/passwd")
    done = run("run", "--source-dir", source, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'not read: "half.csv.gz" ("half.csv.gz" cannot be unpacked' in done.stdout
    assert 'not read: "picture.csv" (binary: a picture)' in done.stdout
    assert 'not read: "outside.csv" (a symbolic link that leads out' in done.stdout


@pytest.mark.parametrize("limit", [16_384, 65_536, 150_000, 230_000, 300_000])
def test_a_disk_that_fills_up_during_the_run(tmp_path: Path, limit: int) -> None:
    """No file may grow beyond the limit: a work function or a commit is refused, and a resume goes on."""

    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    output = tmp_path / "out"
    done = run("run", "--source-dir", JAFFLE, "--output", output, preexec_fn=limit_files)
    assert done.returncode == 3, done.stdout + done.stderr
    assert str(output) in done.stderr + done.stdout
    began = run("runs", "list", "--output", output, "--json")
    if began.returncode == 0 and json.loads(began.stdout):
        resumed = run("runs", "resume", "--output", output)
        assert resumed.returncode == 0, resumed.stderr
    else:
        assert limit <= 150_000  # the journal itself had no room


def test_an_output_folder_that_goes_away_during_the_run(tmp_path: Path) -> None:
    output = tmp_path / "out"
    with subprocess.Popen(
        [HOOKED, "pause=5", "run", "--source-dir", JAFFLE, "--output", output, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as first:
        os.waitpid(first.pid, os.WUNTRACED)
        artefacts = next(output.glob("*/artefacts"))
        shutil.rmtree(artefacts)
        artefacts.write_text("a file where the folder was")
        first.send_signal(signal.SIGCONT)
        told, _ = first.communicate(timeout=60)
    assert first.returncode == 3, told
    assert json.loads(told)["error_code"] == "IO"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["kb"], 'no command "kb"; there is: kb list, kb show, kb search\n'),
        (["graph"], 'no command "graph"; there is: graph run, graph check, graph draw\n'),
        (["runs", "lst"], 'no command "runs lst"; did you mean "bldr runs list"?\n'),
        (["plna"], 'no command "plna"; did you mean "bldr plan"?\n'),
        (["plan"], "bldr: an operand is missing\nusage: bldr plan DIR [--json]\n"),
        (["version", "x"], 'bldr: unexpected operand "x"\nusage: bldr version\n'),
    ],
)
def test_a_mistyped_command_is_told_once(args: list[str], said: str) -> None:
    done = run(*args)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("usage:") < 2
