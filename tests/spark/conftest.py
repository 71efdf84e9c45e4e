"""What needs Spark: run with the Python of .spark (`script/bootstrap --spark`), which has pyspark and the workspace's packages.

Elsewhere these tests are skipped by name. They share the helpers of tests/e2e.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "python"), str(Path(__file__).parent)]
if (ROOT / ".spark" / "jars").is_dir():
    os.environ.setdefault("BLDR_DELTA_JARS", str(ROOT / ".spark" / "jars"))

from fixtures import (  # noqa: E402, F401
    new_workspace,
    sdk,
    shared_spark_workspace,
    shared_workspace,
    spark_workspace,
    workspace,
)
