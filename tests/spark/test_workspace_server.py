"""The Spark server's life: what is missing is said, a dead one comes back, nothing is left behind, all is kept."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures import needs_spark
from sessions import rows, session

pytestmark = needs_spark


def gone(pid: int) -> bool:
    """Whether a process has ended; one that waits for its parent has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait(what: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from local_databricks.spark.install import SparkMissing, locate
    from local_databricks.spark.server import Folder, SparkServer

    installation = locate()
    jars = tmp_path / "jars"
    jars.mkdir()
    monkeypatch.setenv("BLDR_SPARK_JARS", str(jars))
    with pytest.raises(SparkMissing, match=r"delta-spark.*run script/bootstrap --spark"):
        locate()
    for jar in installation.jars.glob("delta-*.jar"):
        (jars / jar.name).symlink_to(jar)
    with pytest.raises(SparkMissing, match=r"bldr-workspace\.jar.*run script/bootstrap --spark"):
        SparkServer(Folder(tmp_path / "workspace")).start()


FIRST_CALLS = """
import threading
from local_databricks.spark import client
calls = [
    lambda: client.answers(1, "token", 0.1),
    lambda: client.interrupt("sc://localhost:1/;session_id=00112233-4455-6677-8899-aabbccddeeff", 0.1),
    client.share_release_threads,
]
begin = threading.Barrier(len(calls))
def call(what):
    begin.wait()
    what()
threads = [threading.Thread(target=call, args=(what,)) for what in calls]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_may_come_first_together() -> None:
    """The first statement and the first probe of a server: pyspark's modules import one another, which Python refuses."""
    import local_databricks

    folder = Path(local_databricks.__file__).parents[1]
    env = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", FIRST_CALLS], env=env, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""  # a thread that fails says so there


def test_an_archive_of_other_jars_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from local_databricks.spark.install import locate
    from local_databricks.spark.server import Folder, SparkServer

    jars = tmp_path / "jars"
    jars.mkdir()
    for jar in locate().jars.glob("*.jar"):
        (jars / jar.name).write_bytes(jar.read_bytes())
    monkeypatch.setenv("BLDR_SPARK_JARS", str(jars))
    installation = locate()
    server = SparkServer(Folder(tmp_path / "workspace"))
    assert not any("SharedArchive" in option for option in server._java_options(installation))
    archive = installation.archive
    archive.write_bytes(b"no archive at all")
    options = server._java_options(installation)
    assert f"-XX:SharedArchiveFile={archive}" in options
    java = [installation.java, *options, "-version"]
    done = subprocess.run(java, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "version" in done.stderr and done.stdout == ""
    os.utime(jars / "bldr-workspace.jar", (1, 1))
    assert locate().archive != archive


@contextlib.contextmanager
def in_name_only(tmp_path: Path, **settings: Any) -> Iterator[Any]:
    """A SparkServer whose processes end when their input does, as the JVM, and take connections but never answer."""
    from local_databricks.spark import server

    class Silent(server.SparkServer):
        def _launch(self, installation: Any) -> server.Jvm:
            self.starts += 1
            process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, text=True)
            return server.Jvm(process, listener.getsockname()[1], "token")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = Silent(server.Folder(tmp_path), server.Settings(**settings))
        try:
            yield silent
        finally:
            silent.stop()


@pytest.mark.parametrize(("settings", "served"), [({"sessions": 3}, 3), ({"rss_bytes": 1}, 1)])
def test_a_server_that_served_enough_is_replaced_when_no_session_is_open(
    tmp_path: Path, settings: dict[str, int], served: int
) -> None:
    with in_name_only(tmp_path, **settings) as server:
        ids = [str(uuid.uuid4()) for _ in range(served + 2)]
        for session_id in ids[:served]:
            server.url(session_id)
        first = server.pid()
        for session_id in ids[1:served]:
            server.release(session_id)
        server.url(ids[served])
        assert (server.pid(), server.starts) == (first, 1), "one is open"
        server.release(ids[0])
        server.release(ids[served])
        server.url(ids[served + 1])
        assert server.starts == 2 and server.pid() != first
        assert gone(first)


def test_a_server_that_does_not_answer_is_replaced(tmp_path: Path) -> None:
    with in_name_only(tmp_path, probe_seconds=1.0, probe_limit_seconds=0.3) as server:
        server.start()
        first = server.pid()
        assert not server.healthy(0.1)
        wait(lambda: server.starts > 1, 20)
        assert gone(first)


def test_killed_with_nothing_left_and_everything_kept(
    new_workspace: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    running = new_workspace(folder, spark=True)
    with session(running) as spark:
        spark.sql("CREATE CATALOG kept COMMENT 'a catalogue'")
        spark.sql("CREATE TABLE kept.default.t (id INT PRIMARY KEY) COMMENT 'a table'")
        spark.sql("INSERT INTO kept.default.t VALUES (1)")
        spark.sql("ALTER TABLE kept.default.t SET TAGS ('a' = 'b')")
        spark.sql("GRANT SELECT ON TABLE kept.default.t TO `account users`")
    pid = running.ask("GET", "/_workspace/spark")["pid"]
    running.kill()
    wait(lambda: gone(pid), 10)
    again = new_workspace(folder, spark=True)
    with session(again) as spark:
        assert rows(spark, "SHOW CATALOGS") == [("kept",), ("main",)]
        assert rows(spark, "SELECT * FROM kept.default.t") == [(1,)]
        info = "FROM kept.information_schema"
        assert rows(spark, f"SELECT comment {info}.tables") == [("a table",)]
        assert rows(spark, f"SELECT constraint_name {info}.table_constraints") == [("t_pk",)]
        assert rows(spark, f"SELECT tag_name, tag_value {info}.table_tags") == [("a", "b")]
        assert rows(spark, f"SELECT grantee {info}.table_privileges") == [("account users",)]
        spark.sql("DROP TABLE kept.default.t")
    assert not list((folder / "spark" / "warehouse" / "kept__default.db").iterdir())
    pid = again.ask("GET", "/_workspace/spark")["pid"]
    again.stop()
    assert gone(pid)


def test_a_fresh_server_keeps_it_all_and_dropping_deletes_files(
    shared_spark_workspace: Any,
) -> None:
    running = shared_spark_workspace
    files = running.folder / "spark" / "warehouse" / "main__renewed.db" / "t"
    with session(running) as spark:
        spark.sql("CREATE SCHEMA main.renewed COMMENT 'kept'")
        spark.sql("CREATE TABLE main.renewed.t (id INT) CLUSTER BY (id) COMMENT 'a table'")
        spark.sql("INSERT INTO main.renewed.t VALUES (1), (2)")
        spark.sql("CREATE TABLE main.renewed._schema AS SELECT 7 AS seven")
        spark.sql("CREATE VIEW main.renewed.v AS SELECT count(*) AS n FROM renewed.t")
        assert running.ask("POST", "/_workspace/spark/recycle", {}) == {"recycled": False}
    before = running.ask("GET", "/_workspace/spark")
    assert before["sessions"] == []
    assert running.ask("POST", "/_workspace/spark/recycle", {}) == {"recycled": True}
    assert running.ask("GET", "/_workspace/spark")["pid"] != before["pid"]
    with session(running) as spark:
        assert rows(spark, "SELECT * FROM main.renewed.v") == [(2,)]
        assert rows(spark, "SELECT * FROM main.renewed._schema") == [(7,)]
        described = dict(rows(spark, "DESCRIBE SCHEMA main.renewed"))
        assert described["Comment"] == "kept"
        detail = spark.sql("DESCRIBE DETAIL main.renewed.t").collect()[0]
        assert (detail.description, detail.clusteringColumns) == ("a table", ["id"])
        assert files.is_dir()
        spark.sql("DROP TABLE main.renewed.t")
        assert not files.exists()
        spark.sql("DROP SCHEMA main.renewed CASCADE")


def test_a_dead_server_fails_statements_and_comes_back(shared_spark_workspace: Any) -> None:
    running = shared_spark_workspace
    from fixtures import client

    sdk = client(running)
    [warehouse] = sdk.warehouses.list()
    started = sdk.statement_execution.execute_statement(
        statement="SELECT count(*) FROM range(1000000000000) WHERE id % 7 = 3",
        warehouse_id=warehouse.id,
        wait_timeout="5s",
    )
    assert started.status.state.value == "RUNNING"
    pid = running.ask("GET", "/_workspace/spark")["pid"]
    os.kill(pid, signal.SIGKILL)

    def ended() -> bool:
        found = sdk.statement_execution.get_statement(started.statement_id)
        return bool(found.status.state.value == "FAILED")

    wait(ended, 60)
    wait(lambda: running.ask("GET", "/_workspace/spark")["pid"] not in (None, pid), 120)
    answer = sdk.statement_execution.execute_statement(
        statement="SELECT 1", warehouse_id=warehouse.id, wait_timeout="50s"
    )
    assert answer.result.data_array == [["1"]]
