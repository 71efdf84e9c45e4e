"""Notebooks that end in odd ways: what they leave running, and errors that are hard to tell."""

import secrets
import time
from typing import Any

import pytest
from fixtures import needs_workspace
from notebook_world import Notebooks, until

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
