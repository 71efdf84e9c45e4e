"""python/bldr_node against its protocol: lines in, lines out, each held to schemas/node_line.schema.json."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(os.environ.get("BLDR_ROOT", Path(__file__).parents[2]))
SCHEMA = json.loads((ROOT / "schemas/node_line.schema.json").read_text())
sys.path.insert(0, str(ROOT / "python"))

import bldr_node as b  # noqa: E402


@pytest.fixture(autouse=True)
def no_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(b, "_nodes", {})


def call(name: str, **view: Any) -> list[dict[str, Any]]:
    """The lines that one call writes."""
    out = io.StringIO()
    b.run([json.dumps({"node": name, "key": "t/0:n#0.0", "attempt": 2, "view": view})], out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    for line in lines:
        jsonschema.validate(line, SCHEMA)
    return lines


def answer_of(answer: Any) -> dict[str, Any]:
    b._nodes["x"] = lambda view: answer
    [line] = call("x", state={})
    return line


def test_a_node_in_five_lines() -> None:
    @b.node
    def plan(view: b.View) -> dict[str, Any]:
        return {"total": view.state["n"] + 1}

    assert call("plan", state={"n": 4}) == [{"patch": {"set": {"total": 5}}}]


def test_the_view_is_what_the_call_says() -> None:
    seen: list[b.View] = []
    b.node("other-name")(lambda view: seen.append(view))
    results = [
        {"status": "done", "value": [1]},
        {"status": "failed", "code": "TIMEOUT", "error": "took too long"},
    ]
    call(
        "other-name",
        state={"n": 1},
        input={"a": 1},
        now_ms=1_700_000_000_500,
        seed="18446744073709551615",
        round=3,
        kept="k",
        results=results,
    )
    [view] = seen
    assert (view.node, view.state, view.input, view.kept) == ("other-name", {"n": 1}, {"a": 1}, "k")
    assert (view.round, view.seed, view.key, view.attempt) == (3, 2**64 - 1, "t/0:n#0.0", 2)
    assert view.now.isoformat() == "2023-11-14T22:13:20.500000+00:00"
    assert [r.ok for r in view.results] == [True, False]
    assert (view.results[0].value, view.results[1].code) == ([1], "TIMEOUT")
    assert view.random().random() == view.random().random()


def test_answers_are_lines() -> None:
    assert answer_of(None) == {"patch": {}}
    assert answer_of({"n": [1]}) == {"patch": {"set": {"n": [1]}}}
    assert answer_of(
        b.patch(
            {"n": 1}, b.send("w", 3), b.goto("a"), b.send("w"), replace={"log": []}, parent=True
        )
    ) == {
        "patch": {
            "set": {"n": 1},
            "replace": {"log": []},
            "send": [["w", 3], ["w", None]],
            "goto": ["a"],
            "parent": True,
        }
    }
    assert answer_of(b.patch(fail="no such order")) == {"patch": {"fail": "no such order"}}
    assert answer_of(b.again({"page": 2})) == {"again": {"page": 2}}
    assert answer_of(
        b.plan(
            b.work("fetch", {"id": 1}, cls="keyed", timeout_ms=50),
            b.sleep(10),
            b.interrupt("Really?", channel="ok"),
            b.process("sort", "-n", stdin="3\n1\n", cls="once"),
            keep=7,
        )
    ) == {
        "plan": [
            {
                "kind": "work",
                "args": {"work": "fetch", "args": {"id": 1}},
                "class": "keyed",
                "timeout_ms": 50,
            },
            {"kind": "sleep", "args": {"ms": 10}, "class": "pure"},
            {
                "kind": "interrupt",
                "args": {"question": "Really?", "channel": "ok"},
                "class": "pure",
            },
            {
                "kind": "process",
                "args": {"argv": ["sort", "-n"], "stdin": "3\n1\n"},
                "class": "once",
            },
        ],
        "keep": 7,
    }


def test_a_node_emits_before_it_answers_and_may_be_async() -> None:
    @b.node
    async def talk(view: b.View) -> b.Answer:
        b.emit({"done": 1})
        b.emit("Hel", "message")
        return b.again()

    assert call("talk", state={}) == [
        {"emit": ["custom", {"done": 1}]},
        {"emit": ["message", "Hel"]},
        {"again": None},
    ]
    with pytest.raises(RuntimeError):
        b.emit("outside")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ValueError("no"), "FAILED", "ValueError: no"),
        (ConnectionResetError("gone"), "UNAVAILABLE", "ConnectionResetError: gone"),
        (TimeoutError("slow"), "TIMEOUT", "TimeoutError: slow"),
        (b.NodeError("full", "LIMIT"), "LIMIT", "full"),
    ],
)
def test_an_exception_fails_the_call_with_its_code(
    error: Exception, code: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def raises(view: b.View) -> None:
        b.emit(1)
        raise error

    b._nodes["x"] = raises
    assert call("x", state={}) == [
        {"emit": ["custom", 1]},
        {"error": {"code": code, "text": text}},
    ]
    assert "Traceback" in capsys.readouterr().err


def test_what_is_no_answer_fails_the_call() -> None:
    assert answer_of([1])["error"]["code"] == "INVALID"
    assert answer_of({"n": object()})["error"]["text"].startswith("TypeError: ")
    assert answer_of({"n": float("nan")})["error"]["text"].startswith("ValueError: ")
    [line] = call("nobody", state={})
    assert line["error"]["code"] == "NOT_FOUND"
    with pytest.raises(ValueError, match="declared twice"):
        b.node("x")(lambda view: None)


def test_print_and_input_do_not_meet_the_protocol(tmp_path: Path) -> None:
    program = tmp_path / "nodes.py"
    program.write_text("""
import os, subprocess
from bldr_node import node, run
@node
def loud(view):
    print("to the log")
    subprocess.run(["echo", "a child too"])
    os.write(1, b"raw\\n")
    try:
        input()
    except EOFError:
        return {"n": view.state["n"]}
run()
""")
    calls = "".join(
        json.dumps({"node": "loud", "view": {"state": {"n": n}}}) + "\n" for n in (1, 2)
    )
    done = subprocess.run(
        [sys.executable, program],
        input=calls,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
    )
    assert done.returncode == 0
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"patch": {"set": {"n": 1}}},
        {"patch": {"set": {"n": 2}}},
    ]
    assert done.stderr.count("a child too") == 2 and done.stderr.count("raw") == 2
