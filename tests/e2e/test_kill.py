"""SIGKILL at every event of a run: resumed, it ends as if nothing had happened, and repeats nothing."""

import json
import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from bldr import JAFFLE, artefacts, run, run_job, warehouse_rows


def read_work_log(folder: Path) -> list[str]:
    """The keys of the effects that were performed, in order. A line torn by the kill does not count."""
    keys = []
    for line in (folder / "work.jsonl").read_text().splitlines():
        try:
            keys.append(json.loads(line)["key"])
        except json.JSONDecodeError:
            continue
    return keys


def recorded_results(output: Path) -> set[str]:
    """Keys of the effects whose result is in the journal, read by another program than bldr."""
    with sqlite3.connect(f"file:{output}/bldr.db?mode=ro", uri=True) as db:
        return {row[0] for row in db.execute("SELECT key FROM effect WHERE status IS NOT NULL")}


def event_numbers(output: Path) -> list[int]:
    """The journal keeps a turn's events as one row: the first one's number, and a list."""
    with sqlite3.connect(f"file:{output}/bldr.db?mode=ro", uri=True) as db:
        rows = db.execute("SELECT seq, events FROM event ORDER BY seq").fetchall()
    return [first + i for first, events in rows for i in range(len(json.loads(events)))]


def check_kill_at(event: int, root: Path, reference: dict[str, Any]) -> list[str]:
    """Kills a run at one event, resumes it, and says what is wrong."""
    output = root / f"kill-{event}"
    killed = run("run", "--source-dir", JAFFLE, "--output", output, hook=f"kill={event}")
    if killed.returncode != -signal.SIGKILL:
        return [
            f"event {event}: was not killed but ended with {killed.returncode}: {killed.stderr}"
        ]
    folder = next(p for p in output.iterdir() if p.is_dir())
    recorded = recorded_results(output)
    performed = read_work_log(folder)
    wrong = []
    if json.loads(run("runs", "show", "--output", output, "--json").stdout)["status"] == "done":
        # the end was durable already (an event is told after its commit): there is nothing to resume
        if len(recorded) != reference["effects"]:
            wrong.append(f"event {event}: done with {len(recorded)} results")
    else:
        resumed = run("runs", "resume", "--output", output, "--json")
        if resumed.returncode != 0:
            return [f"event {event}: resume exited with {resumed.returncode}: {resumed.stderr}"]
    again = set(read_work_log(folder)[len(performed) :]) & recorded
    if again:
        wrong.append(
            f"event {event}: performed again after their results were recorded: {sorted(again)}"
        )
    if artefacts(folder) != reference["artefacts"]:
        wrong.append(f"event {event}: artefacts differ")
    if warehouse_rows(folder / "warehouse.db") != reference["rows"]:
        wrong.append(f"event {event}: warehouse rows differ")
    if event_numbers(output) != list(range(1, len(event_numbers(output)) + 1)):
        wrong.append(f"event {event}: event numbers have gaps or duplicates")
    return wrong


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    outcome = run_job(JAFFLE, tmp_path_factory.mktemp("reference"))
    folder = Path(outcome["folder"])
    assert outcome["verdict"] == "validated"
    return {
        "events": outcome["events"],
        "effects": len(recorded_results(folder.parent)),
        "works": len(read_work_log(folder)),
        "artefacts": artefacts(folder),
        "rows": warehouse_rows(folder / "warehouse.db"),
    }


@pytest.mark.timeout(900)
def test_kill_at_every_event(reference: dict[str, Any], tmp_path: Path) -> None:
    events = range(1, reference["events"] + 1)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        wrong = [
            w
            for ws in pool.map(lambda n: check_kill_at(n, tmp_path, reference), events)
            for w in ws
        ]
    assert not wrong, "\n".join(wrong)


def test_kill_between_effect_and_record(reference: dict[str, Any], tmp_path: Path) -> None:
    """The n-th work function has done its work when the process dies: only what was not recorded is done again."""
    for n in range(1, reference["works"] + 1):
        output = tmp_path / f"work-{n}"
        killed = run("run", "--source-dir", JAFFLE, "--output", output, hook=f"kill-work={n}")
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        folder = next(p for p in output.iterdir() if p.is_dir())
        recorded, performed = recorded_results(output), read_work_log(folder)
        assert run("runs", "resume", "--output", output).returncode == 0
        again = read_work_log(folder)[len(performed) :]
        assert not set(again) & recorded
        assert set(performed) - recorded <= set(
            again
        ), "intended effects are performed at least once more"
        assert artefacts(folder) == reference["artefacts"]
        assert warehouse_rows(folder / "warehouse.db") == reference["rows"]


def test_two_runs_give_the_same_bytes(reference: dict[str, Any], tmp_path: Path) -> None:
    outcome = run_job(JAFFLE, tmp_path)
    assert artefacts(Path(outcome["folder"])) == reference["artefacts"]
