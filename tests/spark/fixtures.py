"""The workspaces that the tests of this folder share: one without Spark, one with (and its one JVM)."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PACKAGES = ("starlette", "uvicorn", "python_multipart", "databricks.sdk")
SPARK_PACKAGES = (*PACKAGES, "pyspark", "delta")


def missing(packages: tuple[str, ...]) -> list[str]:
    """Those of `packages` that this Python does not have."""
    return [name for name in packages if not _has(name)]


def _has(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


needs_workspace = pytest.mark.skipif(
    bool(missing(PACKAGES)), reason=f"needs {', '.join(missing(PACKAGES))}"
)
needs_spark = pytest.mark.skipif(
    bool(missing(SPARK_PACKAGES)) or shutil.which("java") is None,
    reason=f"needs {', '.join(missing(SPARK_PACKAGES)) or 'java'}",
)


@pytest.fixture(scope="session")
def minutes() -> None:
    """Of what runs pipelines many times over: skipped by name unless it is asked for."""
    if os.environ.get("BLDR_TEST_SPARK") != "all":
        pytest.skip("takes minutes: BLDR_TEST_SPARK=all")


@pytest.fixture(scope="session")
def new_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Starts workspaces, `new_workspace(folder=None, spark=False)`; all of them end with the session."""
    from local_databricks import testing

    started: list[testing.Running] = []

    def start(folder: Path | None = None, *, spark: bool = False) -> testing.Running:
        where = folder or tmp_path_factory.mktemp("workspace")
        started.append(testing.start(where, spark=spark))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture(scope="session")
def shared_workspace(new_workspace: Callable[..., Any]) -> Any:
    """One workspace without Spark for the session (a `testing.Running`)."""
    return new_workspace()


@pytest.fixture
def workspace(shared_workspace: Any) -> Iterator[Any]:
    """The one without Spark; the fault plan is empty before and after."""
    yield shared_workspace
    shared_workspace.clear_faults()
    shared_workspace.settings(ttl_seconds=3600, azure_member=True)


@pytest.fixture(scope="session")
def shared_spark_workspace(new_workspace: Callable[..., Any]) -> Any:
    """One workspace with Spark for the session: one JVM for all tests."""
    return new_workspace(spark=True)


@pytest.fixture
def spark_workspace(shared_spark_workspace: Any) -> Iterator[Any]:
    """The one with Spark; the fault plan is empty before and after."""
    yield shared_spark_workspace
    shared_spark_workspace.clear_faults()
    shared_spark_workspace.settings(ttl_seconds=3600, azure_member=True)


@pytest.fixture(scope="module")
def spark_session(shared_spark_workspace: Any) -> Iterator[Any]:
    """A session of the shared server for a module."""
    from sessions import session

    with session(shared_spark_workspace) as found:
        yield found


@pytest.fixture(scope="module")
def expressions(spark_session: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An expression_spark.Spark of that session, which compiles its queries as the client's does."""
    import expression_spark

    for name, value in (("wholeStage", "true"), ("factoryMode", "FALLBACK")):
        spark_session.conf.set(f"spark.sql.codegen.{name}", value)
    return expression_spark.Spark(spark_session, tmp_path_factory.mktemp("expressions"))


def client(running: Any, **options: Any) -> Any:
    """A databricks-sdk client of a workspace; as the admin with a personal token unless `options` say otherwise."""
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    who = (
        options if {"token", "client_id"} & options.keys() else {"token": running.token, **options}
    )
    return WorkspaceClient(config=Config(host=running.url, **who))


@pytest.fixture
def sdk(workspace: Any) -> Any:
    """databricks-sdk as the admin of the workspace without Spark."""
    return client(workspace)
