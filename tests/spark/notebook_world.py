"""For tests of notebooks: puts them into a running workspace by databricks-sdk, runs them, and hands back what came out."""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

from databricks.sdk.service.jobs import NotebookTask, SubmitTask, TaskDependency
from databricks.sdk.service.workspace import ImportFormat, Language

TERMINAL = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")


@dataclass
class Outcome:
    """How a run of one notebook went: `run` and `output` are databricks-sdk's objects."""

    run: Any
    output: Any
    printed: str

    @property
    def result(self) -> str | None:
        found = self.output.notebook_output
        return found.result if found else None

    @property
    def error(self) -> str:
        return self.output.error or ""

    @property
    def trace(self) -> str:
        return self.output.error_trace or ""

    @property
    def state(self) -> str:
        return str(self.run.tasks[0].state.result_state.value)


class Notebooks:
    """Notebooks below /Shared/<folder> of the workspace that `sdk` is a client of."""

    def __init__(self, sdk: Any, folder: str) -> None:
        self.sdk = sdk
        self.folder = f"/Shared/{folder}"
        sdk.workspace.mkdirs(self.folder)

    def put(self, name: str, *cells: str, language: str = "PYTHON") -> str:
        """A notebook in SOURCE form; its path."""
        mark = {"PYTHON": "#", "SQL": "--"}[language]
        text = f"{mark} Databricks notebook source\n" + f"\n\n{mark} COMMAND ----------\n\n".join(
            cells
        )
        path = f"{self.folder}/{name}"
        self.sdk.workspace.import_(
            path=path,
            format=ImportFormat.SOURCE,
            language=Language[language],
            content=base64.b64encode(text.encode()).decode(),
            overwrite=True,
        )
        return path

    def file(self, name: str, content: str) -> str:
        """A workspace file."""
        path = f"{self.folder}/{name}"
        self.sdk.workspace.mkdirs(path.rsplit("/", 1)[0])
        self.sdk.workspace.upload(path, content.encode(), format=ImportFormat.AUTO, overwrite=True)
        return path

    def task(
        self, path: str, key: str = "main", after: tuple[str, ...] = (), **parameters: str
    ) -> Any:
        return SubmitTask(
            task_key=key,
            notebook_task=NotebookTask(notebook_path=path, base_parameters=parameters or None),
            depends_on=[TaskDependency(task_key=name) for name in after],
        )

    def start(self, *tasks: Any, **fields: Any) -> int:
        return int(self.sdk.jobs.submit(run_name="test", tasks=list(tasks), **fields).run_id)

    def wait(self, run_id: int, seconds: float = 60) -> Any:
        """The run, once it has ended."""
        deadline = time.monotonic() + seconds
        while True:
            run = self.sdk.jobs.get_run(run_id)
            if run.state.life_cycle_state.value in TERMINAL:
                return run
            assert time.monotonic() < deadline, f"run {run_id} did not end: {run.state}"
            time.sleep(0.02)

    def outcome(self, run: Any, task: int = 0) -> Outcome:
        run_id = run.tasks[task].run_id
        views = self.sdk.jobs.export_run(run_id).views
        page = views[0].content if views else ""
        printed = unescape(page.partition("<h2>Output</h2>\n<pre>")[2].partition("</pre>")[0])
        return Outcome(run, self.sdk.jobs.get_run_output(run_id), printed)

    def run(
        self, *cells: str, language: str = "PYTHON", name: str = "notebook", **parameters: str
    ) -> Outcome:
        """One notebook as a task of its own, to its end."""
        path = self.put(name, *cells, language=language)
        return self.outcome(self.wait(self.start(self.task(path, "main", (), **parameters))))


def until(true: Callable[[], Any], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
