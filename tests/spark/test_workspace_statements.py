"""The Statement Execution API, judged by databricks-sdk and by plain HTTP where the SDK hides what is sent."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from fixtures import client, needs_spark

pytestmark = needs_spark
LONG = "SELECT count(*) FROM range(1000000000000) WHERE id % 7 = 3"  # many minutes


@pytest.fixture(scope="module")
def sdk(shared_spark_workspace: Any) -> Any:
    return client(shared_spark_workspace)


@pytest.fixture(scope="module")
def warehouse(sdk: Any) -> str:
    [found] = sdk.warehouses.list()
    assert found.state.value == "RUNNING"
    return str(found.id)


@pytest.fixture
def execute(sdk: Any, warehouse: str) -> Any:
    def run(statement: str, **options: Any) -> Any:
        answer = sdk.statement_execution.execute_statement(
            statement=statement, warehouse_id=warehouse, wait_timeout="50s", **options
        )
        return answer

    return run


def state(answer: Any) -> str:
    return str(answer.status.state.value)


def test_values_are_texts_or_null(execute: Any) -> None:
    answer = execute(
        "SELECT 1 AS i, 9007199254740993 AS l, CAST(2.50 AS DECIMAL(10,2)) AS d, 1e7D AS f, true AS b, "
        "DATE'2024-02-29' AS day, TIMESTAMP'2024-01-05 10:11:12.5' AS at, "
        "TIMESTAMP_NTZ'2024-01-05 10:11:12.000001' AS local, X'00FF' AS bin, ARRAY(1, NULL) AS a, "
        "MAP('k', 1.5) AS m, NAMED_STRUCT('x', 'é', 'y', DATE'2024-01-01') AS s, NULL AS n, 'it\\'s' AS t, 5 AS i"
    )
    assert state(answer) == "SUCCEEDED"
    assert answer.result.data_array == [
        [
            "1",
            "9007199254740993",
            "2.50",
            "1.0E7",
            "true",
            "2024-02-29",
            "2024-01-05T10:11:12.500Z",
            "2024-01-05T10:11:12.000001",
            "AP8=",
            '["1",null]',
            '{"k":"1.5"}',
            '{"x":"é","y":"2024-01-01"}',
            None,
            "it's",
            "5",
        ]
    ]
    told = [
        (c.name, c.type_name.value if c.type_name else None) for c in answer.manifest.schema.columns
    ]
    assert told[:4] == [("i", "INT"), ("l", "LONG"), ("d", "DECIMAL"), ("f", "DOUBLE")]
    assert (
        answer.manifest.schema.columns[2].type_precision,
        answer.manifest.schema.columns[2].type_scale,
    ) == (10, 2)


def test_parameters_have_types(execute: Any) -> None:
    from databricks.sdk.service.sql import StatementParameterListItem as P

    answer = execute(
        "SELECT :n + 1, :d, :day, :s IS NULL, :t",
        parameters=[
            P(name="n", value="41", type="BIGINT"),
            P(name="d", value="2.5", type="DECIMAL(10,2)"),
            P(name="day", value="2024-02-29", type="DATE"),
            P(name="s"),
            P(name="t", value="'; DROP TABLE x"),
        ],
    )
    assert answer.result.data_array == [["42", "2.50", "2024-02-29", "true", "'; DROP TABLE x"]]
    failed = execute("SELECT :n", parameters=[P(name="n", value="x", type="INT")])
    assert state(failed) == "FAILED" and "CAST_INVALID_INPUT" in failed.status.error.message


def test_a_failed_statement_is_no_error_of_http(execute: Any) -> None:
    for text, said in (
        ("SELECT * FROM main.nope.t", "TABLE_OR_VIEW_NOT_FOUND"),
        ("SELEC 1", "PARSE_SYNTAX_ERROR"),
        ("SELECT 1/0", "DIVIDE_BY_ZERO"),
        ("GRANT SELECT ON", "PARSE_SYNTAX_ERROR"),
    ):
        answer = execute(text)
        assert state(answer) == "FAILED"
        assert said in answer.status.error.message
        assert answer.status.error.error_code.value == "BAD_REQUEST"
        assert "JVM stacktrace" not in answer.status.error.message


def test_catalog_schema_and_no_rows(execute: Any) -> None:
    execute("CREATE SCHEMA main.stated")
    made = execute("CREATE TABLE t (a INT)", catalog="main", schema="stated")
    assert state(made) == "SUCCEEDED"
    empty = execute("SELECT a FROM t", catalog="main", schema="stated")
    assert empty.as_dict()["result"] == {} and empty.manifest.total_row_count == 0
    assert [c.name for c in empty.manifest.schema.columns] == ["a"]
    # each statement has a session of its own
    execute("USE SCHEMA main.stated")
    assert execute("SELECT current_schema()").result.data_array == [["default"]]
    execute("DROP SCHEMA main.stated CASCADE")


def test_chunks(sdk: Any, execute: Any) -> None:
    answer = execute("SELECT id, repeat('x', 20) FROM range(25000) ORDER BY id")
    count = answer.manifest.total_chunk_count
    assert count == 3 and answer.manifest.total_row_count == 25000
    got = [int(row[0]) for row in answer.result.data_array]
    following = answer.result.next_chunk_index
    while following is not None:
        chunk = sdk.statement_execution.get_statement_result_chunk_n(answer.statement_id, following)
        assert chunk.row_offset == len(got)
        got += [int(row[0]) for row in chunk.data_array]
        following = chunk.next_chunk_index
    assert got == list(range(25000))


def test_external_links_refuse_a_token(sdk: Any, execute: Any, shared_spark_workspace: Any) -> None:
    from databricks.sdk.service.sql import Disposition

    answer = execute(
        "SELECT id FROM range(15000) ORDER BY id", disposition=Disposition.EXTERNAL_LINKS
    )
    [link] = answer.result.external_links
    with urllib.request.urlopen(link.external_link, timeout=30) as got:
        first = json.loads(got.read())
    assert first[0] == ["0"] and len(first) == link.row_count
    second = sdk.statement_execution.get_statement_result_chunk_n(
        answer.statement_id, link.next_chunk_index
    )
    with urllib.request.urlopen(second.external_links[0].external_link, timeout=30) as got:
        assert json.loads(got.read())[-1] == ["14999"]
    token = {"Authorization": f"Bearer {shared_spark_workspace.token}"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(
            urllib.request.Request(link.external_link, headers=token), timeout=30
        )
    assert refused.value.code == 400


def test_limits_truncate(execute: Any) -> None:
    answer = execute("SELECT id FROM range(100) ORDER BY id", row_limit=3)
    assert [row[0] for row in answer.result.data_array] == ["0", "1", "2"]
    assert answer.manifest.truncated
    whole = execute("SELECT id FROM range(3)", row_limit=3)
    assert not whole.manifest.truncated
    cut = execute("SELECT repeat('x', 1000) FROM range(100)", byte_limit=5000)
    assert cut.manifest.truncated and cut.manifest.total_row_count == 5


def test_cancel_interrupts_spark(sdk: Any, warehouse: str, execute: Any) -> None:
    started = sdk.statement_execution.execute_statement(
        statement=LONG, warehouse_id=warehouse, wait_timeout="0s"
    )
    assert state(started) in ("PENDING", "RUNNING")
    deadline = time.monotonic() + 60
    while state(sdk.statement_execution.get_statement(started.statement_id)) == "PENDING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1.0)  # under way in Spark
    sdk.statement_execution.cancel_execution(started.statement_id)
    assert state(sdk.statement_execution.get_statement(started.statement_id)) == "CANCELED"
    # it would take many minutes: Spark is free again
    began = time.monotonic()
    assert execute("SELECT count(*) FROM range(1000)").result.data_array == [["1000"]]
    assert time.monotonic() - began < 30


def test_wait_and_cancel(sdk: Any, warehouse: str) -> None:
    from databricks.sdk.service.sql import ExecuteStatementRequestOnWaitTimeout as OnTimeout

    answer = sdk.statement_execution.execute_statement(
        statement=LONG,
        warehouse_id=warehouse,
        wait_timeout="5s",
        on_wait_timeout=OnTimeout.CANCEL,
    )
    assert state(answer) == "CANCELED"


def test_refused_requests(sdk: Any, warehouse: str, shared_spark_workspace: Any) -> None:
    from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied

    execute = sdk.statement_execution.execute_statement
    with pytest.raises(BadRequest, match="wait_timeout"):
        execute(statement="SELECT 1", warehouse_id=warehouse, wait_timeout="3s")
    with pytest.raises(BadRequest, match="not a valid endpoint id"):
        execute(statement="SELECT 1", warehouse_id="none")
    with pytest.raises(NotFound):
        sdk.statement_execution.get_statement("00000000-0000-0000-0000-000000000000")
    guest = client(shared_spark_workspace, token=shared_spark_workspace.guest["token"])
    with pytest.raises(PermissionDenied):
        guest.statement_execution.execute_statement(statement="SELECT 1", warehouse_id=warehouse)


def test_a_stopped_warehouse_starts_by_itself(sdk: Any, warehouse: str, execute: Any) -> None:
    sdk.warehouses.stop(warehouse)
    assert sdk.warehouses.get(warehouse).state.value == "STOPPED"
    assert execute("SELECT 1").result.data_array == [["1"]]
    assert sdk.warehouses.get(warehouse).state.value == "RUNNING"


def test_a_statement_cancelled_as_it_begins_stays_cancelled() -> None:
    """Between the look at its state and the change of it; what is looked at is the state that is shown for ever."""
    from types import SimpleNamespace

    from local_databricks.spark.sql import SqlError
    from local_databricks.spark.statements import Order, Statement, Statements

    made: list[Statements] = []

    class Slow(Statement):
        @property
        def state(self) -> str:
            seen = self.__dict__["state"]
            if self.__dict__.pop("armed", False):
                canceller = threading.Thread(target=made[0]._end, args=(self, "CANCELED"))
                canceller.start()
                canceller.join(0.5)
            return str(seen)

        @state.setter
        def state(self, value: str) -> None:
            self.__dict__["state"] = value

    def run(*_: object, **__: object) -> object:
        raise SqlError("interrupted", "CANCELLED")

    workspace = SimpleNamespace(
        spark=SimpleNamespace(start=lambda: None), sql=SimpleNamespace(run=run), url=""
    )
    warehouses = SimpleNamespace(start=lambda id_: None)
    made.append(Statements(workspace, warehouses))  # type: ignore[arg-type]
    statement = Slow("s", Order("SELECT 1", "w"), None, "session")  # type: ignore[arg-type]
    statement.__dict__["armed"] = True
    made[0]._run(statement)
    assert statement.done.wait(5) and statement.state == "CANCELED"


def test_links_that_expired_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from local_databricks.spark import statements

    made = statements.Statements(SimpleNamespace(url=""), None)  # type: ignore[arg-type]
    statement = SimpleNamespace(id="s")
    monkeypatch.setattr(statements, "LINK_SECONDS", -1.0)
    for _ in range(50):
        made.link(statement, 0)  # type: ignore[arg-type]
    assert len(made._links) <= 1
