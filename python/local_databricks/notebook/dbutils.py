"""dbutils as a notebook of a job has it: widgets, notebook, fs, secrets, jobs.taskValues, library."""

from __future__ import annotations

import json
import os
import shutil
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from local_databricks.notebook.link import Link, LinkError
from local_databricks.notebook.redact import redacted, texts

TASK_VALUE_MAX = 48 * 1024
EXIT_MAX = 5 * 1024 * 1024

FileInfo = namedtuple("FileInfo", ["path", "name", "size", "modificationTime"])
SecretMetadata = namedtuple("SecretMetadata", ["key"])
SecretScope = namedtuple("SecretScope", ["name"])


class NotebookExit(BaseException):
    """dbutils.notebook.exit: no `except Exception` of a notebook may swallow it."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class RestartPython(BaseException):
    """dbutils.library.restartPython: the notebook goes on behind this cell with nothing it had defined."""


class InputWidgetNotDefined(Exception):
    """dbutils.widgets.get of a name that neither a widget nor a parameter has."""


class WorkflowException(Exception):
    """A notebook that dbutils.notebook.run started has failed or took too long."""


class ExecutionError(Exception):
    """dbutils.fs could not do it; the message names Java's exception, as in the cloud."""


class Widgets:
    """Values come from the run (job parameters, then run-now's, then the task's), else from the widget's default."""

    def __init__(self, given: dict[str, str]) -> None:
        self._given = given
        self._defaults: dict[str, str] = {}

    def text(self, name: str, defaultValue: str, label: str | None = None) -> None:
        self._define(name, defaultValue)

    def dropdown(
        self, name: str, defaultValue: str, choices: Sequence[str], label: str | None = None
    ) -> None:
        if defaultValue not in choices:
            raise ValueError(
                f"The default value {defaultValue!r} of widget {name!r} is not one of its choices."
            )
        self._define(name, defaultValue)

    def combobox(
        self, name: str, defaultValue: str, choices: Sequence[str], label: str | None = None
    ) -> None:
        self._define(name, defaultValue)

    def multiselect(
        self, name: str, defaultValue: str, choices: Sequence[str], label: str | None = None
    ) -> None:
        self.dropdown(name, defaultValue, choices, label)

    def get(self, name: str) -> str:
        values = self.getAll()
        if name not in values:
            raise InputWidgetNotDefined(f"No input widget named {name} is defined")
        return values[name]

    def getAll(self) -> dict[str, str]:
        return self._defaults | self._given

    def getArgument(self, name: str, defaultValue: str | None = None) -> str:
        values = self.getAll()
        if name not in values and defaultValue is not None:
            return str(defaultValue)
        return self.get(name)

    def remove(self, name: str) -> None:
        if name not in self._defaults:
            raise InputWidgetNotDefined(f"No input widget named {name} is defined")
        del self._defaults[name]

    def removeAll(self) -> None:
        self._defaults.clear()

    def _define(self, name: str, default: str) -> None:
        if not isinstance(name, str) or not isinstance(default, str):
            raise TypeError("a widget's name and default value are strings")
        self._defaults[name] = default


class Notebook:
    """Exit with a value, run another notebook, ask where one is."""

    def __init__(self, link: Link, facts: dict[str, Any], folder: Callable[[], str]) -> None:
        self._link = link
        self._facts = facts
        self._folder = folder

    def exit(self, value: Any) -> None:
        raise NotebookExit(str(value))

    def run(
        self, path: str, timeout_seconds: int = 0, arguments: dict[str, str] | None = None
    ) -> str:
        given = {str(name): str(value) for name, value in (arguments or {}).items()}
        target = os.path.normpath(os.path.join(self._folder(), path))
        try:
            return str(
                self._link.call(
                    "run_notebook",
                    path=target,
                    timeout_seconds=int(timeout_seconds),
                    arguments=given,
                )
            )
        except LinkError as error:
            raise WorkflowException(error.message) from None

    @property
    def entry_point(self) -> Any:
        return _EntryPoint(self._facts)

    def getContext(self) -> Any:
        return _Context(self._facts)


class _Option:
    """A Scala Option, as far as notebooks use it."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def get(self) -> Any:
        if self._value is None:
            raise ValueError("None.get")
        return self._value

    def isDefined(self) -> bool:
        return self._value is not None

    def getOrElse(self, default: Any) -> Any:
        return default if self._value is None else self._value


class _Context:
    """notebook.getContext(): what it is asked for most."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._facts = facts

    def notebookPath(self) -> _Option:
        return _Option(self._facts["notebook_path"])

    def apiUrl(self) -> _Option:
        return _Option(self._facts["url"])

    def tags(self) -> Any:
        return _Tags(self._facts["tags"])

    def currentRunId(self) -> _Option:
        return _Option(self._facts["tags"]["runId"])

    def jobId(self) -> _Option:
        return _Option(self._facts["tags"]["jobId"])

    def toJson(self) -> str:
        extra = {"notebook_path": self._facts["notebook_path"], "api_url": self._facts["url"]}
        return json.dumps({"tags": self._facts["tags"], "extraContext": extra})

    safeToJson = toJson


class _Tags:
    def __init__(self, tags: dict[str, str]) -> None:
        self._tags = tags

    def get(self, name: str) -> _Option:
        return _Option(self._tags.get(name))

    def apply(self, name: str) -> str:
        return self._tags[name]


class _EntryPoint:
    """dbutils.notebook.entry_point.getDbutils().notebook().getContext()"""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._facts = facts

    def getDbutils(self) -> _EntryPoint:
        return self

    def notebook(self) -> _EntryPoint:
        return self

    def getContext(self) -> _Context:
        return _Context(self._facts)


class Fs:
    """Files of /Volumes, /Workspace and this machine, with or without `dbfs:` or `file:` in front."""

    def ls(self, path: str) -> list[FileInfo]:
        local = _local(path)
        if not os.path.exists(local):
            raise _missing(local)
        if not os.path.isdir(local):
            return [_info(path, local)]
        return [_info(path, os.path.join(local, name)) for name in sorted(os.listdir(local))]

    def cp(self, from_: str, to: str, recurse: bool = False) -> bool:
        source, target = _local(from_), _local(to)
        if not os.path.exists(source):
            raise _missing(source)
        if os.path.isdir(source):
            if not recurse:
                raise ExecutionError(
                    f"java.io.IOException: Cannot copy directory {source} without recurse=True"
                )
            shutil.copytree(source, target, dirs_exist_ok=True, copy_function=shutil.copyfile)
            return True
        if os.path.isdir(target):
            target = os.path.join(target, os.path.basename(source))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)
        return True

    def mv(self, from_: str, to: str, recurse: bool = False) -> bool:
        self.cp(from_, to, recurse)
        return self.rm(from_, recurse)

    def rm(self, path: str, recurse: bool = False) -> bool:
        local = _local(path)
        if not os.path.lexists(local):
            return False
        if os.path.isdir(local) and not os.path.islink(local):
            if not recurse and os.listdir(local):
                raise ExecutionError(
                    f"java.io.IOException: Directory {local} is not empty: use recurse=True"
                )
            shutil.rmtree(local)
        else:
            os.remove(local)
        return True

    def mkdirs(self, path: str) -> bool:
        os.makedirs(_local(path), exist_ok=True)
        return True

    def put(self, path: str, contents: str, overwrite: bool = False) -> bool:
        local = _local(path)
        if os.path.exists(local) and not overwrite:
            raise ExecutionError(
                f"org.apache.hadoop.fs.FileAlreadyExistsException: {local} already exists"
            )
        os.makedirs(os.path.dirname(local), exist_ok=True)
        with open(local, "w", encoding="utf-8", newline="") as file:
            file.write(contents)
        print(f"Wrote {len(contents.encode())} bytes.")
        return True

    def head(self, path: str, maxBytes: int = 65536) -> str:
        local = _local(path)
        if not os.path.isfile(local):
            raise _missing(local)
        with open(local, "rb") as file:
            content = file.read(maxBytes)
        if os.path.getsize(local) > maxBytes:
            print(f"[Truncated to first {maxBytes} bytes]")
        return content.decode("utf-8", "replace")

    def mount(self, *_: Any, **__: Any) -> bool:
        raise ExecutionError("dbutils.fs.mount is not supported: use a Unity Catalog volume.")

    unmount = updateMount = refreshMounts = mount

    def mounts(self) -> list[Any]:
        return []


def _local(path: str) -> str:
    """The absolute path that `dbfs:/...`, `file:/...` or `/...` names."""
    if not isinstance(path, str):
        raise TypeError("a path is a string")
    for scheme in ("dbfs:", "file:"):
        if path.startswith(scheme):
            path = "/" + path[len(scheme) :].lstrip("/")
    if ":/" in path:
        raise ExecutionError(
            f"java.io.IOException: No FileSystem for scheme: {path.partition(':')[0]}"
        )
    if not path.startswith("/"):
        raise ExecutionError(f"java.lang.IllegalArgumentException: Path must be absolute: {path}")
    return path.rstrip("/") or "/"


def _info(asked: str, local: str) -> FileInfo:
    about = os.stat(local)
    folder = os.path.isdir(local)
    scheme = "file:" if asked.startswith("file:") or local.startswith("/Workspace/") else "dbfs:"
    slash = "/" if folder else ""
    size = 0 if folder else about.st_size
    return FileInfo(
        f"{scheme}{local}{slash}", os.path.basename(local) + slash, size, int(about.st_mtime * 1000)
    )


def _missing(path: str) -> ExecutionError:
    return ExecutionError(f"java.io.FileNotFoundException: No such file or directory {path}")


class Secrets:
    """Values are redacted in whatever the run's output keeps."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._seen: set[str] = set()

    def get(self, scope: str, key: str) -> str:
        return self.getBytes(scope, key).decode()

    def getBytes(self, scope: str, key: str) -> bytes:
        value = bytes.fromhex(self._call("secret", scope=scope, key=key))
        self._seen |= texts(value)
        return value

    def list(self, scope: str) -> list[SecretMetadata]:
        return [SecretMetadata(key) for key in self._call("secret_keys", scope=scope)]

    def listScopes(self) -> Any:
        return [SecretScope(name) for name in self._call("secret_scopes")]

    def _redact(self, text: str) -> str:
        return redacted(text, self._seen)

    def _call(self, name: str, **fields: str) -> Any:
        try:
            return self._link.call(name, **fields)
        except LinkError as error:
            raise ExecutionError(f"java.lang.IllegalArgumentException: {error.message}") from None


class TaskValues:
    """Small values that tasks of one job run hand on; JSON of at most 48 KiB."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def set(self, key: str, value: Any) -> None:
        text = json.dumps(value)
        if len(text.encode()) > TASK_VALUE_MAX:
            raise ValueError(
                f"The JSON representation of the value of task value {key!r} has {len(text.encode())} bytes; "
                f"at most {TASK_VALUE_MAX} are allowed."
            )
        self._link.call("set_task_value", key=str(key), value=value)

    def get(self, taskKey: str, key: str, default: Any = None, debugValue: Any = None) -> Any:
        """`debugValue` is for notebooks outside a job only: here it is ignored."""
        found = self._link.call("task_value", task_key=taskKey, key=key)
        if "value" in found:
            return found["value"]
        if default is not None:
            return default
        raise ValueError(
            f"No task value with key {key!r} was set by task {taskKey!r}, and there is no default."
        )


class Jobs:
    def __init__(self, link: Link) -> None:
        self.taskValues = TaskValues(link)


class Library:
    """Packages are those of the environment."""

    def restartPython(self) -> None:
        raise RestartPython


class DBUtils:
    """The object that notebooks know as `dbutils`."""

    def __init__(
        self,
        link: Link,
        given: dict[str, str],
        facts: dict[str, Any],
        folder: Callable[[], str],
    ) -> None:
        self.widgets = Widgets(given)
        self.notebook = Notebook(link, facts, folder)
        self.fs = Fs()
        self.secrets = Secrets(link)
        self.jobs = Jobs(link)
        self.library = Library()

    @property
    def entry_point(self) -> Any:
        return self.notebook.entry_point
