"""LangGraph for Python in the cases of compare-langgraph: `python graphs.py CASE SCRATCH` prints one JSON object.

The graphs are those of tests/bench/engine/graphs.c. The savers are used as they come: SqliteSaver over sqlite3 in WAL mode, and
durability "async", which is what invoke does when nothing is said.
"""

import json
import operator
import random
import resource
import statistics
import string
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypedDict

BEGAN = time.perf_counter()

from langgraph.checkpoint.sqlite import SqliteSaver  # noqa: E402
from langgraph.graph import END, START, StateGraph  # noqa: E402
from langgraph.types import Command, Send, interrupt  # noqa: E402

BATCHES = 3


class Count(TypedDict, total=False):
    n: Annotated[int, operator.add]
    state: str
    list: Annotated[list[str], operator.add]


class Found(TypedDict, total=False):
    out: Annotated[list[int], operator.add]


class Answer(TypedDict, total=False):
    n: int
    answer: bool


def filler(size: int) -> str:
    return "".join(random.choices(string.ascii_lowercase, k=size))


def chain(nodes: int) -> StateGraph:
    graph = StateGraph(Count)
    before = START
    for i in range(nodes):
        graph.add_node(f"n{i}", lambda state: None)
        graph.add_edge(before, f"n{i}")
        before = f"n{i}"
    return graph


def loop(limit: int, write: Callable[[], dict[str, Any]] = dict) -> StateGraph:
    graph = StateGraph(Count)
    graph.add_node("tick", lambda state: {"n": 1, **write()})
    graph.add_edge(START, "tick")
    graph.add_conditional_edges(
        "tick", lambda state: END if state["n"] % limit == 0 else "tick", ["tick", END]
    )
    return graph


def fanout(tasks: int) -> StateGraph:
    graph = StateGraph(Found)
    graph.add_node("plan", lambda state: None)
    graph.add_node("work", lambda i: {"out": [i]})
    graph.add_node("join", lambda state: None)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges(
        "plan", lambda state: [Send("work", i) for i in range(tasks)], ["work"]
    )
    graph.add_edge("work", "join")
    return graph


def ask() -> StateGraph:
    graph = StateGraph(Answer)
    graph.add_node("ask", lambda state: {"answer": interrupt("May it go on?")})
    graph.add_edge(START, "ask")
    return graph


def config(number: int) -> dict[str, Any]:
    return {"configurable": {"thread_id": f"t{number}"}, "recursion_limit": 100_000}


def file_bytes(path: Path) -> int:
    return sum(
        p.stat().st_size for p in path.parent.glob(path.name + "*") if not p.name.endswith("-shm")
    )


def peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run(
    graph: StateGraph, start: dict[str, Any], each: int, threads: int, saver: Any
) -> dict[str, float]:
    """`threads` one after the other; the median of BATCHES after a first one that does not count; many threads need neither."""
    compiled = graph.compile(checkpointer=saver)
    cpu, wall = [], []
    number = 0
    for batch in range(BATCHES + 1) if threads < 100 else [1]:
        cpu_before, wall_before = time.process_time(), time.perf_counter()
        for _ in range(threads):
            compiled.invoke(start, config(number))
            number += 1
        if batch > 0:
            cpu.append((time.process_time() - cpu_before) / threads / each * 1e6)
            wall.append((time.perf_counter() - wall_before) / threads / each * 1e6)
    return {
        "cpu_us": statistics.median(cpu),
        "wall_us": statistics.median(wall),
        "items": number * each,
    }


def parked(saver: Any, path: Path, threads: int) -> dict[str, float]:
    compiled = ask().compile(checkpointer=saver)
    compiled.invoke({"n": 0}, config(-1))
    empty = file_bytes(path)
    cpu_before = time.process_time()
    for number in range(threads):
        compiled.invoke({"n": 0}, config(number))
    park_cpu = (time.process_time() - cpu_before) / threads * 1e6
    saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = (file_bytes(path) - empty) / threads
    took = []
    cpu_before = time.process_time()
    for number in range(threads):
        began = time.perf_counter()
        compiled.invoke(Command(resume=True), config(number))
        took.append((time.perf_counter() - began) * 1e6)
    took.sort()
    return {
        "park_cpu_us": park_cpu,
        "db_bytes": stored,
        "resume_cpu_us": (time.process_time() - cpu_before) / threads * 1e6,
        "resume_p50_us": took[len(took) // 2],
        "resume_p99_us": took[int((len(took) - 1) * 0.99)],
    }


def with_saver(path: Path, do: Callable[[Any], dict[str, float]]) -> dict[str, float]:
    with SqliteSaver.from_conn_string(str(path)) as saver:
        saver.setup()
        empty = file_bytes(path)
        found = do(saver)
        saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if "items" in found:
            found["db_bytes"] = (file_bytes(path) - empty) / found["items"]
    return found


def measure(case: str, scratch: Path) -> dict[str, float]:
    path = scratch / "python.db"
    name, _, mode = case.rpartition("_")
    graphs: dict[str, tuple[Callable[[], StateGraph], dict[str, Any], int, int]] = {
        "chain_100": (lambda: chain(100), {"n": 0}, 100, 5),
        "loop_1000": (lambda: loop(1000), {"n": 0}, 1000, 1),
        "fanout_100": (lambda: fanout(100), {"out": []}, 100, 10),
        "fanout_1000": (lambda: fanout(1000), {"out": []}, 1000, 1),
        "threads_1000x20": (lambda: loop(20), {"n": 0}, 20, 1000),
        "state_100k_static": (lambda: loop(100), {"n": 0, "state": filler(100_000)}, 100, 1),
        "state_100k_rewritten": (
            lambda: loop(100, lambda: {"state": filler(100_000)}),
            {"n": 0, "state": ""},
            100,
            1,
        ),
        "state_growing_1k": (
            lambda: loop(100, lambda: {"list": [filler(1000)]}),
            {"n": 0, "list": []},
            100,
            1,
        ),
    }
    if case == "cold_start":
        loop(1).compile()
        return with_saver(
            path, lambda s: {"n": loop(1).compile(checkpointer=s).invoke({"n": 0}, config(0))["n"]}
        )
    if case == "parked":
        return with_saver(path, lambda s: parked(s, path, 1000))
    make, start, each, threads = graphs[name]
    if mode == "memory":
        return run(make(), start, each, threads, None)
    return with_saver(path, lambda s: run(make(), start, each, threads, s))


if __name__ == "__main__":
    result = measure(sys.argv[1], Path(sys.argv[2]))
    result["peak_rss_kib"] = peak_kib()
    result["ready_ms"] = (time.perf_counter() - BEGAN) * 1e3
    print(json.dumps(result))
