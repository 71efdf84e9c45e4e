"""One Spark Connect server (a JVM) for a workspace folder, kept alive, renewed before it grows, never left behind.

What holds:

* url(session_id) starts the server when it does not run (also after it died) and counts the session as open until
  release(session_id). Sessions of one server are isolated from each other (temporary views, settings, current catalogue).
* A server that served `Settings.sessions` sessions, or whose resident memory is above `Settings.rss_bytes`, is replaced
  by a fresh one when url() is called and no session is open. Tables, views and schemas are kept (java/bldr/Journal.java).
* The JVM holds the reading end of a pipe of this process and ends with it, SIGKILL included.
* A watch starts a dead JVM again and kills one that does not answer. A client of the dead one gets an error within
  seconds when it was made by client.connect().

Files, below folder/spark: `catalog/` (the journal), `catalogs` (the names, written by the registry), `warehouse/`,
`server.log`, `tmp/` (emptied at each start). Volumes are folder/volumes.
"""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from local_databricks.spark.install import Installation, locate

READY = "bldr-ready "
USER = "workspace"  # the owner of all sessions: Connect's key of a session is (user, session id)


class SparkFailed(RuntimeError):
    """The server did not start; the message ends with the last lines of its log."""


class Place(Protocol):
    """What the server needs of a workspace."""

    @property
    def folder(self) -> Path: ...


@dataclass(frozen=True)
class Folder:
    """A place that is nothing but a folder."""

    folder: Path


@dataclass(frozen=True)
class Settings:
    """What a server may use and when it is renewed."""

    heap: str = "1g"
    sessions: int = 300
    rss_bytes: int = 2 << 30
    start_seconds: float = 120.0
    probe_seconds: float = 15.0
    probe_limit_seconds: float = 60.0
    archive: bool = True
    java_options: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


class Jvm:
    """One running server process; `port` is where it listens on loopback."""

    def __init__(self, process: subprocess.Popen[str], port: int, token: str) -> None:
        self.process = process
        self.port = port
        self.token = token
        self.served: set[str] = set()

    def alive(self) -> bool:
        return self.process.poll() is None

    def rss_bytes(self) -> int:
        """Resident memory, 0 when the process is gone."""
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def end(self, seconds: float = 5.0) -> None:
        """Ends the process: its input ends, and when that does not help it is killed."""
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class SparkServer:
    """The Spark of one workspace folder. Thread-safe. Nothing runs before start() or the first url()."""

    def __init__(self, workspace: Place, settings: Settings | None = None) -> None:
        folder = workspace.folder.resolve()
        self.folder = folder / "spark"
        self.volumes = folder / "volumes"
        self.settings = settings or Settings()
        self.starts = 0
        self.start_seconds = 0.0
        self._lock = threading.RLock()
        self._jvm: Jvm | None = None
        self._open: set[str] = set()
        self._watch: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Starts the server if it does not run. Raises SparkMissing or SparkFailed."""
        with self._lock:
            self._stopping.clear()
            self._running()
            if self._watch is None:
                self._watch = threading.Thread(target=self._watching, name="spark", daemon=True)
                self._watch.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Ends the server, killing it when it takes longer than `seconds`; its tables stay."""
        self._stopping.set()
        with self._lock:
            if self._jvm is not None:
                self._jvm.end(seconds)
            self._jvm = None
            self._open.clear()
        watch, self._watch = self._watch, None
        if watch is not None and watch is not threading.current_thread():
            watch.join()

    def url(self, session_id: str) -> str:
        """Where a client of the session `session_id` (a UUID) connects to; the session is open until release()."""
        with self._lock:
            if session_id not in self._open and not self._open:
                self._renew_when_due()
            jvm = self._running()
            self._open.add(session_id)
            jvm.served.add(session_id)
            return (
                f"sc://localhost:{jvm.port}/;user_id={USER};token={jvm.token};"
                f"session_id={session_id}"
            )

    def release(self, session_id: str) -> None:
        """Says that no client of the session is left; what it still runs goes on (interrupt() ends it)."""
        with self._lock:
            self._open.discard(session_id)

    def sessions(self) -> list[str]:
        """The sessions that are open."""
        with self._lock:
            return sorted(self._open)

    def interrupt(self, session_id: str) -> None:
        """Ends all that the session runs, also when its client is gone. Nothing happens when it runs nothing."""
        from local_databricks.spark import client

        with self._lock:
            jvm = self._jvm
            if jvm is None or not jvm.alive() or session_id not in jvm.served:
                return
            where = (
                f"sc://localhost:{jvm.port}/;user_id={USER};token={jvm.token};"
                f"session_id={session_id}"
            )
        client.interrupt(where)

    def alive(self) -> bool:
        """Whether there is a process; costs nothing."""
        jvm = self._jvm
        return jvm is not None and jvm.alive()

    def healthy(self, seconds: float = 10.0) -> bool:
        """Whether the server answers a request within `seconds`."""
        from local_databricks.spark import client

        jvm = self._jvm
        return jvm is not None and jvm.alive() and client.answers(jvm.port, jvm.token, seconds)

    def pid(self) -> int | None:
        """The JVM's process id, None when there is none."""
        jvm = self._jvm
        return jvm.process.pid if jvm is not None and jvm.alive() else None

    def rss_bytes(self) -> int:
        """Resident memory of the server, 0 when there is none."""
        jvm = self._jvm
        return jvm.rss_bytes() if jvm is not None else 0

    def recycle(self) -> bool:
        """Replaces the server by a fresh one, unless a session is open."""
        with self._lock:
            if self._open or self._jvm is None:
                return False
            self._jvm.end()
            self._jvm = None
            self._running()
            return True

    def _running(self) -> Jvm:
        if self._jvm is None or not self._jvm.alive():
            if self._jvm is not None:
                self._jvm.end()
                self._open.clear()  # their state died with it
            self._jvm = self._launch(locate())
        return self._jvm

    def _renew_when_due(self) -> None:
        jvm = self._jvm
        if jvm is None or not jvm.alive():
            return
        if len(jvm.served) >= self.settings.sessions or jvm.rss_bytes() > self.settings.rss_bytes:
            jvm.end()
            self._jvm = None

    def _launch(self, installation: Installation) -> Jvm:
        began = time.monotonic()
        self._prepare_folder()
        token = secrets.token_urlsafe(24)
        command = installation.command(self._options(), self._java_options(installation))
        log = self.folder / "server.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=self.folder / "tmp",
                env={
                    # its Python workers import what is installed, not what this process was pointed to
                    **{name: text for name, text in os.environ.items() if name != "PYTHONPATH"},
                    "SPARK_CONNECT_AUTHENTICATE_TOKEN": token,
                    "PYSPARK_PYTHON": sys.executable,  # of Python functions in queries
                },
                start_new_session=True,  # a Ctrl-C of the terminal is the workspace's to handle
            )
        port = self._await_ready(process, log)
        self.starts += 1
        self.start_seconds = time.monotonic() - began
        return Jvm(process, port, token)

    def _prepare_folder(self) -> None:
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        for path in (self.folder / "tmp", self.folder / "warehouse", self.volumes):
            path.mkdir(parents=True, exist_ok=True)
        catalogs = self.folder / "catalogs"
        if not catalogs.exists():
            catalogs.write_text("main\n")

    def _await_ready(self, process: subprocess.Popen[str], log: Path) -> int:
        """The port that the server says on its output, which is read to its end so that it never blocks."""
        said: queue.Queue[str | None] = queue.Queue()
        output = process.stdout
        assert output is not None

        def read() -> None:
            for line in output:
                if line.startswith(READY):
                    said.put(line[len(READY) :])
            said.put(None)

        threading.Thread(target=read, name="spark-output", daemon=True).start()
        try:
            line = said.get(timeout=self.settings.start_seconds)
        except queue.Empty:
            line = None
        if line is None:
            process.kill()
            process.wait()
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise SparkFailed(f"the Spark server did not start:\n{tail}")
        return int(line)

    def _java_options(self, installation: Installation) -> tuple[str, ...]:
        options = [
            f"-Xmx{self.settings.heap}",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:ReservedCodeCacheSize=240m",  # as with all levels; 48m, which is flushed all the time, with one
            "-XX:NewSize=384m",
            f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            "-Dfile.encoding=UTF-8",
        ]
        if self.settings.archive and installation.archive.is_file():
            options += [
                f"-XX:SharedArchiveFile={installation.archive}",
                "-Xshare:auto",
                "-Xlog:cds=off",
                "-Xlog:cds+dynamic=off",
            ]
        return (*options, *self.settings.java_options)

    def _options(self) -> dict[str, str]:
        return {
            "spark.master": "local[2]",
            "spark.app.name": "bldr-workspace",
            "spark.bldr.folder": str(self.folder),
            "spark.connect.grpc.binding.port": "0",
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(self.folder / "tmp"),
            "spark.ui.enabled": "false",
            "spark.log.level": "WARN",
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension,bldr.Ext",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.sql.catalog.main": "bldr.MapCatalog",
            "spark.sql.defaultCatalog": "main",
            "spark.sql.catalogImplementation": "in-memory",
            "spark.sql.warehouse.dir": (self.folder / "warehouse").as_uri(),
            "spark.sql.sources.default": "delta",
            "spark.sql.shuffle.partitions": "2",
            # Compiling a query and planning it again between its stages take longer than small tables do: a pipeline
            # of 11 notebooks took 102 CPU seconds instead of 193. A session may set both otherwise.
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.sql.adaptive.enabled": "false",
            # VACUUM lists with as many tasks: 10,000 unless told, a minute
            "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
            "spark.sql.connect.serverStacktrace.enabled": "false",
            "spark.sql.session.timeZone": "UTC",
            "spark.databricks.delta.snapshotPartitions": "2",
            "spark.hadoop.fs.defaultFS": "dbfs:///",
            "spark.hadoop.fs.dbfs.impl": "bldr.VolumesFileSystem",
            "spark.hadoop.bldr.volumes": str(self.volumes),
            "spark.delta.logStore.dbfs.impl": "io.delta.storage.LocalLogStore",
            **self.settings.options,
        }

    def _watching(self) -> None:
        """Starts a dead server again; kills one that did not answer twice in a row."""
        silent = 0
        while not self._stopping.wait(1.0 if not silent else 0.2):
            jvm = self._jvm
            if jvm is not None and not jvm.alive():
                self._restart(jvm)
            elif jvm is not None and time.monotonic() % self.settings.probe_seconds < 1.0:
                if self.healthy(self.settings.probe_limit_seconds):
                    silent = 0
                elif not self._stopping.is_set() and jvm is self._jvm and jvm.alive():
                    silent += 1
                    if silent >= 2:
                        jvm.process.kill()
                        silent = 0

    def _restart(self, dead: Jvm) -> None:
        with self._lock:
            if self._jvm is not dead or self._stopping.is_set():
                return
            with contextlib.suppress(SparkFailed):
                self._running()
