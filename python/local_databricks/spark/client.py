"""Clients of the workspace's Spark Connect server: a session that gives up on a dead server, and two single requests.

pyspark's own client waits ten minutes for a server that is gone; here it is seconds. Errors name tables as the user
does (`main`.`sales`.`t`), not as the session catalogue keeps them.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import re
import threading
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession

USER = "workspace"
_IMPORTING = threading.Lock()
_QUALIFIED = re.compile(
    r"(?:`spark_catalog`|\bspark_catalog)\.(?:`(?P<q>[a-z0-9_]*?[a-z0-9])__(?P<qs>\w+)`"
    r"|(?P<c>[a-z0-9_]*?[a-z0-9])__(?P<s>\w+))"
)
_SCHEMA = re.compile(
    r"(?:(?<=schema )|(?<=table )|(?<=view ))`(?P<q>[a-z0-9_]*?[a-z0-9])__(?P<qs>\w+)`"
)


def import_pyspark() -> None:
    """Imports pyspark's client, in one thread at a time, before anything of it is used.

    Its modules import one another: threads that come in by different ones wait for each other or see half a module.
    """
    with _IMPORTING:
        importlib.import_module("pyspark.sql.connect.session")


def share_release_threads() -> None:
    """Keeps pyspark from ending the threads that all clients of a process share.

    It does so when any one client ends, holding a lock and waiting for the threads, also from the garbage collector,
    which may run in one of them: every other client then waits for ever (pyspark 4.0.5, reattach.py, shutdown()).
    """
    import_pyspark()
    from pyspark.sql.connect.client.reattach import ExecutePlanResponseReattachableIterator

    shared: Any = ExecutePlanResponseReattachableIterator
    shared.shutdown = classmethod(lambda cls: None)


def connect(url: str) -> SparkSession:
    """A session of the server at `url` (SparkServer.url()), fresh or, when its id is known there, the same again.

    A request to a dead server fails within about 5 seconds (SparkConnectGrpcException).
    """
    import_pyspark()
    from pyspark.sql.connect.client.retries import DefaultPolicy
    from pyspark.sql.connect.session import SparkSession

    quiet()
    share_release_threads()
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = (
        "1"  # pyspark.sql.functions is Connect's, as after builder.remote()
    )
    session = SparkSession.builder.remote(url).create()
    session.client.set_retry_policies([DefaultPolicy(max_retries=4, jitter=50)])
    _name_as_users_do(session)
    return session


def quiet() -> None:
    """Client errors are answered or raised; pyspark logs each of them to standard error too."""
    for name in (
        "SQLQueryContextLogger",
        "DataFrameQueryContextLogger",
        "pyspark.sql.connect.logging",
    ):
        logging.getLogger(name).setLevel(100)


def in_cloud_terms(text: str) -> str:
    """`text` with `spark_catalog`.`main__sales` written `main`.`sales`."""

    def three_levels(found: re.Match[str]) -> str:
        if found["q"]:
            return f"`{found['q']}`.`{found['qs']}`"
        return f"{found['c']}.{found['s']}"

    if "__" not in text:
        return text
    return _SCHEMA.sub(r"`\g<q>`.`\g<qs>`", _QUALIFIED.sub(three_levels, text))


def answers(port: int, token: str, seconds: float) -> bool:
    """Whether the server answers a request within `seconds`."""
    import_pyspark()
    from pyspark.sql.connect.proto import base_pb2

    request = base_pb2.ConfigRequest(session_id=PROBE)
    request.user_context.user_id = USER
    request.operation.get.keys.append("spark.app.name")
    return _ask(_url(port, token), "Config", request, seconds)


def interrupt(url: str, seconds: float = 10.0) -> bool:
    """Ends all that the session of `url` runs; False when the server did not take the request."""
    import_pyspark()
    from pyspark.sql.connect.client.core import DefaultChannelBuilder
    from pyspark.sql.connect.proto import base_pb2

    request = base_pb2.InterruptRequest(
        session_id=DefaultChannelBuilder(url).session_id,
        interrupt_type=base_pb2.InterruptRequest.INTERRUPT_TYPE_ALL,
    )
    request.user_context.user_id = USER
    return _ask(url, "Interrupt", request, seconds)


PROBE = str(uuid.uuid4())


def _url(port: int, token: str) -> str:
    return f"sc://localhost:{port}/;user_id={USER};token={token}"


def _ask(url: str, method: str, request: Any, seconds: float) -> bool:
    grpc = importlib.import_module("grpc")
    from pyspark.sql.connect.client.core import DefaultChannelBuilder
    from pyspark.sql.connect.proto.base_pb2_grpc import SparkConnectServiceStub

    with DefaultChannelBuilder(url).toChannel() as channel:
        try:
            getattr(SparkConnectServiceStub(channel), method)(request, timeout=seconds)
        except grpc.RpcError:
            return False
    return True


def _name_as_users_do(session: SparkSession) -> None:
    from pyspark.errors import PySparkException

    client: Any = session.client
    raised = client._handle_rpc_error

    def handle(error: Any) -> None:
        try:
            raised(error)
        except PySparkException as known:
            fields: Any = known
            if fields._message:
                fields._message = in_cloud_terms(fields._message)
            known.args = tuple(in_cloud_terms(a) if isinstance(a, str) else a for a in known.args)
            raise known from None

    client._handle_rpc_error = handle


def close(session: SparkSession) -> None:
    """Ends a session on the server and here; a dead server does not matter."""
    grpc = importlib.import_module("grpc")
    from pyspark.errors import PySparkException

    with contextlib.suppress(PySparkException, grpc.RpcError):
        session.client.release_session()
    session.client.close()
