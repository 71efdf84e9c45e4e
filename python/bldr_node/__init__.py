"""Nodes of bldr graphs in Python.

A node is a function from a view to what is to happen:

    from bldr_node import View, node, run

    @node
    def plan(view: View) -> dict:
        return {"total": view.state["n"] + 1}

    run()

bldr starts the program once, gives it a call per line and takes an answer per line. Whatever a node prints goes to
bldr's log. A node may be called again for the same task after a crash: what must not happen twice is asked for as an
effect (`plan`), or told apart by `view.key`. The protocol is in docs/graphs.md and schemas/node_line.schema.json.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import random
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TextIO, overload

__all__ = [
    "Answer",
    "Effect",
    "Goto",
    "NodeError",
    "Result",
    "Send",
    "View",
    "again",
    "effect",
    "emit",
    "goto",
    "interrupt",
    "node",
    "patch",
    "plan",
    "process",
    "run",
    "send",
    "sleep",
    "work",
]

Class = Literal["pure", "keyed", "once", "local"]
Status = Literal["done", "failed", "timed_out", "cancelled", "unknown"]


@dataclass(frozen=True)
class Result:
    """What became of one effect of a plan."""

    status: Status
    value: Any = None
    """What came back, when it is done."""
    code: str | None = None
    """Otherwise a code such as "TIMEOUT", of include/bldr/error.h."""
    error: str | None = None
    """Otherwise one line for people."""

    @property
    def ok(self) -> bool:
        return self.status == "done"


@dataclass(frozen=True)
class View:
    """All that a node sees. The same over restarts: a call that is repeated has the same view, key and seed."""

    node: str
    state: dict[str, Any]
    """The channels that the node reads; unset ones are absent."""
    input: Any = None
    """The argument of the send that started the task."""
    now_ms: int = 0
    """Unix time in milliseconds, recorded when the round began."""
    seed: int = 0
    """64 recorded random bits."""
    round: int = 0
    """How often the node has been called before for this task."""
    kept: Any = None
    """What the call before kept."""
    results: list[Result] = field(default_factory=list)
    """Of the plan that the call before asked for, in its order."""
    key: str = ""
    """Names the call: equal when it is repeated, different from all others of the journal."""
    attempt: int = 1
    """1, and one more each time a retry policy repeats the call."""

    @property
    def now(self) -> datetime:
        """The recorded time, in UTC."""
        return datetime.fromtimestamp(self.now_ms / 1000, tz=UTC)

    def random(self) -> random.Random:
        """Random numbers that are the same when the call is repeated."""
        return random.Random(self.seed)


class NodeError(Exception):
    """Fails the call with a code of include/bldr/error.h; TIMEOUT and UNAVAILABLE are what a retry policy repeats."""

    def __init__(self, text: str, code: str = "FAILED") -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What a call is answered with; made by `patch`, `plan` and `again`."""

    line: dict[str, Any]


@dataclass(frozen=True)
class Send:
    node: str
    arg: Any


@dataclass(frozen=True)
class Goto:
    node: str


@dataclass(frozen=True)
class Effect:
    kind: str
    args: dict[str, Any]
    cls: Class = "pure"
    timeout_ms: int = 0


def send(to: str, arg: Any = None) -> Send:
    """For `patch`: runs another node in the next superstep with arg as its view.input."""
    return Send(to, arg)


def goto(to: str) -> Goto:
    """For `patch`: runs another node in the next superstep, as an edge would."""
    return Goto(to)


def patch(
    values: Mapping[str, Any] | None = None,
    *commands: Send | Goto,
    replace: Mapping[str, Any] | None = None,
    parent: bool = False,
    fail: str | None = None,
) -> Answer:
    """Ends the task. values: channel -> what its reducer folds in; commands: of `send` and `goto`; replace: channel ->
    what it becomes, whatever its reducer; parent: all of it is said to the parent graph; fail: why the task fails.
    """
    body: dict[str, Any] = {}
    sends = [[c.node, c.arg] for c in commands if isinstance(c, Send)]
    gotos = [c.node for c in commands if isinstance(c, Goto)]
    if values:
        body["set"] = dict(values)
    if replace:
        body["replace"] = dict(replace)
    if sends:
        body["send"] = sends
    if gotos:
        body["goto"] = gotos
    if parent:
        body["parent"] = True
    if fail is not None:
        body["fail"] = fail
    return Answer({"patch": body})


def plan(*effects: Effect, keep: Any = None) -> Answer:
    """Has bldr perform 1 to 16 effects; the node is called again with their view.results, and keep as view.kept."""
    items = []
    for e in effects:
        item: dict[str, Any] = {"kind": e.kind, "args": e.args, "class": e.cls}
        if e.timeout_ms:
            item["timeout_ms"] = e.timeout_ms
        items.append(item)
    return Answer({"plan": items, "keep": keep})


def again(keep: Any = None) -> Answer:
    """Another call of the same node, with keep as view.kept; this one is recorded and not repeated."""
    return Answer({"again": keep})


def effect(
    kind: str, args: Mapping[str, Any] | None = None, cls: Class = "pure", timeout_ms: int = 0
) -> Effect:
    """An effect of any kind that the engine knows (include/bldr/effect.h)."""
    return Effect(kind, dict(args or {}), cls, timeout_ms)


def work(
    name: str, args: Mapping[str, Any] | None = None, cls: Class = "pure", timeout_ms: int = 0
) -> Effect:
    """A C function that the program has registered."""
    return effect("work", {"work": name, "args": dict(args or {})}, cls, timeout_ms)


def sleep(ms: int) -> Effect:
    """Waits; a restart does not wait anew."""
    return effect("sleep", {"ms": ms})


def process(
    *argv: str, cls: Class = "pure", timeout_ms: int = 0, stdin: str | None = None
) -> Effect:
    """A program without a shell; its result has "exit" or "signal", "stdout" and "stderr"."""
    args: dict[str, Any] = {"argv": list(argv)}
    if stdin is not None:
        args["stdin"] = stdin
    return effect("process", args, cls, timeout_ms)


def interrupt(question: str, **more: Any) -> Effect:
    """Asks a person: the thread waits, for years if need be, until `bldr threads answer`; the answer is the value."""
    return effect("interrupt", {"question": question, **more})


NodeFunction = Callable[[View], "Answer | Mapping[str, Any] | Awaitable[Any] | None"]
_nodes: dict[str, NodeFunction] = {}


@overload
def node(function: NodeFunction, /) -> NodeFunction: ...
@overload
def node(name: str, /) -> Callable[[NodeFunction], NodeFunction]: ...
def node(what: NodeFunction | str, /) -> NodeFunction | Callable[[NodeFunction], NodeFunction]:
    """Makes a function a node, by its own name or, as `@node("other-name")`, by another. It may be async. It returns
    an `Answer`, a dict of channels to write (short for `patch`), or None for an empty patch."""
    if isinstance(what, str):
        return lambda function: _add(what, function)
    return _add(getattr(what, "__name__", ""), what)


def _add(name: str, function: NodeFunction) -> NodeFunction:
    if name in _nodes:
        raise ValueError(f"node {name!r} is declared twice")
    _nodes[name] = function
    return function


class _Lines:
    """Where lines go, one at a time, while a call is under way."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.out: TextIO | None = None

    def write(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, allow_nan=False, separators=(",", ":"))
        with self.lock:
            if self.out is None:
                raise RuntimeError("emit is for nodes, while run() calls them")
            self.out.write(text + "\n")
            self.out.flush()


_lines = _Lines()


def emit(value: Any, mode: Literal["custom", "message"] = "custom") -> None:
    """Says something while the call is under way: a durable event of the thread, and a part of its stream. It stays
    when the call fails. mode: "message" for the pieces of a model's answer."""
    _lines.write({"emit": [mode, value]})


def _view(call: Mapping[str, Any]) -> View:
    view = call["view"]
    return View(
        node=call["node"],
        state=view.get("state") or {},
        input=view.get("input"),
        now_ms=view.get("now_ms", 0),
        seed=int(view.get("seed", "0")),
        round=view.get("round", 0),
        kept=view.get("kept"),
        results=[Result(**r) for r in view.get("results") or []],
        key=call.get("key", ""),
        attempt=call.get("attempt", 1),
    )


def _ask(call: Mapping[str, Any]) -> dict[str, Any]:
    function = _nodes.get(call["node"])
    if function is None:
        raise NodeError(
            f"the program has no node {call['node']!r}, only {', '.join(sorted(_nodes)) or 'none'}",
            "NOT_FOUND",
        )
    answer = function(_view(call))
    if inspect.isawaitable(answer):
        answer = asyncio.run(_awaited(answer))
    if isinstance(answer, Answer):
        return answer.line
    if answer is None or isinstance(answer, Mapping):
        return patch(answer).line
    raise NodeError(
        f"node {call['node']!r} returned {type(answer).__name__}: a dict of channels, patch(), plan() or again()",
        "INVALID",
    )


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


def _code(error: Exception) -> str:
    if isinstance(error, NodeError):
        return error.code
    if isinstance(error, TimeoutError):
        return "TIMEOUT"
    return "UNAVAILABLE" if isinstance(error, ConnectionError) else "FAILED"


def _answer(call: Mapping[str, Any]) -> None:
    """Writes the call's answer; a failure of the node, or of what it returned, is one too."""
    try:
        _lines.write(_ask(call))
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        sys.stderr.flush()
        text = str(error) if isinstance(error, NodeError) else f"{type(error).__name__}: {error}"
        _lines.write({"error": {"code": _code(error), "text": text[:900]}})


def _own_streams() -> tuple[TextIO, TextIO]:
    """The protocol's ends, away from where print() and input() would meet them."""
    calls = os.fdopen(os.dup(0), "r", encoding="utf-8")
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return calls, lines


def run(calls: Iterable[str] | None = None, out: TextIO | None = None) -> None:
    """Answers calls, one line each, until their end. calls and out are for tests: lines of text, and where to write."""
    if calls is None or out is None:
        own_calls, own_out = _own_streams()
        calls, out = calls or own_calls, out or own_out
    with _lines.lock:
        _lines.out = out
    try:
        for line in calls:
            _answer(json.loads(line))
    except (BrokenPipeError, KeyboardInterrupt):
        pass  # whoever asked is gone
    finally:
        with _lines.lock:
            _lines.out = None
