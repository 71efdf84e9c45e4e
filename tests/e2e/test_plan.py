"""bldr profile and bldr plan: the first half of a run, with nothing written anywhere."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from bldr import JAFFLE, ROOT, run, run_job

SHARED = ROOT.parent / "shared" / "data"


def plan(folder: Path) -> Any:
    done = run("plan", folder, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def questions(folder: Path) -> dict[tuple[str, str], list[str]]:
    return {(q["kind"], q["subject"]): q["choices"] for q in plan(folder)["questions"]}


def test_profile_is_the_artefact_without_the_run(tmp_path: Path) -> None:
    outcome = run_job(JAFFLE, tmp_path)
    artefact = json.loads((Path(outcome["folder"]) / "artefacts" / "profile.v1.json").read_text())
    done = run("profile", JAFFLE, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert artefact.pop("head")["inputs"] and found.pop("head") == {"inputs": [], "version": 1}
    assert found == artefact


def test_profile_of_a_folder_for_people() -> None:
    text = run("profile", JAFFLE).stdout
    assert "raw_orders.csv: table raw_orders, 99 rows, 0 rejected, 4 columns" in text
    line = next(li for li in text.splitlines() if li.startswith("  status "))
    # counted by: cut -d, -f4 raw_orders.csv | sort | uniq -c
    assert re.split(r"\s{2,}|(?<=5)\s", line.strip())[:2] == ["status", "text"]
    assert "completed (67)" in line and line.split()[2:6] == ["0", "5", "completed", "shipped"]
    assert re.search(r"taken +\d\.\d\d  raw_payments\(order_id\) -> raw_orders\(id\): ", text)
    assert re.search(r"key +\d\.\d\d  id: no nulls", text)


def test_profile_of_one_file_whatever_else_is_there(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_bytes(b"id,n\x00m\n1,2\n")
    (tmp_path / "good.csv").write_text('id,word\n1,"two\twords"\n2,"broken\n')
    assert run("profile", tmp_path / "bad.csv").returncode == 2
    whole = run("profile", tmp_path)
    assert whole.returncode == 0 and "bad.csv" in whole.stdout
    for path in (tmp_path / "good.csv", "good.csv"):
        done = run("profile", path, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "good.csv: table good, 1 rows, 1 rejected, 2 columns" in done.stdout
        assert "line 3 rejected: " in done.stdout
        assert "two words" in done.stdout  # a tab would break the table


@pytest.mark.parametrize(
    ("path", "said"), [("nowhere", "No such file"), ("notes.txt", "text, but not a table")]
)
def test_profile_of_what_is_no_source(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    done = run("profile", tmp_path / path)
    assert done.returncode == 2 and said in done.stderr and done.stdout == ""


def test_plan_is_the_runs_design_and_leaves_nothing(tmp_path: Path) -> None:
    outcome = run_job(JAFFLE, tmp_path / "out")
    artefacts = Path(outcome["folder"]) / "artefacts"
    design = json.loads((artefacts / "design.v1.json").read_text())
    profile = json.loads((artefacts / "profile.v1.json").read_text())
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run("plan", JAFFLE, "--json", cwd=empty)
    found = json.loads(done.stdout)
    assert os.listdir(empty) == []
    assert found["star"] == design["tables"]
    assert found["foreign_keys"] == [i for i in profile["inclusions"] if i["chosen"]]
    assert {t["table"]: (t["rows"], t["key"]) for t in found["tables"]} == {
        "raw_customers": (100, ["id"]),
        "raw_orders": (99, ["id"]),
        "raw_payments": (113, ["id"]),
    }
    dry = run("run", "--source-dir", JAFFLE, "--dry-run", cwd=empty)
    assert os.listdir(empty) == []
    assert dry.returncode == 0 and dry.stdout == run("plan", JAFFLE).stdout
    assert "fact_payment: fact from raw_payments; one row per payment" in dry.stdout
    assert "measures    amount" in dry.stdout


def test_jaffle_shop_leaves_no_question() -> None:
    assert questions(JAFFLE) == {}


def test_an_ambiguous_date_order_is_asked(tmp_path: Path) -> None:
    """Days up to 12 only: either order reads them all. One 13th settles it."""
    orders = tmp_path / "orders.csv"
    rows = [f"{i},{i % 12 + 1:02}/{i % 7 + 1:02}/2021,{i}.50" for i in range(1, 40)]
    orders.write_text("\n".join(["order_id,ordered_on,amount", *rows]) + "\n")
    choices = questions(tmp_path)[("date_order", "orders.ordered_on")]
    assert sorted(choices) == ["MM/dd/yyyy", "dd/MM/yyyy"]
    orders.write_text(orders.read_text() + "40,13/01/2021,1.50\n")
    assert ("date_order", "orders.ordered_on") not in questions(tmp_path)


def test_a_table_without_a_key_is_asked(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("word,amount\n" + "a,1\nb,2\na,1\nb,2\n")
    assert questions(tmp_path)[("no_key", "log")] == []


def test_close_runners_up_are_asked() -> None:
    """pubs: pub_info is one to one with publishers, and two pairs of columns of sales are unique."""
    if not SHARED.is_dir():
        pytest.skip(f"no {SHARED}")
    found = questions(SHARED / "pubs" / "data")
    assert found[("foreign_key", "titles.pub_id")] == ["publishers(pub_id)", "pub_info(pub_id)"]
    assert found[("key", "sales")][1:] == ["ord_num, title_id"]
    assert ("no_key", "discounts") in found


@pytest.mark.parametrize("command", [["plan"], ["run", "--dry-run", "--source-dir"]])
def test_plan_of_what_is_no_folder(tmp_path: Path, command: list[str]) -> None:
    done = run(*command, tmp_path / "nowhere")
    assert done.returncode == 2 and "no such file" in done.stderr
    done = run(*command, JAFFLE / "raw_orders.csv")
    assert done.returncode == 2 and "not a folder" in done.stderr
