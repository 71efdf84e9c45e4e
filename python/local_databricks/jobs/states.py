"""How a run ended or where it stands, in the two forms in which Jobs 2.2 tells it: `status`, and the older `state`.

The engine knows one `Phase` and, at the end, one `Ending`; this module alone knows how the cloud spells them. The
known oddity is here too: a run whose task failed says INTERNAL_ERROR in the older life_cycle_state, though `status`
and the task itself say TERMINATED.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

WORKLOAD_FAILED = "Workload failed, see run output for details"


class Phase(StrEnum):
    """Where a run stands; the spelling is that of `status.state`."""

    QUEUED = "QUEUED"
    BLOCKED = "BLOCKED"
    PENDING = "PENDING"
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"


class Result(StrEnum):
    """How a run ended; the spelling is that of `state.result_state`."""

    SUCCESS = "SUCCESS"
    SUCCESS_WITH_FAILURES = "SUCCESS_WITH_FAILURES"
    FAILED = "FAILED"
    TIMEDOUT = "TIMEDOUT"
    CANCELED = "CANCELED"
    EXCLUDED = "EXCLUDED"
    DISABLED = "DISABLED"
    UPSTREAM_FAILED = "UPSTREAM_FAILED"
    UPSTREAM_CANCELED = "UPSTREAM_CANCELED"
    MAXIMUM_CONCURRENT_RUNS_REACHED = "MAXIMUM_CONCURRENT_RUNS_REACHED"


# Results that a task has without ever having run.
NEVER_RAN = {
    Result.EXCLUDED,
    Result.DISABLED,
    Result.UPSTREAM_FAILED,
    Result.UPSTREAM_CANCELED,
    Result.MAXIMUM_CONCURRENT_RUNS_REACHED,
}

_CODE = {
    Result.SUCCESS: ("SUCCESS", "SUCCESS"),
    Result.SUCCESS_WITH_FAILURES: ("SUCCESS_WITH_FAILURES", "SUCCESS"),
    Result.FAILED: ("RUN_EXECUTION_ERROR", "CLIENT_ERROR"),
    Result.TIMEDOUT: ("CANCELED", "CLIENT_ERROR"),
    Result.CANCELED: ("USER_CANCELED", "CLIENT_ERROR"),
    Result.EXCLUDED: ("SKIPPED", "SUCCESS"),
    Result.DISABLED: ("DISABLED", "SUCCESS"),
    Result.UPSTREAM_FAILED: ("SKIPPED", "CLIENT_ERROR"),
    Result.UPSTREAM_CANCELED: ("SKIPPED", "CLIENT_ERROR"),
    Result.MAXIMUM_CONCURRENT_RUNS_REACHED: ("MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR"),
}

_LIFE_CYCLE = {
    Phase.QUEUED: "QUEUED",
    Phase.BLOCKED: "BLOCKED",
    Phase.PENDING: "PENDING",
    Phase.WAITING: "WAITING_FOR_RETRY",
    Phase.RUNNING: "RUNNING",
    Phase.TERMINATING: "TERMINATING",
}


@dataclass(frozen=True)
class Ending:
    """The end of a run or of a task's run.

    `code` and `type` are those of termination_details; left out they follow from the result. `internal` says that
    the older life_cycle_state is INTERNAL_ERROR although the workload is to blame.
    """

    result: Result
    message: str = ""
    code: str = ""
    type: str = ""
    internal: bool = False

    @property
    def termination_code(self) -> str:
        return self.code or _CODE[self.result][0]

    @property
    def termination_type(self) -> str:
        return self.type or _CODE[self.result][1]

    def stored(self) -> dict[str, Any]:
        return {
            "result": self.result.value,
            "message": self.message,
            "code": self.code,
            "type": self.type,
            "internal": self.internal,
        }

    @staticmethod
    def restored(stored: dict[str, Any]) -> "Ending":
        return Ending(
            Result(stored["result"]), *(stored[k] for k in ("message", "code", "type", "internal"))
        )


def success() -> Ending:
    return Ending(Result.SUCCESS)


def failed(message: str = WORKLOAD_FAILED) -> Ending:
    """The user's code is to blame."""
    return Ending(Result.FAILED, message)


def canceled() -> Ending:
    return Ending(Result.CANCELED, "Run cancelled.")


def timed_out() -> Ending:
    return Ending(Result.TIMEDOUT, "Run timed out.")


def cluster_failed(cluster_id: str, reason: str) -> Ending:
    """A job cluster that did not come up: the platform's fault, nothing of the workload ran."""
    message = (
        f"Cluster {cluster_id} was terminated while waiting on it to be ready: Cluster {cluster_id} is in unexpected "
        f"state Terminated: {reason}"
    )
    return Ending(Result.FAILED, message, "CLUSTER_ERROR", "CLOUD_FAILURE", internal=True)


def lost() -> Ending:
    """The server was stopped or killed while the run was active."""
    message = "Run failed with an internal error: the service that ran it was restarted."
    return Ending(Result.FAILED, message, "INTERNAL_ERROR", "INTERNAL_ERROR", internal=True)


def wrong_configuration(message: str) -> Ending:
    """The task's settings cannot be run as they stand."""
    return Ending(
        Result.FAILED, message, "INVALID_RUN_CONFIGURATION", "CLIENT_ERROR", internal=True
    )


def library_failed(message: str) -> Ending:
    """A library of the task cannot be had."""
    return Ending(
        Result.FAILED, message, "LIBRARY_INSTALLATION_ERROR", "CLIENT_ERROR", internal=True
    )


def serverless_failed(reason: str) -> Ending:
    """Compute that the platform should have given did not come up."""
    message = f"Serverless compute could not be started: {reason}"
    return Ending(Result.FAILED, message, "CLUSTER_ERROR", "CLOUD_FAILURE", internal=True)


def not_found(message: str) -> Ending:
    """A notebook or file that the task names is not there."""
    return Ending(Result.FAILED, message, "RESOURCE_NOT_FOUND", "CLIENT_ERROR", internal=True)


def of_run(tasks: list[tuple[str, Ending, bool]]) -> Ending:
    """The end of a job run from the ends of its tasks: (key, ending of the last attempt, whether it is a leaf).

    Leaves decide: failed when one of them failed or never ran because of a failure upstream, cancelled when one was,
    else a success, "with failures" when a task that others caught failed.
    """
    leaves = [ending for _, ending, leaf in tasks if leaf]
    bad = [
        (key, ending)
        for key, ending, _ in tasks
        if ending.result in (Result.FAILED, Result.TIMEDOUT)
    ]
    if any(
        leaf.result in (Result.FAILED, Result.TIMEDOUT, Result.UPSTREAM_FAILED) for leaf in leaves
    ):
        key, first = bad[0] if bad else next((k, e) for k, e, leaf in tasks if leaf)
        skipped = any(ending.result == Result.UPSTREAM_FAILED for _, ending, _ in tasks)
        message = f"Task {key} failed with message: {first.message.rstrip('.')}."
        message += " This caused all downstream tasks to get skipped." if skipped else ""
        return Ending(Result.FAILED, message, first.code, first.type, internal=True)
    if any(leaf.result in (Result.CANCELED, Result.UPSTREAM_CANCELED) for leaf in leaves):
        return canceled()
    if bad:
        return Ending(Result.SUCCESS_WITH_FAILURES)
    return success()


def status(
    phase: Phase, ending: Ending | None, queue: tuple[str, str] | None = None
) -> dict[str, Any]:
    """The `status` field. `queue` is the code and the message that say why a queued run waits."""
    told: dict[str, Any] = {"state": phase.value}
    if phase == Phase.QUEUED and queue:
        told["queue_details"] = {"code": queue[0], "message": queue[1]}
    if ending:
        told["termination_details"] = {
            "code": ending.termination_code,
            "type": ending.termination_type,
            "message": ending.message,
        }
    return told


def state(
    phase: Phase, ending: Ending | None, queue: tuple[str, str] | None = None
) -> dict[str, Any]:
    """The older `state` field."""
    told: dict[str, Any] = {
        "life_cycle_state": _life_cycle(phase, ending),
        "state_message": ending.message if ending else "",
        "user_cancelled_or_timedout": bool(
            ending and ending.result in (Result.CANCELED, Result.TIMEDOUT)
        ),
    }
    if ending:
        told["result_state"] = ending.result.value
    if phase == Phase.QUEUED and queue:
        told["queue_reason"] = queue[1]
    return told


def _life_cycle(phase: Phase, ending: Ending | None) -> str:
    if ending is None:
        return _LIFE_CYCLE[phase]
    if ending.result in NEVER_RAN:
        return "SKIPPED"
    return "INTERNAL_ERROR" if ending.internal else "TERMINATED"
