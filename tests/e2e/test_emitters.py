"""The emitted pipeline as its tools see it: black, ruff, the compiler, JSON Schema, Python's own hashes."""

import ast
import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dialects
import jsonschema
import nasty
import pytest
from bldr import JAFFLE, ROOT, run_job
from dialects import ECOMMERCE
from test_shared_sets import MISSES, SHARED

sys.path.insert(0, str(ROOT / "python"))
from bldr_lint import lint_file

BLACK = Path(sys.executable).parent / "black"
RUFF = Path(sys.executable).parent / "ruff"
MYPY = Path(sys.executable).parent / "mypy"
# On top of ruff's own choice. E501: black decides about lines; RUF00x: texts of the data are as they are.
RULES = ["--select=E,F,W,I,B,UP,SIM,RUF,ANN", "--ignore=E501,RUF001,RUF002,RUF003"]
HEAD = "# Databricks notebook source\n# MAGIC %md\n# MAGIC # "
CELL = "\n\n# COMMAND ----------\n\n"


def tool(*args: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    program = Path(os.environ["BLDR_BUILD"]) / "emit_tool"
    command = [str(program), *map(str, args)]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=120, check=False
    )


def emit_nasty(
    folder: Path, mapping: dict[str, Any] | None = None
) -> subprocess.CompletedProcess[str]:
    """Emits nasty.py's pipeline, or another mapping of its files, below folder."""
    source = folder / "source"
    source.mkdir()
    nasty.write_sources(source)
    sources, sttm = nasty.write_artefacts(source, folder, mapping)
    return tool("artefacts", sources, sttm, folder / "out")


def emit_declared(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Emits the pipeline of dialects.py's declarations of data/ecommerce, or of its odd files."""
    source = ECOMMERCE
    if name == "odd":
        source = folder / "source"
        source.mkdir()
        dialects.write_sources(source)
    sources, sttm = dialects.write_artefacts(source, folder)
    return tool("artefacts", sources, sttm, folder / "out")


# Folders that go the whole way by `bldr run`; the public sets lie beside the tree, or their cases are skipped.
FOLDERS = {"the shop": ECOMMERCE, "the jaffle shop": JAFFLE}
FOLDERS |= {name: SHARED / name / "data" for name in MISSES}
DECLARED: dict[str, Callable[[Path], subprocess.CompletedProcess[str]]] = {
    "nasty": emit_nasty,
    "declared ecommerce": lambda folder: emit_declared(folder, "ecommerce"),
    "declared odd": lambda folder: emit_declared(folder, "odd"),
}


@pytest.fixture(scope="session", params=[*FOLDERS, *DECLARED])
def out(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run, or of what emit_tool made of artefacts that tests declare: each is made once."""
    name, folder = request.param, tmp_path_factory.mktemp("emitted")
    if name in DECLARED:
        done = DECLARED[name](folder)
        assert done.returncode == 0, done.stderr
        return folder / "out"
    if not FOLDERS[name].is_dir():
        pytest.skip(f"no {FOLDERS[name]}")
    outcome = run_job(FOLDERS[name], folder)
    assert outcome["verdict"] == "validated", outcome
    return Path(outcome["folder"])


LIBRARY = ROOT / "python/bldr_ingest"


def notebooks(out: Path) -> list[Path]:
    found = (out / "pipeline").rglob("*.py")
    return sorted(path for path in found if path.parent.name != LIBRARY.name)


def check(*command: str | Path, env: dict[str, str] | None = None) -> None:
    texts = [str(c) for c in command]
    done = subprocess.run(texts, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, (done.stdout + done.stderr)[:4000]


def test_black_would_change_nothing(out: Path) -> None:
    check(BLACK, "--check", "--diff", "--config", "/dev/null", *notebooks(out))


def test_ruff_finds_nothing(out: Path) -> None:
    command: list[str | Path] = [
        RUFF,
        "check",
        "--isolated",
        "--no-cache",
        "--target-version=py311",
    ]
    check(*command, *RULES, *notebooks(out))
    check(
        RUFF,
        "check",
        "--no-cache",
        "--config",
        ROOT / "pyproject.toml",
        out / "pipeline" / LIBRARY.name,
    )


def test_the_library_travels_with_the_notebooks(out: Path) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        found = (p for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc")
        return {str(p.relative_to(folder)): p.read_bytes() for p in found}

    assert files(LIBRARY).keys() >= {"__init__.py", "py.typed", "session.py"}
    assert files(out / "pipeline" / LIBRARY.name) == files(LIBRARY)
    check(BLACK, "--check", "--config", ROOT / "pyproject.toml", out / "pipeline" / LIBRARY.name)


def test_mypy_finds_nothing(out: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Against the library in the tree, which is the one that travels: what mypy knows of it serves all cases."""
    command: list[str | Path] = [MYPY, "--strict", "--ignore-missing-imports"]
    command += ["--allow-untyped-decorators", "--namespace-packages", "--explicit-package-bases"]
    bases = f"{LIBRARY.parent}:{out / 'pipeline'}"
    cache = tmp_path_factory.getbasetemp() / "mypy"
    environment = {**os.environ, "MYPYPATH": bases}
    check(*command, "--cache-dir", cache, *notebooks(out), env=environment)


def test_notebooks_compile_and_say_what_they_are(out: Path) -> None:
    assert notebooks(out)
    for path in notebooks(out):
        text = path.read_text()
        module = ast.parse(text)
        compile(text, str(path), "exec")
        assert text.startswith(HEAD), path
        assert text.count(CELL) >= 3, path
        assert text.endswith("\n") and not text.endswith("\n\n"), path
        functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
        assert functions or path.parent.name == "governance"
        for function in functions:
            assert ast.get_docstring(function), f"{path}: {function.name}"
            assert function.returns is not None, f"{path}: {function.name}"


def test_nothing_stands_there_that_serverless_refuses(out: Path) -> None:
    """bldr_lint over notebooks and library; and notebooks take no rows to the driver."""
    for path in sorted((out / "pipeline").rglob("*.py")):
        assert lint_file(path) == []
    for path in notebooks(out):
        module = ast.parse(path.read_text())
        used = {node.attr for node in ast.walk(module) if isinstance(node, ast.Attribute)}
        froms = [node.module or "" for node in ast.walk(module) if isinstance(node, ast.ImportFrom)]
        assert not used & {"toPandas", "collect", "toLocalIterator"}, path
        assert {name.split(".")[0] for name in froms} <= {"pyspark", "bldr_ingest"}, path


def test_manifest_lists_every_file(out: Path) -> None:
    manifest = json.loads((out / "artefacts/pipeline.v1.json").read_text())
    listed = [entry["path"] for entry in manifest["files"]]
    assert listed == sorted(
        str(p.relative_to(out)) for p in (out / "pipeline").rglob("*") if p.is_file()
    )
    for entry in manifest["files"]:
        data = (out / entry["path"]).read_bytes()
        assert entry["bytes"] == len(data)
        assert entry["hash"] == hashlib.blake2b(data, digest_size=32).hexdigest()
        folder = Path(entry["path"]).parent.name
        kinds = {"bldr_ingest": "library", "resources": "bundle"}
        kind = "job" if entry["path"] == "pipeline/job.json" else kinds.get(folder, "notebook")
        kind = "bundle" if entry["path"] == "pipeline/databricks.yml" else kind
        assert entry["kind"] == kind
        assert entry.get("layer", folder) == folder
        assert ("layer" in entry) == (entry["kind"] == "notebook")


def session_defaults() -> dict[str, str]:
    """What bldr_ingest takes for a parameter that nobody gives; the run's id is no parameter of the job."""
    module = ast.parse((LIBRARY / "session.py").read_text())
    (value,) = [
        node.value
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DEFAULTS"
    ]
    defaults: dict[str, str] = ast.literal_eval(value)
    assert defaults.pop("run_id") == ""
    return defaults


def test_job_fits_the_api(out: Path) -> None:
    schema = json.loads((ROOT / "tests/golden/databricks/job_settings.schema.json").read_text())
    job = json.loads((out / "pipeline/job.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(job)
    assert job["max_concurrent_runs"] == 1
    assert job["queue"] == {"enabled": True}
    defaults = {p["name"]: p["default"] for p in job["parameters"]}
    assert defaults == session_defaults()


def test_job_runs_every_notebook_behind_what_it_reads(out: Path) -> None:
    job = json.loads((out / "pipeline/job.json").read_text())
    paths = {t["task_key"]: t["notebook_task"]["notebook_path"] for t in job["tasks"]}
    assert len(paths) == len(job["tasks"])
    root = "${workspace.file_path}/"
    found = {f"{root}{p.relative_to(out / 'pipeline').with_suffix('')}" for p in notebooks(out)}
    assert set(paths.values()) == found
    done: set[str] = set()
    for task in job["tasks"]:
        waits = {wait["task_key"] for wait in task.get("depends_on", [])}
        assert waits <= done, f"{task['task_key']} waits for tasks behind it"
        done.add(task["task_key"])
        assert (task["max_retries"], task["min_retry_interval_millis"]) == (1, 30_000)
        assert task["timeout_seconds"] > 0 and not task["retry_on_timeout"]
        assert task["notebook_task"]["base_parameters"] == {"run_id": "{{job.run_id}}"}
        layer, table = paths[task["task_key"]].removeprefix(root).split("/")
        assert (layer == "bronze") == (not waits)
        assert layer != "governance" or waits >= {key for key in paths if key.startswith("gold_")}
        assert layer != "silver" or [paths[wait] for wait in waits] == [f"{root}bronze/{table}"]


def test_gold_waits_for_joined_tables_and_dimensions(tmp_path: Path) -> None:
    assert tool("folder", JAFFLE, tmp_path).returncode == 0
    job = json.loads((tmp_path / "pipeline/job.json").read_text())
    waits = {t["task_key"]: {w["task_key"] for w in t.get("depends_on", [])} for t in job["tasks"]}
    dimensions = {"gold_dim_customer", "gold_dim_date"}
    assert waits["gold_dim_customer"] == {"silver_raw_customers"}
    assert waits["gold_dim_date"] == {"silver_raw_orders"}
    assert waits["gold_fact_order"] == {"silver_raw_orders", *dimensions}
    assert waits["gold_fact_payment"] == {"silver_raw_payments", "silver_raw_orders", *dimensions}


def constant(path: Path, name: str) -> ast.expr:
    """What a notebook assigns to the name."""
    assigned = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.AnnAssign)]
    (value,) = [n.value for n in assigned if ast.unparse(n.target) == name]
    assert value is not None
    return value


def test_keys_are_those_of_the_mapping(out: Path) -> None:
    """A table's references are its dimension keys; a dimension is known by its surrogate key."""
    sttm = json.loads((out / "artefacts/sttm.v1.json").read_text())
    if any(len(table["name"]) > 200 for table in sttm["tables"]):
        pytest.skip("names are shortened")
    surrogate = {
        table["name"]: column["target"]
        for table in sttm["tables"]
        for column in table["columns"]
        if column["role"] == "surrogate_key"
    }
    notebook = out / "pipeline/governance/governance.py"
    primary = ast.literal_eval(constant(notebook, "PRIMARY_KEYS"))
    for table in sttm["tables"]:
        if table["kind"] != "fact" and table["name"] in surrogate:
            assert primary[table["name"]] == [surrogate[table["name"]]]
    calls = constant(notebook, "FOREIGN_KEYS")
    assert isinstance(calls, ast.List)
    found = [
        tuple(ast.literal_eval(argument) for argument in call.args)
        for call in calls.elts
        if isinstance(call, ast.Call)
    ]
    assert found == [
        (table["name"], column["target"], column["dimension"], surrogate[column["dimension"]])
        for table in sttm["tables"]
        for column in table["columns"]
        if column["role"] == "dimension_key"
    ]


def test_equal_input_gives_equal_bytes(out: Path, tmp_path: Path) -> None:
    done = tool(
        "artefacts",
        out / "artefacts/sources.v1.json",
        out / "artefacts/sttm.v1.json",
        tmp_path / "again",
    )
    assert done.returncode == 0, done.stderr
    again = tmp_path / "again" / "pipeline"
    first = {
        p.relative_to(out / "pipeline"): p.read_bytes()
        for p in (out / "pipeline").rglob("*")
        if p.is_file()
    }
    second = {p.relative_to(again): p.read_bytes() for p in again.rglob("*") if p.is_file()}
    assert first == second
    for path, data in first.items():
        assert str(out).encode() not in data and str(ROOT).encode() not in data, path


# ---- long names ----


def renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def test_names_of_any_length_are_laid_out(tmp_path: Path) -> None:
    """Around each length at which some line of a template begins to be too long."""
    source = tmp_path / "source"
    source.mkdir()
    nasty.write_sources(source)
    stems = (
        "events",
        "things",
        "dim_thing",
        "dim_date",
        "fact_event",
        "fact_line",
        "order",
        "class",
    )
    for size in (38, 43, 51, 54, 60, 67, 75, 84, 240):
        names = {stem: (stem + "_" + "x" * size)[:size] for stem in stems}
        paths = nasty.write_artefacts(source, tmp_path)
        for path in paths:
            path.write_text(json.dumps(renamed(json.loads(path.read_text()), names)))
        done = tool("artefacts", *paths, tmp_path / f"out{size}")
        assert done.returncode == 0, done.stderr
        test_job_fits_the_api(tmp_path / f"out{size}")
    written = [path for out in sorted(tmp_path.glob("out*")) for path in notebooks(out)]
    check(BLACK, "--check", "--diff", "--config", "/dev/null", *written)


def test_a_file_name_as_long_as_a_file_system_takes_is_shortened(tmp_path: Path) -> None:
    """251 letters and .csv: notebook, tables and task get a name that keeps its beginning and a hash of the whole."""
    source = tmp_path / "source"
    source.mkdir()
    names = ["a" * 250 + letter for letter in "bc"]
    for name in names:
        (source / f"{name}.csv").write_text("id,x\n1,2\n2,3\n")
    done = tool("folder", source, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    short = {
        n[:183] + "_" + hashlib.blake2b(n.encode(), digest_size=32).hexdigest()[:16] for n in names
    }
    for layer in ("bronze", "silver"):
        assert {p.stem for p in (tmp_path / "out/pipeline" / layer).iterdir()} == short
    for name in short:
        assert f'"bronze_{name}"' in (tmp_path / f"out/pipeline/bronze/{name}.py").read_text()
    test_job_fits_the_api(tmp_path / "out")
    test_job_runs_every_notebook_behind_what_it_reads(tmp_path / "out")


def file_constant(path: Path) -> str:
    assigned = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.Assign)]
    (value,) = [
        n.value
        for n in assigned
        if isinstance(n.targets[0], ast.Name) and n.targets[0].id == "FILE"
    ]
    return str(ast.literal_eval(value))


def test_file_names_of_any_length_are_laid_out(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    nasty.write_sources(source)
    sources, sttm = nasty.write_artefacts(source, tmp_path)
    value = json.loads(sources.read_text())
    written = []
    for letter in ("f", "\u00e9", "\u7121"):
        for size in (70, 77, 78, 79, 80, 81, 82, 83, 84, 120):
            name = value["files"][0]["path"] = "a" * (size - 10) + letter * 10
            sources.write_text(json.dumps(value))
            out = tmp_path / f"{ord(letter)}_{size}"
            assert tool("artefacts", sources, sttm, out).returncode == 0
            written.append(out / "pipeline/bronze/events.py")
            assert file_constant(written[-1]) == name
    check(BLACK, "--check", "--diff", "--config", "/dev/null", *written)


# ---- what cannot be emitted ----


def first_column(mapping: dict[str, Any], table: int) -> dict[str, Any]:
    return mapping["tables"][table]["columns"][0]


def two_keys(mapping: dict[str, Any]) -> None:
    lookup = nasty.thing(code="a.b")
    first_column(mapping, 2)["rule"] = nasty.fn("coalesce", nasty.thing(), lookup)


def rename_table(name: str) -> Callable[[dict[str, Any]], None]:
    def apply(mapping: dict[str, Any]) -> None:
        mapping["tables"][3]["name"] = name

    return apply


def rename_column(name: str) -> Callable[[dict[str, Any]], None]:
    def apply(mapping: dict[str, Any]) -> None:
        mapping["tables"][2]["columns"][7]["target"] = name

    return apply


def wrong_rule(mapping: dict[str, Any]) -> None:
    mapping["tables"][2]["columns"][7]["rule"] = {"col": "no such column"}


def no_dates(mapping: dict[str, Any]) -> None:
    mapping["tables"][1]["calendar"][0]["column"] = "amount"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (two_keys, 'column "fact_event.id": the rule looks "dim_thing" up by two keys'),
        (rename_table("../evil"), 'table "../evil" cannot have that name on Databricks'),
        (rename_table("größe"), "cannot have that name on Databricks"),
        (
            rename_table("bronze_events"),
            'table "bronze_events" has the name of one that the pipeline keeps',
        ),
        (
            rename_table("ETL_audit"),
            'table "ETL_audit" has the name of one that the pipeline keeps',
        ),
        (
            rename_table("Quarantine_Fact_Event"),
            'table "Quarantine_Fact_Event" has the name of one',
        ),
        (rename_table("events"), 'source and target table "events" would share their quarantine'),
        (rename_column("a b"), 'column "a b" cannot have that name on Databricks'),
        (rename_column('"""'), "cannot have that name on Databricks"),
        (wrong_rule, 'no column "no such column" here'),
        (no_dates, '"dim_date" covers the dates of "events.amount"'),
    ],
)
def test_what_cannot_be_emitted_is_told_and_nothing_is_written(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    mapping = json.loads(json.dumps(nasty.sttm()))
    change(mapping)
    done = emit_nasty(tmp_path, mapping)
    assert done.returncode == 1
    assert done.stderr.startswith("INVALID: ")
    assert told in done.stderr
    assert not (tmp_path / "out").exists()


# ---- the layout of expressions ----

TEXTS = [
    '""',
    '"id"',
    '"it\'s"',
    r'"he said \"hi\""',
    r'"\""',
    r'"\"\\\""',
    '"\'\\""',
    r'"\\"',
    r'"\u200b"',
    "\"yyyy-MM-dd'T'HH:mm\"",
    r'r"\A[+-]?[0-9]+\z"',
]
METHODS = ["cast", "isNull", "try_cast", "alias", "otherwise", "bitwiseAND", "isin"]
FUNCTIONS = [
    "lit",
    "coalesce",
    "regexp_replace",
    "btrim",
    "nullif",
    "xxhash64",
    "when",
    "try_to_timestamp",
]


class Expressions:
    """Random expressions of the kind that rules become."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self) -> str:
        letter, size = self.random.choice(["x", "é", "無", "\u2013"]), self.random.randint(1, 90)
        return self.random.choice([*TEXTS, f'"{letter * size}"'])

    def leaf(self) -> str:
        return self.random.choice(
            [self.text(), "None", "0x7FFFFFFFFFFFFFFF", "-2", "True", f"F.col({self.text()})"]
        )

    def arguments(self, depth: int, counts: list[int]) -> str:
        count = self.random.choice(counts)
        named = self.random.random() < 0.05 and count > 0
        items = [self.any(depth) for _ in range(count)]
        return ", ".join([*items[:-1], f"name={items[-1]}"] if named else items)

    def call(self, depth: int) -> str:
        return f"F.{self.random.choice(FUNCTIONS)}({self.arguments(depth, [0, 1, 1, 2, 2, 3, 5])})"

    def chain(self, depth: int) -> str:
        grouped = depth > 0 and self.random.random() < 0.07
        chain = f"({self.operation(depth - 1)}).isNull()" if grouped else self.call(depth - 1)
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2, 3])):
            chain += f".{self.random.choice(METHODS)}({self.arguments(depth - 2, [0, 1, 1, 1, 2])})"
        return "~" + chain if self.random.random() < 0.05 else chain

    def operation(self, depth: int) -> str:
        operator = self.random.choice([" | ", " & ", " + ", " == "])
        return operator.join(self.chain(depth - 1) for _ in range(2 if operator == " == " else 3))

    def any(self, depth: int) -> str:
        kind = self.random.random()
        if depth <= 0 or kind < 0.2:
            return self.leaf()
        if kind < 0.27:
            return self.operation(depth)
        if kind < 0.3:
            return f"[{self.arguments(depth - 1, [1, 2, 4]).replace('name=', '')}, None]"
        return self.chain(depth)


@pytest.mark.parametrize("seed", range(4))
def test_layout_is_blacks_and_keeps_the_meaning(tmp_path: Path, seed: int) -> None:
    expressions = Expressions(seed)
    lines = [expressions.chain(expressions.random.randint(1, 5)) for _ in range(150)]
    done = tool("layout", stdin="".join(line + "\n" for line in lines))
    assert done.returncode == 0, done.stderr
    module = ast.parse(done.stdout)
    function, assignment = module.body
    assert isinstance(function, ast.FunctionDef) and isinstance(function.body[0], ast.Return)
    items, plain = function.body[0].value, assignment.value  # type: ignore[attr-defined]
    assert isinstance(items, ast.Dict) and isinstance(plain, ast.List)
    expected = [ast.dump(ast.parse(line, mode="eval").body) for line in lines]
    assert [ast.dump(value) for value in items.values] == expected
    assert [ast.dump(value) for value in plain.elts] == expected
    path = tmp_path / "laid_out.py"
    path.write_text(done.stdout)
    check(BLACK, "--check", "--diff", "--config", "/dev/null", path)


@pytest.mark.parametrize(
    "line", ["", "(", "F.lit(", 'F.lit("', "F.lit)", "F.lit(1];", "a ? b", "F.lit('\"'"]
)
def test_what_is_no_expression_is_refused(line: str) -> None:
    done = tool("layout", stdin=line + "\n")
    assert done.returncode == 1
    assert "cannot lay out" in done.stderr
