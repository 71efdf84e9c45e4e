"""Graphs from files, nodes in Python, threads: through the command line, as a person uses them."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from bldr import BIN, ROOT, run

AGENT = ROOT / "examples" / "python_agent" / "graph.json"
ENV = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
QUESTION = {"messages": {"role": "user", "content": "My chair is broken"}}
# What the script says, and what the tools make of it, by hand.
TALK = [
    ("user", "My chair is broken"),
    ("assistant", "Let me look at your order."),
    ("tool", '{"item": "chair", "paid": 120}'),
    ("assistant", "You paid 120 for the chair. I ask for a refund."),
    ("tool", '"refunded"'),
    ("assistant", "That is settled. Is there anything else?"),
]


def bldr(
    *args: str | Path, log: Path | None = None, hook: str | None = None
) -> subprocess.CompletedProcess[str]:
    env = {**ENV, "AGENT_LOG": str(log)} if log else ENV
    return run(*args, env=env, hook=hook)


def write(path: Path, graph: dict[str, Any]) -> Path:
    path.write_text(json.dumps(graph))
    return path


def program(folder: Path, text: str) -> list[str]:
    """The argv of a program that plays nodes with the library."""
    (folder / "nodes.py").write_text("from bldr_node import *\nimport os, sys, time\n" + text)
    return ["python3", "nodes.py"]


def graph_of(folder: Path, node: dict[str, Any], **more: Any) -> Path:
    """One node that may write n and log."""
    node = {"env": ["PYTHONPATH"], "writes": ["n", "log"], **node}
    return write(
        folder / "g.json",
        {
            "graph": "g",
            "channels": {"n": "add", "log": "append"},
            "nodes": {"work": node},
            "edges": [["__start__", "work"]],
            **more,
        },
    )


def talk(output: dict[str, Any]) -> list[tuple[str, str]]:
    return [(m["role"], m["content"]) for m in output["messages"]]


def outcome(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_the_agent_asks_and_goes_on(tmp_path: Path) -> None:
    first = ("graph", "run", AGENT, "--output", tmp_path, "--thread", "a1", "--json")
    asked = bldr(*first, "--input", json.dumps(QUESTION))
    assert asked.returncode == 130, asked.stderr
    told = outcome(asked)
    assert told["status"] == "waiting" and talk(told["output"]) == TALK[:4]
    [question] = told["interrupts"]
    assert question["question"]["question"] == "Refund 120 for order 1002?"
    assert f"bldr threads answer a1 JSON --graph {AGENT} --output {tmp_path}" in asked.stderr
    answered = bldr(*first, "--answer", "true", "--to", question["key"])
    assert answered.returncode == 0, answered.stderr
    assert talk(outcome(answered)["output"]) == TALK
    assert outcome(answered)["output"]["spent"] == 120
    assert "approved" not in outcome(answered)["output"]  # no output channel
    again = bldr(*first, "--answer", "true")
    assert again.returncode == 2  # nothing is asked any more


def test_the_agent_takes_no_for_an_answer(tmp_path: Path) -> None:
    file = tmp_path / "input.json"
    file.write_text(json.dumps(QUESTION))
    bldr("graph", "run", AGENT, "--output", tmp_path, "--thread", "a1", "-i", f"@{file}")
    done = bldr("threads", "answer", "a1", "false", "--graph", AGENT, "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    assert talk(json.loads(done.stdout))[4] == ("tool", '"refused by a person"')
    assert json.loads(done.stdout)["spent"] == 0


def recorded(output: Path) -> set[str]:
    """Keys of the effects whose result is in the journal, read by another program than bldr."""
    with sqlite3.connect(f"file:{output}/bldr.db?mode=ro", uri=True) as db:
        return {row[0] for row in db.execute("SELECT key FROM effect WHERE status IS NOT NULL")}


def performed(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def to_its_end(output: Path, log: Path, hook: str | None = None) -> dict[str, Any] | None:
    """Goes on with thread a1, answers what it asks. None: it was killed."""
    base = ("graph", "run", AGENT, "--output", output, "--thread", "a1", "--json")
    shown = run("threads", "show", "a1", "--output", output)
    status = json.loads(shown.stdout)["status"] if shown.returncode == 0 else "none"
    if status == "done":
        shown = run("threads", "show", "a1", "--graph", AGENT, "--output", output)
        return json.loads(shown.stdout)
    more = {"waiting": ["--answer", "true"], "none": ["--input", json.dumps(QUESTION)]}
    done = bldr(*base, *more.get(status, []), log=log, hook=hook)
    if done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode in (0, 130), done.stderr
    told = outcome(done)
    return told if told["status"] == "done" else to_its_end(output, log, hook)


def kill_at(event: int, root: Path) -> list[str]:
    output = root / f"kill-{event}"
    log = root / f"log-{event}"
    if to_its_end(output, log, hook=f"kill={event}") is not None:
        return [f"event {event}: was not killed"]
    known, before = recorded(output), len(performed(log))
    told = to_its_end(output, log)
    assert told is not None
    wrong = []
    if talk(told["output"]) != TALK or told["output"]["spent"] != 120:
        wrong.append(f"event {event}: {told['output']}")
    again = set(performed(log)[before:]) & known
    if again:
        wrong.append(f"event {event}: performed again though recorded: {sorted(again)}")
    if sorted(set(performed(log))) != sorted(k for k in recorded(output) if "approve#1" not in k):
        wrong.append(f"event {event}: performed {sorted(set(performed(log)))}")
    return wrong


def test_killed_at_every_event_the_agent_ends_the_same(tmp_path: Path) -> None:
    reference = to_its_end(tmp_path / "reference", tmp_path / "log")
    assert reference is not None and talk(reference["output"]) == TALK
    assert len(performed(tmp_path / "log")) == len(set(performed(tmp_path / "log"))) == 7
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda n: kill_at(n, tmp_path), range(1, reference["events"] + 1))
    assert [line for lines in found for line in lines] == []


CRASH_ONCE = """
@node
def work(view):
    if view.attempt < 3:
        print("Disaster", file=sys.stderr)
        os._exit(7)
    return {"n": view.attempt}
run()
"""


def test_a_crash_is_tried_again_by_its_policy(tmp_path: Path) -> None:
    retry = {"attempts": 3, "first_ms": 1, "jitter": False}
    graph = graph_of(tmp_path, {"process": program(tmp_path, CRASH_ONCE), "retry": retry})
    done = bldr("graph", "run", graph, "--output", tmp_path / "o")
    assert done.returncode == 0 and json.loads(done.stdout) == {"n": 3}, done.stderr
    graph = graph_of(tmp_path, {"process": program(tmp_path, CRASH_ONCE)})
    done = bldr("graph", "run", graph, "--output", tmp_path / "p", "--json")
    assert done.returncode == 1
    told = outcome(done)
    assert (told["status"], told["code"]) == ("failed", "UNAVAILABLE")
    assert 'the program of node "work" ended with status 7 before it answered: Disaster' in (
        told["error"]
    )


@pytest.mark.parametrize(
    ("text", "node", "code", "error"),
    [
        ("time.sleep(100)", {"timeout_ms": 300}, "TIMEOUT", "took longer than 300 ms"),
        ("os.write(real, b'hello\\n')", {}, "INVALID", "wrote a line that is no answer"),
        ("os.write(real, b'x' * 2000000)", {}, "INVALID", "wrote a line of more than 1 MB"),
        ("food = bytearray(4 << 30)", {"memory_mb": 512}, "FAILED", "MemoryError"),
        ("return {'log': 'x' * 70000}", {}, "LIMIT", "more than 65536"),
        ("return {'nothing': 1}", {}, "INVALID", 'it writes channel "nothing"'),
        ("raise ConnectionError('away')", {}, "UNAVAILABLE", "ConnectionError: away"),
        ("os.kill(os.getpid(), 9)", {}, "UNAVAILABLE", "was ended by signal 9"),
    ],
)
def test_a_bad_child_fails_its_task(
    tmp_path: Path, text: str, node: dict[str, Any], code: str, error: str
) -> None:
    body = f"real = os.dup(1)\n@node\ndef work(view):\n    {text}\n    time.sleep(9)\nrun()\n"
    graph = graph_of(tmp_path, {"process": program(tmp_path, body), **node})
    done = bldr("graph", "run", graph, "--output", tmp_path / "o", "--json")
    assert done.returncode == 1, done.stderr
    assert outcome(done)["code"] == code and error in outcome(done)["error"]


def test_a_handler_takes_over(tmp_path: Path) -> None:
    graph = write(
        tmp_path / "g.json",
        {
            "graph": "g",
            "channels": {"log": "append"},
            "nodes": {
                "bad": {"use": "fail", "config": {"error": "no luck"}, "on_error": "mend"},
                "mend": {
                    "process": program(
                        tmp_path,
                        "@node\ndef mend(view):\n    return {'log': view.input['error']}\nrun()\n",
                    ),
                    "env": ["PYTHONPATH"],
                    "writes": ["log"],
                },
            },
            "edges": [["__start__", "bad"]],
        },
    )
    done = bldr("graph", "run", graph, "--output", tmp_path / "o")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"log": ['node "bad": no luck']}


ADDER = {
    "graph": "adder",
    "channels": {"n": "add"},
    "nodes": {"wait": {"use": "sleep", "config": {"ms": 5}}},
    "edges": [["__start__", "wait"]],
}


def test_twenty_adds_end_as_twenty(tmp_path: Path) -> None:
    graph = write(tmp_path / "g.json", ADDER)
    inputs = tmp_path / "in.jsonl"
    inputs.write_text('{"n": 1}\n' * 20 + "\n")
    base = ("graph", "run", graph, "--output", tmp_path, "--thread", "t", "-i", f"@{inputs}")
    refused = bldr(*base)
    assert refused.returncode == 2 and "t" in refused.stderr  # the first has not ended: reject
    done = bldr(*base, "--multitask", "enqueue")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"n": 20}
    events = [
        json.loads(line)["type"]
        for line in run("threads", "events", "t", "--output", tmp_path).stdout.splitlines()
    ]
    assert events.count("run.ended") == 20


def test_one_process_holds_the_journal(tmp_path: Path) -> None:
    adder = json.loads(json.dumps(ADDER))
    adder["nodes"]["wait"]["config"]["ms"] = 20000
    graph = write(tmp_path / "g.json", adder)
    args = [BIN, "graph", "run", str(graph), "--output", str(tmp_path), "--thread"]
    with subprocess.Popen([*args, "t"], stderr=subprocess.PIPE, text=True) as holder:
        for _ in range(200):
            if run("threads", "show", "t", "--output", tmp_path).returncode == 0:
                break
            time.sleep(0.05)
        other = subprocess.run([*args, "u"], capture_output=True, text=True, timeout=60)
        assert other.returncode == 2 and str(holder.pid) in other.stderr
        holder.send_signal(signal.SIGINT)
        assert holder.wait(30) == 130


WRONG = [
    ('{"graph": "g",\n "nodes": {]}', "g.json: line 2, column 12"),
    ('{"graph": "g"}', 'g.json:1: "/nodes": missing'),
    ('{"graph": "g",\n"nodes": {"a": {"use": "ask"}},\n"edge": []}', 'g.json:3: "/edge": unknown'),
    ('{"graph": "g", "nodes": {\n"a": {"use": "asks"}}}', 'did you mean "ask"?'),
    ('{"graph": "g", "nodes": {\n"a": {}}}', 'g.json:2: "/nodes/a": a node has one of'),
    ('{"graph": "g", "nodes": {"a": {"use": "set"}}}', "no node is first"),
    ('{"graph": "g", "nodes": {"a": {"graph": "g.json"}}}', "does it hold itself?"),
    ('{"graph": "g", "nodes": {"a": {"graph": "no.json"}}}', "there is no file"),
]


@pytest.mark.parametrize(("text", "error"), WRONG)
def test_what_is_wrong_in_a_file_is_said(tmp_path: Path, text: str, error: str) -> None:
    file = tmp_path / "g.json"
    file.write_text(text)
    for command in ("check", "draw", "run"):
        where: list[str | Path] = ["--output", tmp_path] if command == "run" else []
        done = run("graph", command, file, *where)
        assert done.returncode == 2 and error in done.stderr, done.stderr
        assert str(file) in done.stderr and done.stdout == ""
    assert not (tmp_path / "bldr.db").exists()


def test_wrong_options_are_said(tmp_path: Path) -> None:
    graph = write(tmp_path / "g.json", ADDER)
    for args, error in [
        (["--input", "{"], "--input is no JSON"),
        (["--input", "@/no/such"], "/no/such"),
        (["--input", '{"x": 1}'], '"x"'),
        (["--stream", "values,all"], "--stream: expected one of values, updates"),
        (["--multitask", "queue"], "--multitask: expected one of reject, enqueue"),
        (["--durability", "none"], "--durability: expected one of normal, full, exit"),
        (["--recursion-limit", "0"], "--recursion-limit: expected an integer from 1"),
        (["--answer", "1"], "--answer goes with --thread"),
    ]:
        done = run("graph", "run", graph, "--output", tmp_path / "o", *args)
        assert done.returncode == 2 and error in done.stderr, done.stderr
    assert run("graph", "run", tmp_path / "none.json").returncode == 2
    assert run("threads", "list", "--output", tmp_path / "none").returncode == 2


def test_a_recursion_limit_is_lifted(tmp_path: Path) -> None:
    graph = write(
        tmp_path / "g.json",
        {
            "graph": "g",
            "channels": {"n": "add"},
            "nodes": {"more": {"use": "set", "config": {"n": 1}, "writes": ["n"]}},
            "edges": [["__start__", "more"]],
            "routes": [
                {
                    "from": "more",
                    "cases": [{"channel": "n", "at_least": 9, "to": "__end__"}],
                    "else": "more",
                }
            ],
            "recursion_limit": 5,
        },
    )
    base = ("graph", "run", graph, "--output", tmp_path, "--thread", "t", "--json")
    stopped = bldr(*base)
    assert stopped.returncode == 1 and outcome(stopped)["code"] == "LIMIT"
    done = bldr(*base, "--recursion-limit", "20")
    assert done.returncode == 0 and outcome(done)["output"] == {"n": 9}


def test_streams_are_json_lines(tmp_path: Path) -> None:
    text = "@node\ndef work(view):\n    emit('Hel', 'message')\n    emit({'at': 1})\n    return {'n': 2}\nrun()\n"
    graph = graph_of(tmp_path, {"process": program(tmp_path, text)})
    modes = "values,updates,custom,messages"
    done = bldr(
        "graph",
        "run",
        graph,
        "--output",
        tmp_path,
        "--thread",
        "t",
        "-i",
        '{"n": 1}',
        "--stream",
        modes,
    )
    assert done.returncode == 0, done.stderr
    parts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [
        (p["mode"], p["data"]["data"]) for p in parts if p["mode"] in ("custom", "messages")
    ] == [
        ("messages", "Hel"),
        ("custom", {"at": 1}),
    ]
    assert [p["data"] for p in parts if p["mode"] == "updates"] == [{"work": {"n": 2}}]
    assert [p["data"] for p in parts if p["mode"] == "values"] == [{"n": 1}, {"n": 3}]
    assert [p["seq"] for p in parts] == sorted(p["seq"] for p in parts)


def test_a_static_interrupt_pauses(tmp_path: Path) -> None:
    graph = write(tmp_path / "g.json", {**ADDER, "interrupt": {"before": ["wait"]}})
    base = ("graph", "run", graph, "--output", tmp_path, "--thread", "t", "--json")
    paused = bldr(*base, "-i", '{"n": 3}')
    assert paused.returncode == 130 and outcome(paused)["status"] == "paused"
    assert "bldr threads resume t" in paused.stderr
    assert outcome(bldr(*base))["output"] == {"n": 3}


def test_threads_live_on(tmp_path: Path) -> None:
    graph = write(
        tmp_path / "g.json",
        {
            "graph": "g",
            "channels": {"n": "add", "ok": "last"},
            "nodes": {
                "one": {"use": "set", "config": {"n": 1}, "writes": ["n"]},
                "ask": {
                    "use": "ask",
                    "config": {"question": "Go on?", "channel": "ok"},
                    "writes": ["ok"],
                },
                "two": {"use": "set", "config": {"n": 10}, "writes": ["n"]},
            },
            "edges": [["__start__", "one"], ["one", "ask"], ["ask", "two"]],
        },
    )
    where = ("--output", tmp_path)
    known = ("--graph", graph, *where)

    def threads(*args: str | Path) -> Any:
        done = run("threads", *args, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert run("graph", "run", graph, "--thread", "t", *where).returncode == 130
    assert run("threads", "answer", "t", '"yes"', *known).returncode == 0
    assert threads("state", "t", *known) == {"n": 11, "ok": "yes"}
    assert threads("state", "t", "--at", "0.1", *known) == {"n": 1}
    points = threads("history", "t", *known)
    assert [(p["step"], p["next"], p["writes"]) for p in points] == [
        (3, [], {"n": 10}),
        (2, ["two"], {"ok": "yes"}),
        (1, ["ask"], {"n": 1}),
        (0, ["one"], {}),
    ]
    assert [p["current"] for p in points] == [True, False, False, False]

    # a fork asks again, an update answers in its place
    assert threads("fork", "t", "--at", "0.1", "--new", "u", *known)["status"] == "paused"
    assert run("threads", "resume", "u", *known).returncode == 130
    assert run("threads", "answer", "u", "null", *known).returncode == 0
    assert threads("fork", "t", "--at", "0.1", *known)["lineage"] > 0  # another one than the first
    updated = threads("update", "t", "--as", "ask", "--values", '{"ok": "by hand"}', *known)
    assert updated["status"] == "paused"
    assert run("threads", "resume", "t", *known).returncode == 0
    assert threads("state", "t", *known) == {"n": 11, "ok": "by hand"}

    # the record answers
    assert threads("fork", "t", "--at", "0.1", "--new", "v", "--reuse", *known)["output"] == {
        "n": 11,
        "ok": "yes",
    }

    assert threads("copy", "t", "w", *known)["thread"] == "w"
    assert threads("prune", "w", "--keep", "1", *known)["rows"] > 0
    assert threads("state", "w", *known) == {"n": 11, "ok": "by hand"}
    assert len(threads("history", "w", *known)) == 1
    assert run("graph", "run", graph, "--thread", "x", *where).returncode == 130
    assert threads("cancel", "x", *known)["code"] == "CANCELLED"
    assert run("threads", "cancel", "x", *known).returncode == 2
    threads("delete", "x", *where)
    threads("sweep", *where)
    assert [t["thread"] for t in threads("list", *where)] == ["t", "u", "v", "w"]
    assert threads("events", "t", "--after", "2", *where)[0]["seq"] == 3
    table = run("threads", "list", *where).stdout.splitlines()
    assert len(table) == 5 and table[0].startswith("THREAD ")
    needs = run("threads", "state", "t", *where)
    assert needs.returncode == 2 and "give its file by --graph FILE" in needs.stderr
    assert run("runs", "list", *where).stdout.count("\n") == 1  # these are no runs


def test_a_thread_belongs_to_its_graph(tmp_path: Path) -> None:
    """Another graph is refused, and so is another shape of the same one, with what differs."""
    asking = {"use": "ask", "config": {"question": "?", "channel": "n"}, "writes": ["n"]}
    graph = {**ADDER, "nodes": {"wait": asking}}
    file = write(tmp_path / "g.json", graph)
    base = ("graph", "run", file, "--output", tmp_path, "--thread", "t")
    assert run(*base).returncode == 130
    write(file, {**graph, "graph": "other"})
    refused = run(*base)
    assert refused.returncode == 2 and 'is of graph "adder"' in refused.stderr
    write(file, {**graph, "channels": {"n": "append"}})
    refused = run(*base, "--answer", "1")
    assert refused.returncode == 2 and '"n"' in refused.stderr and "ADD" in refused.stderr
    write(file, {**graph, "recursion_limit": 7})  # no part of the shape
    assert json.loads(run(*base, "--answer", "3").stdout) == {"n": 3}


def test_durability_at_the_end_refuses_what_may_not_be_repeated(tmp_path: Path) -> None:
    text = "@node\ndef work(view):\n    return {'n': 1}\nrun()\n"
    argv = program(tmp_path, text)
    base = ("graph", "run", "--durability", "exit", "--json", "--output", tmp_path)
    done = bldr(*base, graph_of(tmp_path, {"process": argv}), "--thread", "t")
    assert done.returncode == 0 and outcome(done)["output"] == {"n": 1}
    shown = run("threads", "show", "t", "--output", tmp_path)
    assert json.loads(shown.stdout)["status"] == "done"
    keyed = graph_of(tmp_path, {"process": argv, "class": "keyed"})
    done = bldr(*base, keyed, "--thread", "u")
    assert done.returncode == 1 and outcome(done)["code"] == "INVALID"


def test_check_and_draw(tmp_path: Path) -> None:
    told = json.loads(run("graph", "check", AGENT, "--json").stdout)
    assert (told["graph"], told["version"], told["nodes"], told["channels"]) == ("support", 1, 3, 4)
    structure = json.loads(run("graph", "draw", AGENT, "--format", "json").stdout)
    assert [n["name"] for n in structure["nodes"]] == ["approve", "model", "tool"]
    drawn = run("graph", "draw", AGENT).stdout
    assert drawn.startswith("flowchart TD\n") and '["approve"]' in drawn
    assert run("graph", "draw", AGENT, "--format", "svg").returncode == 2
