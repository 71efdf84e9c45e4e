"""Notebook tasks: one fresh process each, forked from a warm one, killed when its time is up.

`Notebooks.perform` is the jobs' performer. The process gets its work over its link, asks over it for what belongs to
the run, and says on it how it ended; a process that ends without a word has failed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_databricks.errors import ApiError
from local_databricks.jobs import states
from local_databricks.jobs.model import Attempt, Done, Json
from local_databricks.jobs.states import Ending, Result
from local_databricks.notebook.answers import SLOW_CALLS, Answers
from local_databricks.notebook.link import Channel
from local_databricks.notebook.redact import SECRET_MAX

PACKAGES = Path(__file__).resolve().parents[2]
RUNTIME_VERSION = "17.3"
PRINTED_MAX = 5 * 1024 * 1024  # the last bytes that a notebook printed
LAST_WORDS = 4000  # characters of it that tell about a process that died
_START_S = 60.0
_END_S = 10.0
UNRESPONSIVE = "Fatal error: The Python kernel is unresponsive."


@dataclass
class Process:
    """A forked notebook process, by the number that its zygote knows it by."""

    number: int
    pid: int = 0
    exit: int | None = None
    known: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def kill(self) -> None:
        """SIGKILL to the process and whatever it has started in its group."""
        if not self.known.wait(_START_S) or not self.pid:
            return
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        if not self.ended.is_set():
            # it may not have its own group yet
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)


class Zygote:
    """The warm process, started when first needed and again when it is gone."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._children: dict[int, Process] = {}
        self._count = 0

    def start(self) -> None:
        """Starts it without waiting until it is warm."""
        with self._lock:
            if self._control is None:
                self._launch()

    def fork(self, link: socket.socket, output: int) -> Process:
        """A notebook's process with these two ends, which the caller closes; waits until it is there.

        Asked for once more when the warm process is gone and we had not heard of it; without a pid it never began.
        """
        process = self._ask_for(link, output)
        process.known.wait(_START_S)
        if process.ended.is_set() and not process.pid:
            process = self._ask_for(link, output)
            process.known.wait(_START_S)
        return process

    def _ask_for(self, link: socket.socket, output: int) -> Process:
        with self._lock:
            if self._control is None:
                self._launch()
            assert self._control is not None
            self._count += 1
            process = self._children[self._count] = Process(self._count)
            request = json.dumps({"run": self._count}).encode()
            with contextlib.suppress(OSError):  # nobody hears it: the listener says so of all
                socket.send_fds(self._control, [request], [link.fileno(), output])
        return process

    def stop(self) -> None:
        """Ends it and all notebooks."""
        with self._lock:
            process, control = self._process, self._control
            self._process = self._control = None
        if control is not None:
            with contextlib.suppress(OSError):
                control.shutdown(socket.SHUT_RDWR)
        if process is not None:
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _launch(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "local_databricks.notebook.zygote", str(theirs.fileno())]
        self._process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        self._control = ours
        threading.Thread(target=self._listen, args=(ours, self._process), daemon=True).start()

    def _listen(self, control: socket.socket, process: subprocess.Popen[bytes]) -> None:
        while True:
            try:
                message = control.recv(65536)
            except OSError:
                message = b""
            if not message:
                break
            self._heard(json.loads(message))
        with self._lock:
            if self._control is control:
                self._control = self._process = None
            orphans = list(self._children.values())
            self._children.clear()
        control.close()
        process.wait()
        for child in orphans:
            child.ended.set()
            child.known.set()
            child.kill()

    def _heard(self, message: Json) -> None:
        child = self._children.get(message.get("run", 0))
        if child is None:
            return
        if "pid" in message:
            child.pid = message["pid"]
            child.known.set()
        if "exit" in message:
            child.exit = message["exit"]
            child.ended.set()
            child.kill()  # what it left behind
            self._children.pop(child.number, None)


class Output:
    """Reads what a process prints, in a thread, and keeps the end of it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._kept = bytearray()
        self._cut = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self, redact: Callable[[str], str]) -> str:
        """The last of it, redacted; waits until the process is gone."""
        self._thread.join(_END_S)
        whole = redact(self._kept.decode("utf-8", "replace")).encode()
        if self._cut:
            whole = whole[SECRET_MAX:]  # it may begin with the end of a secret
        return whole[-PRINTED_MAX:].decode("utf-8", "ignore")

    def _read(self) -> None:
        with os.fdopen(self._descriptor, "rb", buffering=0) as pipe:
            while part := pipe.read(1 << 16):
                self._kept += part
                if len(self._kept) > 2 * PRINTED_MAX:
                    del self._kept[: -PRINTED_MAX - 2 * SECRET_MAX]
                    self._cut = True


class Notebooks:
    """Runs notebook tasks of a workspace."""

    def __init__(self, workspace: Any, jobs: Any) -> None:
        self.workspace = workspace
        self.jobs = jobs
        self._zygote = Zygote(_environment())
        self._scratch = Path(workspace.folder) / "runs" / "root"

    def start(self) -> None:
        """Warms up in the background, where there is a Spark to be waited for anyhow; else with the first notebook."""
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.workspace.spark is not None:
            self._zygote.start()

    def stop(self) -> None:
        self._zygote.stop()

    def perform(self, attempt: Attempt) -> Done:
        """One notebook task, from its text to its end."""
        asked = attempt.task["notebook_task"]
        if asked.get("source", "WORKSPACE") != "WORKSPACE":
            message = "Notebooks of a Git source are not supported by the local workspace."
            return Done(states.wrong_configuration(message), {"error": message})
        try:
            path = _canonical(asked["notebook_path"])
            language, text = self.workspace.tree.notebook(path)
        except ApiError:
            message = (
                f'Unable to access the notebook "{asked["notebook_path"]}". Either it does not exist, or the identity '
                f"used to run this job, {attempt.run.creator}, lacks the required permissions."
            )
            return Done(states.not_found(message), {"error": message})
        session_id = str(uuid.uuid4())
        spark = self.workspace.spark
        try:
            url = spark.url(session_id) if spark is not None else ""
            done, word = self._run(attempt, self._work(attempt, path, language, text, url))
            if spark is not None and not word:
                spark.interrupt(session_id)  # the process could not end its queries
        finally:
            if spark is not None:
                spark.release(session_id)
        return done

    def _work(self, attempt: Attempt, path: str, language: str, text: str, url: str) -> Json:
        """What the process is told; all values of widgets are texts."""
        base = attempt.task["notebook_task"].get("base_parameters") or {}
        given = {**base, **attempt.scope.parameters, **attempt.notebook_params}
        tags = {
            "jobId": str(attempt.run.job_id),
            "runId": str(attempt.run_id),
            "multitaskParentRunId": str(attempt.run.run_id),
            "jobName": attempt.run.name,
            "taskKey": attempt.task_run.key,
            "user": attempt.run.creator,
        }
        return {
            "path": path,
            "language": language,
            "source": text,
            "widgets": {str(name): str(value) for name, value in given.items()},
            "facts": {"notebook_path": path, "url": self.workspace.url, "tags": tags},
            "spark_url": url,
            "libraries": _libraries(attempt),
            "pip_allowed": list(self.jobs.engine.options.pip_allowed),
            "places": {
                "/Workspace": str(self.workspace.tree.root.resolve()),
                "/Volumes": str(self.workspace.volumes.root.resolve()),
            },
            "places_how": self.jobs.engine.options.places,
            "scratch": str(self._scratch.resolve()),
        }

    def _run(self, attempt: Attempt, work: Json) -> tuple[Done, bool]:
        """How the process ended, and whether it said so itself."""
        answers = Answers(self.workspace, self.jobs, attempt)
        ours, theirs = socket.socketpair()
        reader, writer = os.pipe()
        try:
            process = self._zygote.fork(theirs, writer)
        finally:
            theirs.close()
            os.close(writer)
        output = Output(reader)
        channel = Channel(ours)
        threading.Thread(target=_end_with, args=(process, channel), daemon=True).start()
        attempt.on_cancel(process.kill)
        try:
            with contextlib.suppress(OSError):
                channel.send(work)
            ended = _converse(channel, answers)
            if ended is not None and not process.ended.wait(_END_S):
                process.kill()
            elif ended is None:
                self._await_end(process)
        finally:
            channel.close()
            answers.close()
        printed = output.text(answers.redact)
        if ended is None and attempt.stopped:  # killed by us: how it died says nothing
            return Done(attempt.stopped, {"printed": printed}), False
        return _done(ended, process, printed, answers), ended is not None

    def _await_end(self, process: Process) -> None:
        """The link is closed: the process is gone, or has closed it to go on without us."""
        if not process.ended.wait(1.0):
            process.kill()
            process.ended.wait(_END_S)


def _end_with(process: Process, channel: Channel) -> None:
    """The link ends with its process, though one that left the process group may still hold it."""
    process.ended.wait()
    channel.end()


def _converse(channel: Channel, answers: Answers) -> Json | None:
    """Answers calls until the process says how it ended; None when it does not."""
    while True:
        message = channel.receive()
        if message is None:
            return None
        if "done" in message:
            found = message["done"]
            return found if isinstance(found, dict) else None
        if message.get("call") in SLOW_CALLS:
            threading.Thread(target=_answer, args=(channel, answers, message), daemon=True).start()
        else:
            _answer(channel, answers, message)


def _answer(channel: Channel, answers: Answers, message: Json) -> None:
    with contextlib.suppress(OSError):
        channel.send(answers.answer(message))


def _done(ended: Json | None, process: Process, printed: str, answers: Answers) -> Done:
    output: Json = {"printed": printed}
    if ended is None:
        last = output["printed"][-LAST_WORDS:]
        trace = f"{UNRESPONSIVE}\n---\n{_death(process.exit)}\n---\nLast messages on stdout and stderr:\n{last}"
        output |= {"error": UNRESPONSIVE, "error_trace": trace}
        return Done(states.failed(), output)
    output["cells"] = ended.get("cells") or []
    if ended["status"] == "library":
        message = f"Library installation failed for library due to user error. {ended['error']}"
        return Done(states.library_failed(message), {"error": message})
    if ended["status"] == "error":
        output["error"] = answers.redact(ended["error"])
        output["error_trace"] = answers.redact(ended["error_trace"])
        return Done(states.failed(), output)
    result = ended.get("result")
    if result is not None:
        output["notebook_output"] = {
            "result": answers.redact(result),
            "truncated": ended["truncated"],
        }
    return Done(Ending(Result.SUCCESS), output)


def _death(status: int | None) -> str:
    """How a process ended that did not say so."""
    if status is None:
        return "The Python process is gone."
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.strsignal(number)
        text = f"The Python process exited with exit code {128 + number} ({signal.Signals(number).name}: {name})."
        if number == signal.SIGKILL:
            text += " This may have been caused by an OOM error. Check your command's memory usage."
        return text
    return f"The Python process exited with exit code {os.waitstatus_to_exitcode(status)}."


def _libraries(attempt: Attempt) -> list[str]:
    """What the task wants installed: requirements of pip, paths of wheels."""
    wanted = []
    for library in attempt.task.get("libraries") or []:
        if "pypi" in library:
            wanted.append(library["pypi"]["package"])
        else:
            wanted.append(str(next(iter(library.values()))))
    key = attempt.task.get("environment_key")
    for environment in attempt.run.settings.get("environments") or []:
        if environment["environment_key"] == key:
            wanted += (environment.get("spec") or {}).get("dependencies") or []
    return wanted


def _canonical(path: str) -> str:
    return "/" + path.removeprefix("/Workspace").strip("/")


def _environment() -> dict[str, str]:
    """What notebooks see of the environment: nothing of the workspace's own."""
    kept = ("PATH", "HOME", "USER", "LANG", "LD_LIBRARY_PATH", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "PYTHONPATH": str(PACKAGES),
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "UTC",
        "DATABRICKS_RUNTIME_VERSION": RUNTIME_VERSION,
        "SPARK_CONNECT_MODE_ENABLED": "1",  # pyspark.sql.functions are those of Connect
        # one thread, so that the copies of the warm process may change their namespace
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
