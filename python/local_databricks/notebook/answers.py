"""What the workspace answers to a notebook's process: its own run's matters, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from local_databricks.errors import ApiError
from local_databricks.jobs.model import Attempt, Json, Run
from local_databricks.jobs.states import Result
from local_databricks.notebook.redact import redacted, texts

SLOW_CALLS = ("run_notebook",)  # those that others of the same notebook do not wait for


class Answers:
    """The calls of one task run. Secrets that it has read are remembered, so that `redact` knows them."""

    def __init__(self, workspace: Any, jobs: Any, attempt: Attempt) -> None:
        self._workspace = workspace
        self._jobs = jobs
        self._attempt = attempt
        self._secrets: set[str] = set()
        self._called: list[int] = []
        self._closed = False
        self._calls: dict[str, Callable[[Json], Any]] = {
            "secret": self._secret,
            "secret_keys": self._secret_keys,
            "secret_scopes": self._secret_scopes,
            "set_task_value": self._set_task_value,
            "task_value": self._task_value,
            "notebook": self._notebook,
            "run_notebook": self._run_notebook,
            "registry": self._registry,
        }

    def answer(self, message: Json) -> Json:
        """The answer to one call; a refusal is an answer too."""
        try:
            call = self._calls.get(message.get("call", ""))
            if call is None:
                raise ApiError(400, "UNKNOWN_CALL", f"unknown call {message.get('call')!r}")
            return {"id": message.get("id"), "result": call(message)}
        except ApiError as error:
            return _refusal(message, str(error.code), error.message)
        except Exception as error:
            return _refusal(message, "INTERNAL_ERROR", f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """The process is gone: the notebooks that it called and has not waited for are cancelled."""
        self._closed = True
        for run_id in self._called:
            self._jobs.engine.cancel(run_id)

    def redact(self, text: str) -> str:
        """The text without the secrets that the run has read."""
        return redacted(text, self._secrets)

    def _who(self) -> Any:
        return self._workspace.auth.find(self._attempt.run.creator) or SimpleNamespace(
            name=self._attempt.run.creator, admin=False
        )

    def _require_read(self, scope: str) -> None:
        who = self._who()
        if not who.admin and not self._workspace.secrets.may(scope, who.name, "READ"):
            raise ApiError(
                403,
                "PERMISSION_DENIED",
                f"{who.name} does not have READ permission on scope {scope}",
            )

    def _secret(self, message: Json) -> str:
        self._require_read(message["scope"])
        value: bytes = self._workspace.secrets.get(message["scope"], message["key"])
        self._secrets |= texts(value)
        return value.hex()

    def _secret_keys(self, message: Json) -> list[str]:
        self._require_read(message["scope"])
        return [key for key, _ in self._workspace.secrets.keys(message["scope"])]

    def _secret_scopes(self, message: Json) -> list[str]:
        return list(self._workspace.secrets.scopes())

    def _set_task_value(self, message: Json) -> None:
        attempt = self._attempt
        self._jobs.store.set_value(
            attempt.run.run_id, attempt.task_run.key, message["key"], message["value"]
        )

    def _task_value(self, message: Json) -> Json:
        run = self._attempt.run
        if message["task_key"] not in run.latest():
            raise ApiError(
                400,
                "INVALID_PARAMETER_VALUE",
                f"Task key does not exist in run: {message['task_key']}.",
            )
        values = self._jobs.store.values(run.run_id).get(message["task_key"], {})
        return {"value": values[message["key"]]} if message["key"] in values else {}

    def _notebook(self, message: Json) -> Json:
        language, text = self._workspace.tree.notebook(message["path"])
        return {"language": language, "source": text}

    def _registry(self, message: Json) -> Any:
        return self._workspace.registry.answer(message["request"], self._who())

    def _run_notebook(self, message: Json) -> str:
        """dbutils.notebook.run: the other run's exit value; the caller waits."""
        attempt, engine = self._attempt, self._jobs.engine
        run: Run = self._jobs.child(
            attempt.run, message["path"], message["arguments"], message["timeout_seconds"]
        )
        self._called.append(run.run_id)
        attempt.on_cancel(lambda: engine.cancel(run.run_id))
        if self._closed:
            engine.cancel(run.run_id)
        while not engine.wait(run.run_id, 3600):
            pass
        assert run.ending is not None
        if run.ending.result != Result.SUCCESS:
            raise ApiError(400, "WORKFLOW_EXCEPTION", _child_failed(run))
        stored = self._jobs.store.output(run.tasks[0].run_id)
        return str((stored.get("notebook_output") or {}).get("result") or "")


def _child_failed(run: Run) -> str:
    assert run.ending is not None
    task = run.tasks[0]
    message = task.ending.message if task.ending else run.ending.message
    kind = "com.databricks.NotebookExecutionException"
    return f"com.databricks.WorkflowException: {kind}: {run.ending.result.value}: {message}"


def _refusal(message: Json, kind: str, text: str) -> Json:
    return {"id": message.get("id"), "error": {"kind": kind, "message": text}}
