"""What needs Spark: run with the Python of .spark (`script/bootstrap --spark`), which has pyspark and the workspace's packages.

Elsewhere these tests are skipped: tests/run.py tells which. They share the helpers of tests/e2e.
"""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "python"), str(Path(__file__).parent)]

collect_ignore_glob = ["test_*.py"]
if importlib.util.find_spec("pyspark"):
    collect_ignore_glob = []
    from fixtures import (  # noqa: F401
        expressions,
        minutes,
        new_workspace,
        sdk,
        shared_spark_workspace,
        shared_workspace,
        spark_session,
        spark_workspace,
        workspace,
    )
    from pipelines import run_once, shop  # noqa: F401
