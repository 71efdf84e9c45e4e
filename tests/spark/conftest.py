"""What needs Spark: run with the Python of .spark (`script/bootstrap --spark`), which has pyspark and the workspace's packages.

Elsewhere these tests are skipped: tests/run.py tells which. They share the helpers of tests/e2e.
"""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "python"), str(Path(__file__).parent)]

collect_ignore_glob = ["test_*.py"]
if importlib.util.find_spec("pyspark"):
    collect_ignore_glob = []
    from fixtures import (  # noqa: F401
        expressions,
        new_workspace,
        sdk,
        shared_spark_workspace,
        shared_workspace,
        spark_session,
        spark_workspace,
        workspace,
    )
    from pipelines import run_once, shop  # noqa: F401

# Whole pipelines, many times over: they take minutes each and are run by hand, BLDR_TEST_SPARK=all.
LONG = {
    "test_remote_checks.py",
    "test_remote_faults.py",
    "test_remote_planted.py",
    "test_remote_runs.py",
    "test_spark_dialects.py",
    "test_spark_pipeline.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what takes long, by name, unless it is asked for."""
    if os.environ.get("BLDR_TEST_SPARK") != "all":
        for item in items:
            if item.path.name in LONG:
                item.add_marker(pytest.mark.skip(reason="takes minutes: BLDR_TEST_SPARK=all"))
