"""Notebooks that end in odd ways: what they leave running, and errors that are hard to tell."""

import secrets
import time
from typing import Any

import pytest
from databricks.sdk.service.jobs import RunType
from fixtures import needs_workspace
from notebook_world import TERMINAL, Notebooks, until

pytestmark = needs_workspace
EXIT = "dbutils.notebook.exit"


@pytest.fixture
def notebooks(sdk: Any) -> Notebooks:
    return Notebooks(sdk, secrets.token_hex(4))


@pytest.mark.parametrize("how", ["dies", "cancel", "normal"])
def test_a_process_that_left_the_group_does_not_keep_the_run(
    notebooks: Notebooks, sdk: Any, how: str
) -> None:
    path = notebooks.put(
        "leaves",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(40)\n    os._exit(0)",
        {"dies": "os._exit(3)", "cancel": "time.sleep(100)", "normal": f"{EXIT}('x')"}[how],
    )
    run_id = notebooks.start(notebooks.task(path))
    if how == "cancel":
        until(lambda: sdk.jobs.get_run(run_id).state.life_cycle_state.value == "RUNNING")
        time.sleep(1)
        sdk.jobs.cancel_run(run_id)
    run = notebooks.wait(run_id, 25)
    expected = {"dies": "FAILED", "cancel": "CANCELED", "normal": "SUCCESS"}[how]
    assert run.tasks[0].state.result_state.value == expected


def test_a_notebook_that_was_called_ends_with_its_caller(notebooks: Notebooks, sdk: Any) -> None:
    name = secrets.token_hex(4)
    notebooks.put(name, "import time\ntime.sleep(100)")
    path = notebooks.put(
        "caller",
        "import threading, time, os\n"
        f"threading.Thread(target=lambda: dbutils.notebook.run('{name}', 0)).start()\n"
        "time.sleep(1.5)",
        "raise ValueError('meanwhile')",
    )
    run = notebooks.wait(notebooks.start(notebooks.task(path)))
    assert run.tasks[0].state.result_state.value == "FAILED"

    def child() -> Any:
        runs = sdk.jobs.list_runs(run_type=RunType.WORKFLOW_RUN)
        return next(run for run in runs if run.run_name == name)

    until(lambda: child().state.life_cycle_state.value in TERMINAL)
    assert child().state.result_state.value == "CANCELED"


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("raise ValueError('\\udcff')", "ValueError: ?"),
        (
            "e = ValueError('x')\ntry:\n    raise e\nexcept ValueError as f:\n    raise f from f",
            "ValueError: x",
        ),
        (
            "a, b = ValueError('a'), KeyError('b')\na.__cause__, b.__cause__ = b, a\nraise a",
            "ValueError: a",
        ),
        ("raise ValueError(chr(0x1F600))", "ValueError: " + chr(0x1F600)),
        ("import sys\nsys.stdout = None\nraise ValueError('dumb')", "ValueError: dumb"),
    ],
)
def test_errors_that_are_hard_to_tell(notebooks: Notebooks, cell: str, error: str) -> None:
    done = notebooks.run(cell)
    assert (done.state, done.error) == ("FAILED", error)
    assert done.trace and error.partition(":")[0] in done.trace


def test_restart_python_by_its_magic(notebooks: Notebooks) -> None:
    done = notebooks.run("x = 1", "# MAGIC %restart_python", f"{EXIT}(str('x' in globals()))")
    assert (done.error, done.result) == ("", "False")


@pytest.mark.parametrize(
    "cell",
    [
        "raise ValueError('x' * (20_000 - len('ValueError: ') - 12) + key)",
        f"{EXIT}('x' * (5 * 1024 * 1024 - 12) + key)",
        "print(key + 'x' * (5 * 1024 * 1024 - 13))",
        "print(key + 'x' * (5 * 1024 * 1024 - 13) + 'y' * 12)",
    ],
)
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(notebooks: Notebooks, cell: str) -> None:
    scope, secret = secrets.token_hex(4), "Kq7" + secrets.token_hex(20)
    notebooks.sdk.secrets.create_scope(scope)
    notebooks.sdk.secrets.put_secret(scope, "k", string_value=secret)
    done = notebooks.run(f"key = dbutils.secrets.get('{scope}', 'k')", cell)
    for text in (done.error, done.trace, done.result or "", done.printed):
        # what is left when a text is cut inside the secret is its beginning or its end
        assert secret[:8] not in text and secret[-8:] not in text
        assert len(text.encode()) <= 5 * 1024 * 1024
