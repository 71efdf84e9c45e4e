"""What the steps of a run cost: measured, added up over killed processes, told in three places, and never in an artefact."""

import json
import re
import resource
from pathlib import Path
from typing import Any

import pytest
from bldr import JAFFLE, run, run_job, without_costs

# Records that the steps of jaffle_shop go through: 100 customers, 99 orders, 113 payments.
RECORDS = 100 + 99 + 113
ROWS = {
    "analyst.profile_table": RECORDS,
    "tester.contract": RECORDS,
    "developer.load": RECORDS,
    "tester.reload": RECORDS,
}
TIMES = {"analyst.profile_table": 3}


def by_name(steps: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    named = {s["step"]: s for s in steps}
    assert len(named) == len(steps), "a step is told once"
    return named


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_job(JAFFLE, tmp_path_factory.mktemp("out"))


def test_rows_and_seconds_of_every_step(outcome: dict[str, Any]) -> None:
    steps = by_name(outcome["steps"])
    assert len(steps) == 14
    for name, step in steps.items():
        assert step.get("rows") == ROWS.get(name), name
        assert (step["times"], step["failed"]) == (TIMES.get(name, 1), 0), name
        assert 0 < step["cpu_us"] <= step["wall_us"] + 20_000 * step["times"], name
        # the kernel counts pages in batches per thread, so two readings may differ by a little
        assert 1 << 20 < step["peak_rss_bytes"] <= outcome["process"]["peak_rss_bytes"] * 1.1
    assert sum(s["cpu_us"] for s in steps.values()) < outcome["process"]["cpu_us"]
    # the operating system has counted the process too; this test's other children are in there
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert outcome["process"]["cpu_us"] < (children.ru_utime + children.ru_stime) * 1e6 + 50_000


def test_they_are_told_in_run_json_the_report_and_runs_show(outcome: dict[str, Any]) -> None:
    folder = Path(outcome["folder"])
    stored = json.loads((folder / "run.json").read_text())
    assert stored["steps"] == outcome["steps"] and stored["process"] == outcome["process"]
    page = (folder / "report.html").read_text()
    [section] = re.findall(r'<section id="measured".*?</section>', page, re.S)
    text = run("runs", "show", outcome["run"], "--output", folder.parent).stdout
    shown = json.loads(run("runs", "show", "--output", folder.parent, "--json").stdout)
    assert shown["steps"] == outcome["steps"]
    text = text[text.index("\nsteps ") :]
    for step in outcome["steps"]:
        assert f"<code>{step['step']}</code>" in section
        ms = step["cpu_us"] // 1000
        line = next(x for x in text.splitlines() if x.split()[:1] == [step["step"]])
        assert f"{ms // 1000}.{ms % 1000:03}" in line.split()


def test_the_rest_of_the_report_is_the_same_in_every_run(
    outcome: dict[str, Any], tmp_path: Path
) -> None:
    other = run_job(JAFFLE, tmp_path)
    page, again = (Path(o["report"]).read_bytes() for o in (outcome, other))
    assert page != again, "two runs take exactly as long: the section is not filled in"
    assert without_costs(page) == without_costs(again)
    assert len(without_costs(page)) > len(page) / 2


def test_the_parts_of_a_killed_run_add_up(tmp_path: Path) -> None:
    run("run", "--source-dir", JAFFLE, "--output", tmp_path, hook="kill=60")
    [folder] = [p for p in tmp_path.iterdir() if p.is_dir()]
    before = (folder / "steps.jsonl").read_text()
    assert before.count("\n") >= 5 and "evaluator.report" not in before
    with (folder / "steps.jsonl").open("a") as torn:
        torn.write('{"cpu_us": 17, "step": "torn by the k\n')
    resumed = json.loads(run("runs", "resume", "--output", tmp_path, "--json").stdout)
    steps = by_name(resumed["steps"])
    lines = [
        json.loads(x) for x in (folder / "steps.jsonl").read_text().splitlines() if x.endswith("}")
    ]
    assert len(lines) > before.count("\n")
    assert sum(s["times"] for s in steps.values()) == len(lines)
    for name, step in steps.items():
        mine = [x for x in lines if x["step"] == name]
        assert step["cpu_us"] == sum(x["cpu_us"] for x in mine)
        assert step["peak_rss_bytes"] == max(x["peak_rss_bytes"] for x in mine)
    assert len(steps) == 14
