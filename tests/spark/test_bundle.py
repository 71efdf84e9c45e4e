"""The emitted bundle as a YAML parser reads it: the same job as job.json, in the words that the Databricks CLI knows."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from bldr import JAFFLE, ROOT

yaml = pytest.importorskip("yaml")
SCHEMA = ROOT / "tests/golden/databricks/job_settings.schema.json"
NAME = "bldr_star_schema"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    program = Path(os.environ["BLDR_BUILD"]) / "emit_tool"
    command = [str(program), "folder", str(JAFFLE), str(folder)]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    return folder / "pipeline"


def bundled_job(pipeline: Path) -> dict[str, Any]:
    (path,) = (pipeline / "resources").iterdir()
    read = yaml.safe_load(path.read_text())
    assert list(read) == ["resources"] and list(read["resources"]) == ["jobs"]
    assert list(read["resources"]["jobs"]) == [NAME]
    job: dict[str, Any] = read["resources"]["jobs"][NAME]
    return job


def test_the_job_of_the_bundle_fits_the_api(pipeline: Path) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator(schema).validate(bundled_job(pipeline))


def test_it_is_the_job_of_job_json(pipeline: Path) -> None:
    """But for the notebooks, which it finds from its own folder, and the parameters that are variables."""
    job = json.loads((pipeline / "job.json").read_text())
    bundled = bundled_job(pipeline)
    for task in bundled["tasks"]:
        notebook = task["notebook_task"]
        path = (pipeline / "resources" / notebook["notebook_path"]).resolve()
        assert path.is_file() and path.suffix == ".py"
        relative = path.relative_to(pipeline.resolve()).with_suffix("")
        notebook["notebook_path"] = "${workspace.file_path}/" + str(relative)
    variables = yaml.safe_load((pipeline / "databricks.yml").read_text())["variables"]
    for parameter in bundled["parameters"]:
        name = parameter["name"]
        if name in variables:
            assert parameter["default"] == "${var." + name + "}"
            parameter["default"] = variables.pop(name)["default"]
    assert variables == {}
    assert bundled == job


def test_the_bundle_has_what_the_cli_asks_for(pipeline: Path) -> None:
    bundle = yaml.safe_load((pipeline / "databricks.yml").read_text())
    assert set(bundle) == {"bundle", "include", "variables", "targets"}
    assert bundle["bundle"] == {"name": NAME}
    found = {path for pattern in bundle["include"] for path in pipeline.glob(pattern)}
    assert found == set((pipeline / "resources").iterdir())
    dev, prod = bundle["targets"]["dev"], bundle["targets"]["prod"]
    assert (dev["mode"], dev["default"]) == ("development", True)
    assert prod["mode"] == "production" and prod["workspace"]["root_path"].startswith("/Workspace/")


def test_words_that_yaml_takes_for_something_else_stay_texts(pipeline: Path) -> None:
    values = {p["name"]: p["default"] for p in bundled_job(pipeline)["parameters"]}
    assert (values["full_refresh"], values["quarantine_limit"]) == ("false", "100")
