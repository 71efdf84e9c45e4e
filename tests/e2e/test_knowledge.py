"""What one run teaches the next, through the whole of bldr: recall, learning, trust, and that no value is kept."""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from bldr import HOOKED, JAFFLE, artefacts, run, run_job, warehouse_rows

MISJUDGED = (
    "plant=profile"  # the profile prefers the second date format: the first mapping is wrong
)
WRONG, RIGHT = "yyyy-dd-MM", "yyyy-MM-dd"


def kb(output: Path, *args: str, code: int = 0) -> Any:
    done = run("kb", *args, "--output", output, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else done.stderr


def items(output: Path, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kb(output, "list", "--kind", kind)
    return found


def query(output: Path, sql: str, *args: Any) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{output}/bldr.db?mode=ro", uri=True) as db:
        return db.execute(sql, args).fetchall()


def change(output: Path, *statements: str) -> None:
    db = sqlite3.connect(output / "bldr.db")
    for sql in statements:
        db.execute(sql)
    db.commit()
    db.close()


def off(output: Path, hook: str | None = None) -> dict[str, Any]:
    done = run(
        *("run", "--source-dir", JAFFLE, "--output", output, "--json", "--knowledge", "off"),
        hook=hook,
    )
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """An output folder after one run that had to be repaired, and that run."""
    output = tmp_path_factory.mktemp("taught") / "out"
    return output, run_job(JAFFLE, output, hook=MISJUDGED)


@pytest.fixture
def copied(taught: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(taught[0], tmp_path / "out"))


def test_the_first_run_needs_two_rounds_and_teaches(taught: tuple[Path, dict[str, Any]]) -> None:
    output, first = taught
    assert (first["verdict"], first["rounds"]) == ("validated", 2)
    assert first["knowledge"]["shown"] == first["knowledge"]["applied"] == []
    assert {(i["kind"], i["new"], i["trusted"]) for i in first["knowledge"]["learned"]} == {
        ("correction", True, True),
        ("golden", True, True),
    }
    (item,) = items(output, "correction")
    shown = kb(output, "show", item["id"])
    assert shown["body"]["fix"] == {"repair": "date_order", "rule_out": [WRONG], "use": [RIGHT]}
    precondition = shown["body"]["precondition"]
    assert re.fullmatch("[0-9a-f]{32}", precondition.pop("fingerprint"))
    assert precondition == {
        "table": "raw_orders",
        "columns": [{"name": "order_date", "type": "date", "mask": "9-9-9"}],
    }
    assert {(c["wrong"], c["right"]) for c in shown["body"]["changes"]} == {(WRONG, RIGHT)}


def test_its_evidence_is_checks_that_failed_and_then_passed(
    taught: tuple[Path, dict[str, Any]],
) -> None:
    output, first = taught
    (item,) = items(output, "correction")
    (evidence,) = kb(output, "show", item["id"])["evidence"]
    assert evidence["run"] == first["run"]
    folder = Path(first["folder"]) / "artefacts"
    before, after = (
        {
            f"{c['check']} {c['subject']}": c["passed"]
            for c in json.loads((folder / f"findings.v{n}.json").read_text())["checks"]
        }
        for n in (1, 2)
    )
    checks = evidence["evidence"]["checks"]
    assert checks
    assert [(before[c], after[c]) for c in checks] == [(False, True)] * len(checks)
    assert evidence["evidence"]["verdict"] == "validated"


def test_the_second_run_needs_one_round(copied: Path, tmp_path: Path) -> None:
    second = run_job(JAFFLE, copied, hook=MISJUDGED)
    (item,) = items(copied, "correction")
    assert (second["verdict"], second["rounds"]) == ("validated", 1)
    assert second["knowledge"]["applied"] == [
        {
            "id": item["id"],
            "repair": "date_order",
            "table": "raw_orders",
            "column": "order_date",
        }
    ]
    assert {(i["agent"], i["kind"]) for i in second["knowledge"]["shown"]} == {
        ("analyst", "correction"),
        ("analyst", "golden"),
        ("developer", "golden"),
    }
    assert (item["helped"], item["hurt"], item["shown"]) == (1, 0, 1)
    right = off(tmp_path / "right")
    assert right["rounds"] == 1
    assert warehouse_rows(Path(second["warehouse"])) == warehouse_rows(Path(right["warehouse"]))


def test_ids_stand_in_run_json_and_report_and_in_no_artefact(copied: Path) -> None:
    second = run_job(JAFFLE, copied, hook=MISJUDGED)
    folder = Path(second["folder"])
    ids = {i["id"] for i in kb(copied, "list")}
    assert len(ids) == 2
    stored = json.loads((folder / "run.json").read_text())["knowledge"]
    assert {i["id"] for i in stored["shown"]} == ids
    report = (folder / "report.html").read_text()
    assert all(i in report for i in ids)
    assert "shown, and changed the mapping" in report
    for path, text in artefacts(folder).items():
        if path != "report.html":
            assert not any(i.encode() in text for i in ids), path


def test_what_changes_nothing_is_shown_and_not_applied(copied: Path, tmp_path: Path) -> None:
    """The second run judges right by itself: the correction agrees, so nothing was its doing."""
    second = run_job(JAFFLE, copied)
    assert second["rounds"] == 1
    assert second["knowledge"]["applied"] == []
    assert "correction" in {i["kind"] for i in second["knowledge"]["shown"]}
    assert items(copied, "correction")[0]["helped"] == 0
    right = artefacts(Path(off(tmp_path / "right")["folder"]))
    mine = artefacts(Path(second["folder"]))
    del right["report.html"], mine["report.html"]
    assert mine == right


def test_knowledge_off_neither_reads_nor_writes(copied: Path) -> None:
    before = kb(copied, "list")
    second = off(copied, hook=MISJUDGED)
    assert second["rounds"] == 2
    assert second["knowledge"] == {"shown": [], "applied": [], "learned": []}
    assert kb(copied, "list") == before


def test_another_shape_of_table_is_another_table(copied: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(JAFFLE, tmp_path / "source"))
    lines = (source / "raw_orders.csv").read_text().splitlines()
    (source / "raw_orders.csv").write_text(
        "\n".join([lines[0] + ",shop", *(line + ",north" for line in lines[1:])]) + "\n"
    )
    second = run_job(source, copied, hook=MISJUDGED)
    assert (second["verdict"], second["rounds"]) == ("validated", 2)
    assert second["knowledge"]["applied"] == []
    assert len(items(copied, "correction")) == 2


def test_a_correction_that_is_wrong_hurts_once(copied: Path) -> None:
    """It is made wrong in the file: the right format is ruled out. The Tester's word goes before it."""
    change(
        copied,
        "UPDATE kb_item SET body = replace(replace(replace(body,"
        f" '[\"{WRONG}\"]', '[\"?\"]'), '[\"{RIGHT}\"]', '[\"{WRONG}\"]'), '[\"?\"]', '[\"{RIGHT}\"]')",
    )
    (bad,) = items(copied, "correction")
    second = run_job(JAFFLE, copied)
    assert (second["verdict"], second["rounds"]) == ("validated", 2)
    by_id = {i["id"]: i for i in items(copied, "correction")}
    assert (by_id[bad["id"]]["helped"], by_id[bad["id"]]["hurt"]) == (0, 1)
    third = run_job(JAFFLE, copied)
    assert third["rounds"] == 1
    assert bad["id"] not in {i["id"] for i in third["knowledge"]["shown"]}


@pytest.mark.parametrize("damage", ["body = '{}'", "body = '{'", "kind = 7"])
def test_a_damaged_item_stops_no_run(copied: Path, damage: str) -> None:
    change(copied, f"UPDATE kb_item SET {damage} WHERE kind = 1")
    second = run_job(JAFFLE, copied, hook=MISJUDGED)
    assert (second["verdict"], second["rounds"]) == ("validated", 2)
    assert second["knowledge"]["applied"] == []
    told = second["knowledge"].get("errors", [])
    assert ("unknown kind 7" in " ".join(told)) == ("kind" in damage)


# ---- no value of the data ----

NAMES = ["Quixelbrandt", "Zyvornak", "Wolpertinger", "Xanthorrhoea", "Brzeczyszcz", "Mxyzptlk"]
PRICES = [f"{7130 + i * 991}.{17 + i}" for i in range(6)]
NOTE = "Fnordwhistle"


def distinctive(folder: Path) -> Path:
    folder.mkdir()
    (folder / "people.csv").write_text(
        "person_id,name,note\n"
        + "".join(f"{88100 + i},{n},{NOTE if i == 2 else 'N/A'}\n" for i, n in enumerate(NAMES))
    )
    (folder / "visits.csv").write_text(
        "visit_id,person_id,visit_day,price\n"
        + "".join(
            f"{55000 + i},{88100 + i % 6},2031-{1 + i % 12:02}-{1 + i % 28:02},{PRICES[i % 6]}\n"
            for i in range(60)
        )
        + "torn line Gryphonshade\n"
    )
    return folder


def test_no_value_of_the_data_is_in_the_file(tmp_path: Path) -> None:
    source, output = distinctive(tmp_path / "source"), tmp_path / "out"
    first = run_job(source, output, hook=MISJUDGED)
    assert {i["kind"] for i in first["knowledge"]["learned"]} == {"correction", "golden"}
    run_job(source, output, hook=MISJUDGED)
    text = b"".join(p.read_bytes() for p in output.glob("bldr.db*"))
    assert b"visit_day" in text  # names are there
    values = [*NAMES, *PRICES, NOTE, "Gryphonshade", "88100", "88105", "55000", "55042"]
    values += [f"2031-{m:02}" for m in range(1, 13)]
    assert [v for v in values if v.lower().encode() in text.lower()] == []


# ---- one commit ----


def learning_events(output: Path, thread: str) -> list[int]:
    """The numbers of the events around each effect of the knowledge base."""
    rows = query(
        output,
        "SELECT seq, events FROM event JOIN thread ON thread.number = event.thread"
        " WHERE thread.id = ? ORDER BY seq",
        thread,
    )
    numbered = [
        (seq + i, json.dumps(e)) for seq, events in rows for i, e in enumerate(json.loads(events))
    ]
    near = {n + d for n, text in numbered if "kb." in text or "learn" in text for d in range(-2, 3)}
    return sorted(n for n in near if 0 < n <= len(numbered))


def content(output: Path) -> list[tuple[Any, ...]]:
    """The knowledge, without times and names of runs."""
    return query(
        output,
        "SELECT id, trusted, helped, hurt, shown, (SELECT count(*) FROM kb_evidence"
        " WHERE item = number) FROM kb_item ORDER BY id",
    )


@pytest.mark.timeout(600)
def test_killed_around_recall_and_learning(
    taught: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    whole = Path(shutil.copytree(taught[0], tmp_path / "whole"))
    reference = run_job(JAFFLE, whole, hook=MISJUDGED)
    expected = artefacts(Path(reference["folder"]))
    events = learning_events(whole, reference["run"])
    assert len(events) >= 15
    both, neither = 0, 0
    for n in events:
        output = Path(shutil.copytree(taught[0], tmp_path / f"kill-{n}"))
        hook = f"kill={n}+{MISJUDGED}"
        killed = run("run", "--source-dir", JAFFLE, "--output", output, hook=hook)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        ((thread, number),) = query(
            output, "SELECT id, number FROM thread WHERE id != ?", taught[1]["run"]
        )
        kept = query(output, "SELECT 1 FROM kb_evidence WHERE run = ?", thread)
        recorded = query(
            output,
            "SELECT 1 FROM effect WHERE thread = ? AND kind = 'kb.learn' AND code IS NOT NULL",
            number,
        )
        assert bool(kept) == bool(recorded)
        both, neither = both + bool(kept), neither + (not kept)
        status = json.loads(run("runs", "show", thread, "--output", output, "--json").stdout)
        if status["status"] != "done":
            resumed = run("runs", "resume", "--output", output, hook=MISJUDGED)
            assert resumed.returncode == 0, resumed.stderr
        assert content(output) == content(whole)
        assert artefacts(output / thread) == expected
    assert both and neither


def test_readers_do_not_wait_for_a_run(copied: Path) -> None:
    args = [HOOKED, "pause=20", "run", "--source-dir", str(JAFFLE), "--output", str(copied)]
    paused = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while "T" not in Path(f"/proc/{paused.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert len(kb(copied, "list")) == 2
        assert kb(copied, "search", "order date")
        assert run("run", "--source-dir", JAFFLE, "--output", copied).returncode == 2
    finally:
        paused.kill()
        paused.wait()


# ---- the commands ----


def test_search_takes_words_and_no_syntax(copied: Path) -> None:
    (correction,) = items(copied, "correction")
    assert kb(copied, "search", "orders", "date")[0]["id"] == correction["id"]
    assert {i["id"] for i in kb(copied, "search", "customers")} == {
        items(copied, "golden")[0]["id"]
    }
    for text in ('"', "title:x", "a* OR", "NEAR(", "') --", "^", "zzzz", "the", "\x01\xff"):
        assert kb(copied, "search", text) == []
    assert len(kb(copied, "search", "date " * 20_000)) > 0


def test_the_words_for_people(copied: Path) -> None:
    (correction,) = items(copied, "correction")
    listed = run("kb", "list", "--output", copied).stdout
    assert f"{correction['id']}  correction  trusted" in listed
    shown = run("kb", "show", correction["id"][:6], "--output", copied).stdout
    assert "dates of raw_orders.order_date are yyyy-MM-dd, not yyyy-dd-MM" in shown
    assert "helped 0, hurt 0, shown to 0 runs" in shown


@pytest.mark.parametrize(
    "args, says",
    [
        (["show", "c-ffffffffffff"], "no item"),
        (["show"], "usage"),
        (["search"], "usage"),
        (["list", "--kind", "rumour"], "golden and correction"),
        (["list", "extra"], "usage"),
    ],
)
def test_wrong_use_is_exit_2(copied: Path, args: list[str], says: str) -> None:
    done = run("kb", *args, "--output", copied)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_folder_without_a_journal(tmp_path: Path) -> None:
    assert "holds no bldr.db" in kb(tmp_path, "list", code=2)
    assert run("kb", "list", "--help").returncode == 0


def test_an_older_journal_has_no_knowledge_and_gets_it(copied: Path) -> None:
    change(
        copied,
        *(f"DROP TABLE kb_{t}" for t in ("item", "fingerprint", "evidence", "text")),
        "DELETE FROM schema_version WHERE module = 'kb'",
    )
    assert kb(copied, "list") == kb(copied, "search", "order") == []
    assert "nothing was learned" in kb(copied, "show", "c-1", code=2)
    assert run_job(JAFFLE, copied)["knowledge"]["learned"]
    assert len(kb(copied, "list")) == 1


def test_a_newer_knowledge_base_is_refused(copied: Path) -> None:
    change(copied, "UPDATE schema_version SET version = 2 WHERE module = 'kb'")
    done = run("run", "--source-dir", JAFFLE, "--output", copied)
    assert done.returncode == 2
    assert "written by a newer version" in done.stderr and "kb tables" in done.stderr
    assert "newer version" in kb(copied, "list", code=2)
