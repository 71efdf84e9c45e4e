"""What a person sees while a run goes on: live on a terminal, plain lines everywhere else, and how Ctrl-C is answered."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest
from bldr import BIN, HOOKED, JAFFLE

WIDTH = 72
STEPS = 19  # performed for jaffle_shop: discover, three tables, and fifteen more
LINE = re.compile(
    r"  [a-z]+\.[a-z_]+ +(done|failed) +\d+ ms(  raw_[a-z]+, \d+ rows)?"
    r"(  [\d,]+ rows)?(, [\d,]+ rows/s)?"
)


def on_terminal(*args: str | Path, **env: str) -> tuple[int, str]:
    """Exit code and what stderr was sent, stderr being a terminal of WIDTH columns; stdout is none."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
    surroundings = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen(
        [BIN, *map(str, args)],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=surroundings | {"TERM": "xterm"} | env,
    )
    os.close(theirs)
    text = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            got = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        text += got
        if not got:
            break
    os.close(ours)
    return process.wait(60), text.decode()


def shown(text: str) -> list[str]:
    """The lines that are left on the screen of a terminal that knows carriage return and erase-to-the-end."""
    lines = []
    for line in text.split("\n"):
        seen = ""
        for part in re.split(r"(\r\x1b\[K|\r)", line):
            seen = "" if part.startswith("\r\x1b") else seen if part == "\r" else seen + part
        lines.append(seen)
    return lines


def test_a_terminal_sees_it_live(tmp_path: Path) -> None:
    code, text = on_terminal("run", "--source-dir", JAFFLE, "--output", tmp_path)
    assert code == 0
    live = [x for x in re.split(r"\r\x1b\[K|\n", text) if "[" in x]
    assert len(live) >= STEPS / 2, "a live line for most steps"
    assert all(len(x.rstrip("\r")) < WIDTH for x in live), "none wraps"
    assert any(re.search(r"\[\d+ steps, 3 tables, 312 rows", x) for x in live)
    assert set(re.findall(r"\x1b\S{0,2}", text)) == {"\x1b[K"}, "no other control code"
    left = [x for x in shown(text) if x]
    assert left[0].startswith("run ")
    assert len(left) == 1 + STEPS and all(LINE.fullmatch(x) for x in left[1:]), left


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_none_gets_plain_lines(env: dict[str, str], tmp_path: Path) -> None:
    code, text = on_terminal("run", "--source-dir", JAFFLE, "--output", tmp_path, **env)
    assert code == 0
    lines = text.replace("\r\n", "\n").splitlines()
    assert len(lines) == 1 + STEPS and all(LINE.fullmatch(x) for x in lines[1:]), lines


def test_a_file_gets_plain_lines(tmp_path: Path) -> None:
    done = subprocess.run(
        [BIN, "run", "--source-dir", JAFFLE, "--output", tmp_path], capture_output=True, text=True
    )
    lines = done.stderr.splitlines()
    assert len(lines) == 1 + STEPS and all(LINE.fullmatch(x) for x in lines[1:]), lines
    tables = {m[1]: int(m[2]) for x in lines if (m := re.search(r"(raw_\w+), (\d+) rows", x))}
    assert tables == {"raw_customers": 100, "raw_orders": 99, "raw_payments": 113}


def test_json_is_one_object_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [BIN, "run", "--source-dir", JAFFLE, "--output", tmp_path, "--json"],
        capture_output=True,
        text=True,
    )
    outcome = json.loads(done.stdout)
    assert outcome["verdict"] == "validated" and outcome["exit_code"] == done.returncode == 0
    assert {"run", "tables", "report", "warehouse", "steps", "process", "question"} <= set(outcome)
    assert len(done.stderr.splitlines()) <= 1 and "\x1b" not in done.stderr


def test_ctrl_c_is_answered_at_once_and_says_how_to_go_on(tmp_path: Path) -> None:
    """The run is stopped (SIGSTOP) in its middle, gets Ctrl-C there, and goes on to its end by resume."""
    process = subprocess.Popen(
        [HOOKED, "pause=40", "run", "--source-dir", JAFFLE, "--output", tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.count("bldr: stopping at a safe point; once more ends it at once") == 1
    [resume] = [x for x in out.splitlines() if x.startswith("go on with: bldr runs resume ")]
    words = resume.removeprefix("go on with: bldr ").split()
    assert subprocess.run([BIN, *words], capture_output=True).returncode == 0
