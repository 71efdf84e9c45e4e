"""bldr score against the same rules written a second time here, over the run's artefacts, and by hand."""

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from bldr import JAFFLE, ROOT, run, run_job

SHARED = ROOT.parent / "shared" / "data"
ROLES = {"facts": "fact", "dims": "dimension", "bridges": "bridge"}


def tally(right: int, wrong: set[str], missed: set[str]) -> dict[str, Any]:
    def ratio(part: int, whole: int) -> str | None:
        exact = Decimal(part) / Decimal(whole) if whole else None
        return None if exact is None else str(exact.quantize(Decimal("1.0000"), ROUND_HALF_UP))

    return {
        "right": right,
        "wrong": wrong,
        "missed": missed,
        "precision": ratio(right, right + len(wrong)),
        "recall": ratio(right, right + len(missed)),
        "f1": ratio(2 * right, 2 * right + len(wrong) + len(missed)),
    }


def expected(truth: dict[str, Any], artefacts: Path) -> dict[str, Any]:
    profile = json.loads((artefacts / "profile.v1.json").read_text())
    design = json.loads((artefacts / "design.v1.json").read_text())
    by_file = {Path(t["file"]).name: name for name, t in truth["tables"].items()}
    name_of = {t["table"]: by_file[t["path"]] for t in profile["tables"]}

    def end(table: str, columns: list[str]) -> str:
        return f"{table}({', '.join(columns)})"

    keys: dict[str, list[list[str]]] = {
        name_of[t["table"]]: [k["columns"] for k in t["keys"] if k["chosen"]]
        for t in profile["tables"]
    }
    right, wrong, missed = 0, set(), set()
    for name, table in truth["tables"].items():
        good = [k for k in keys[name] if table["pk"] and sorted(k) == sorted(table["pk"])]
        right += len(good)
        wrong |= {end(name, k) for k in keys[name] if k not in good}
        missed |= {end(name, table["pk"])} if table["pk"] and not good else set()
    primary = tally(right, wrong, missed)

    def shown(fk: dict[str, Any]) -> str:
        return f"{end(*fk['from'])} -> {end(*fk['to'])}"

    chosen = {
        f"{end(name_of[i['from_table']], i['from_columns'])} -> "
        f"{end(name_of[i['to_table']], i['to_columns'])}"
        for i in profile["inclusions"]
        if i["chosen"]
    }
    required = {shown(f) for f in truth["fks"] if f["score"] in ("required", "required_approx")}
    tolerated = {shown(f) for f in truth["fks"] + truth["acceptable_fks"]}
    foreign = tally(len(chosen & required), chosen - required - tolerated, required - chosen)

    right, wrong, missed = 0, set(), set()
    for source in design["sources"]:
        name = name_of[source["table"]]
        true = [role for key, role in ROLES.items() if name in truth.get(key, [])]
        if source["role"] in true:
            right += 1
        elif true:
            missed.add(f"{name}: {' or '.join(true)}")
            wrong |= set() if source["role"] == "unused" else {f"{name}: {source['role']}"}
    return {
        "primary_keys": primary,
        "foreign_keys": foreign,
        "roles": tally(right, wrong, missed),
    }


def score(truth: Path, output: Path) -> dict[str, Any]:
    done = run("score", "--truth", truth, "latest", "--output", output, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def shown(part: dict[str, Any]) -> dict[str, Any]:
    return part | {side: {v["what"] for v in part[side]} for side in ("wrong", "missed")}


SETS = [
    "adventureworks_sales",
    "camtrap_dp",
    "chinook",
    "jaffle_shop",
    "northwind",
    "oracle_co",
    "oracle_hr",
    "pubs",
    "sakila",
]


@pytest.mark.parametrize("name", SETS)
def test_public_sets(name: str, tmp_path: Path) -> None:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    outcome = run_job(folder / "data", tmp_path)
    assert "design" in outcome["artefacts"], outcome  # whatever comes of the rest of the run
    truth = json.loads((folder / "ground_truth.json").read_text())
    want = expected(truth, Path(outcome["folder"]) / "artefacts")
    found = score(folder / "ground_truth.json", tmp_path)
    for part, numbers in want.items():
        assert shown(found[part]) == numbers
        assert all(v["evidence"] for side in ("wrong", "missed") for v in found[part][side])
    assert found["not_scored"] == []


@pytest.fixture(scope="module")
def jaffle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("jaffle")
    run_job(JAFFLE, output)
    return output


def table(file: str, pk: list[str], **more: Any) -> dict[str, Any]:
    return {"file": f"data/{file}.csv", "pk": pk, **more}


def truth_of_jaffle() -> dict[str, Any]:
    """What is true of jaffle_shop, with untruths planted to make every kind of answer happen."""
    payment = ["raw_payments", ["order_id"]]
    return {
        "tables": {
            "customers": table("raw_customers", ["id"]),
            "orders": table("raw_orders", ["user_id"], also_unique=[["id"]]),
            "raw_payments": table("raw_payments", ["order_id", "id"]),
            "refunds": table("refunds", ["id"]),
        },
        "fks": [
            {"from": ["orders", ["user_id"]], "to": ["customers", ["id"]], "score": "optional"},
            {"from": payment, "to": ["orders", ["id"]], "score": "required"},
            {"from": payment, "to": ["customers", ["id"]], "score": "required_approx"},
        ],
        "facts": ["orders"],
        "dims": ["customers", "raw_payments"],
    }


def test_by_hand(jaffle: Path, tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(truth_of_jaffle()))
    found = score(path, jaffle)
    assert shown(found["primary_keys"]) == {
        "right": 2,
        "wrong": {"raw_payments(id)"},
        "missed": {"raw_payments(order_id, id)", "refunds(id)"},
        "precision": "0.6667",
        "recall": "0.5000",
        "f1": "0.5714",
    }
    assert shown(found["foreign_keys"]) == {
        "right": 1,
        "wrong": set(),
        "missed": {"raw_payments(order_id) -> customers(id)"},
        "precision": "1.0000",
        "recall": "0.5000",
        "f1": "0.6667",
    }
    assert shown(found["roles"]) == {
        "right": 2,
        "wrong": {"raw_payments: fact"},
        "missed": {"raw_payments: dimension"},
        "precision": "0.6667",
        "recall": "0.6667",
        "f1": "0.6667",
    }
    evidence = {
        v["what"]: v["evidence"]
        for part in ("primary_keys", "foreign_keys")
        for v in found[part]["missed"]
    }
    assert evidence["refunds(id)"] == "the run has no such table"
    assert '"order_id" has 99 distinct values' in evidence["raw_payments(order_id, id)"]
    assert "not taken" in evidence["raw_payments(order_id) -> customers(id)"]
    text = run("score", "-t", path, "latest", "-o", jaffle).stdout
    assert "primary keys        2      1      2    0.6667    0.5000    0.5714" in text
    assert "foreign keys, missed: raw_payments(order_id) -> customers(id)\n" in text


def test_wrong_and_acceptable_references(jaffle: Path, tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    truth = truth_of_jaffle()
    acceptable = truth["fks"][0]
    del acceptable["score"]
    path.write_text(json.dumps(truth | {"fks": [], "acceptable_fks": [acceptable]}))
    found = shown(score(path, jaffle)["foreign_keys"])
    assert found["wrong"] == {"raw_payments(order_id) -> orders(id)"}
    assert (found["precision"], found["recall"], found["f1"]) == ("0.0000", None, "0.0000")


def test_a_file_the_truth_does_not_name(jaffle: Path, tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    truth = truth_of_jaffle()
    del truth["tables"]["raw_payments"]
    path.write_text(json.dumps(truth | {"fks": []}))
    found = score(path, jaffle)
    assert found["not_scored"] == ["raw_payments.csv"]
    assert [v["what"] for v in found["foreign_keys"]["wrong"]] == [
        "orders(user_id) -> customers(id)"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tables": []}, "/tables: expected an object"),
        ({"tables": {"a": {"pk": []}}}, '/tables/a: expected "file"'),
        ({"tables": {"a": {"file": "a.csv", "pk": "id"}}}, '/tables/a: expected "pk"'),
        ({"fks": [{"from": ["a", ["b"]], "to": ["c", "d"]}]}, "/fks/0: expected"),
        ({"fks": [{"from": ["a", ["b"]], "to": ["c", ["d"]], "score": "x"}]}, '"score"'),
        ({"facts": [1]}, "/facts: expected a list of tables"),
    ],
)
def test_a_truth_of_another_form(
    jaffle: Path, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(truth_of_jaffle() | change))
    done = run("score", "--truth", path, "latest", "--output", jaffle)
    assert done.returncode == 2 and said in done.stderr and "truth.json" in done.stderr


def test_no_truth(jaffle: Path, tmp_path: Path) -> None:
    done = run("score", "latest", "--output", jaffle)
    assert done.returncode == 2 and "--truth is missing" in done.stderr
    done = run("score", "--truth", tmp_path / "none.json", "latest", "--output", jaffle)
    assert done.returncode == 2 and "none.json" in done.stderr
