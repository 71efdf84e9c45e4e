"""What needs Spark: run with the Python of .spark (`script/bootstrap --spark`), which has pyspark and the workspace's packages.

Elsewhere these tests are skipped by name. They share the helpers of tests/e2e.
"""

import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "python")]
if (ROOT / ".spark" / "jars").is_dir():
    os.environ.setdefault("BLDR_DELTA_JARS", str(ROOT / ".spark" / "jars"))

# Where the packages are missing tests/run.py tells which tests are skipped.
collect_ignore_glob = [] if importlib.util.find_spec("pyspark") else ["test_*.py"]
