"""A Spark session of a running workspace with the front before its sql(), as a notebook's process has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def session(running: Any) -> Iterator[Any]:
    """A new session of the workspace's server; ended and released at the end."""
    from local_databricks.spark import client, front

    opened = running.ask("POST", "/_workspace/spark/sessions", {})
    spark = client.connect(opened["url"])
    front.install(spark, lambda request: running.ask("POST", "/_workspace/spark/registry", request))
    try:
        yield spark
    finally:
        client.close(spark)
        running.ask("POST", f"/_workspace/spark/sessions/{opened['session_id']}/release", {})


def rows(spark: Any, text: str, **arguments: Any) -> list[tuple[Any, ...]]:
    """What a statement gives."""
    return [tuple(row) for row in spark.sql(text, **arguments).collect()]
