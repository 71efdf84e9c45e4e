"""The examples of examples/ print what reading them says they print; one is built outside the tree with pkg-config."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ["BLDR_ROOT"])
BUILD = Path(os.environ["BLDR_BUILD"])
LETTER = "Dear all, the office is closed on Friday."
NAMES = sorted(path.stem for path in (ROOT / "examples").glob("*.c"))


def output(name: str, tmp_path: Path, *args: str) -> list[str]:
    """The lines that an example prints, with a journal of its own."""
    command = [str(BUILD / "examples" / f"example_{name}"), str(tmp_path / "example.db"), *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def states(lines: list[str]) -> list[object]:
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("name", NAMES)
def test_is_short(name: str) -> None:
    lines = (ROOT / "examples" / f"{name}.c").read_text().splitlines()
    assert len(lines) < 120


def test_router(tmp_path: Path) -> None:
    assert states(output("router", tmp_path)) == [
        {"kind": "question", "reply": "good question", "text": "is it late?"},
        {"kind": "sum", "reply": "that makes 42", "text": "2 and 40"},
        {"kind": "chat", "reply": "tell me more", "text": "hello"},
    ]


def test_map_reduce(tmp_path: Path) -> None:
    text = "a bird in the garden sings"
    found = [{"length": len(word), "word": word} for word in text.split()]
    assert states(output("map_reduce", tmp_path)) == [
        {"found": found, "longest": max(text.split(), key=len), "text": text}
    ]


def test_chat_with_memory(tmp_path: Path) -> None:
    assert output("chat_memory", tmp_path) == [
        "user: hello, I am Ada",
        "bot: nice to meet you",
        "user: what did I say?",
        'bot: you began with "hello, I am Ada"',
    ]


def test_tool_loop(tmp_path: Path) -> None:
    assert states(output("tool_loop", tmp_path)) == [
        {
            "log": [
                "what is six times seven?",
                {"a": 6, "b": 7, "call": "multiply"},
                {"result": 42},
                {"answer": "it is 42"},
            ]
        }
    ]


def test_supervisor(tmp_path: Path) -> None:
    assert states(output("supervisor", tmp_path)) == [
        {
            "checks": 2,
            "drafts": 2,
            "log": ["writer", "checker", "writer", "checker", "__end__"],
            "text": "roses are red",
            "verdict": "good",
        }
    ]


def test_approval_waits_for_another_process(tmp_path: Path) -> None:
    assert output("approval", tmp_path) == [
        json.dumps({"letter": LETTER}, separators=(",", ":")),
        "friday/1:ask#0.0 asks: send this letter?",
    ]
    assert states(output("approval", tmp_path, "yes")) == [
        {"approved": True, "letter": LETTER, "sent": True}
    ]


def test_approval_refused(tmp_path: Path) -> None:
    output("approval", tmp_path)
    assert states(output("approval", tmp_path, "no")) == [{"approved": False, "letter": LETTER}]


def test_retry_and_fallback(tmp_path: Path) -> None:
    lines = output("retry_fallback", tmp_path)
    assert lines[:3] == [f"try {i} of today/0:rate#0.0" for i in (1, 2, 3)]
    assert states(lines[3:]) == [{"rate": "1.08", "why": "UNAVAILABLE"}]


def test_subgraph_remembers(tmp_path: Path) -> None:
    assert states(output("subgraph", tmp_path)) == [
        {
            "price": 3,
            "receipts": [
                "customer 1, till holds 5",
                "customer 2, till holds 25",
                "customer 3, till holds 28",
            ],
            "served": 3,
        }
    ]


def test_time_travel(tmp_path: Path) -> None:
    lines = output("time_travel", tmp_path)
    assert states(lines[:2]) == [
        {"text": "rice, cooked, served"},
        {"text": "fish, cooked, served"},
    ]
    assert lines[2:] == [
        '* fork  step 3, by loop, next []: {"text":"fish, cooked, served"}',
        '  fork  step 2, by update, next ["serve"]: {"text":"fish, cooked"}',
        '  fork  step 1, by fork, next ["serve"]: {"text":"rice, cooked"}',
        '  first step 2, by loop, next []: {"text":"rice, cooked, served"}',
        '  first step 1, by loop, next ["serve"]: {"text":"rice, cooked"}',
        '  first step 0, by input, next ["cook"]: {"text":"rice"}',
    ]


def test_built_outside_the_tree(tmp_path: Path) -> None:
    """What a user of the library does: install, pkg-config, cc."""
    prefix = tmp_path / "prefix"
    subprocess.run(
        ["cmake", "--install", str(BUILD), "--prefix", str(prefix)], check=True, capture_output=True
    )
    config = next(prefix.rglob("bldr.pc")).parent
    env = {**os.environ, "PKG_CONFIG_PATH": str(config)}
    flags = subprocess.run(
        ["pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", "bldr"],
        check=True,
        capture_output=True,
        text=True,
        env=env,
    ).stdout.split()
    library = re.search(r"-L(\S+)", " ".join(flags))
    assert library is not None
    cache = (BUILD / "CMakeCache.txt").read_text()
    sanitizers = re.search(r"^BLDR_SANITIZE:\w+=(.+)$", cache, re.MULTILINE)
    if sanitizers:  # the program begins the sanitizers' runtime that the library needs
        flags.append(f"-fsanitize={sanitizers[1]}")
    program = tmp_path / "router"
    source = ROOT / "examples" / "router.c"
    subprocess.run(
        ["cc", "-std=gnu17", str(source), "-o", str(program), *flags, f"-Wl,-rpath,{library[1]}"],
        check=True,
    )
    done = subprocess.run(
        [str(program), str(tmp_path / "outside.db")], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 3
