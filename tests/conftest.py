"""Where the tests find the tree, the build and the binary; script/test sets it, the dev build serves otherwise."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("BLDR_ROOT", str(ROOT))
os.environ.setdefault("BLDR_BUILD", str(ROOT / "build" / "dev"))
os.environ.setdefault("BLDR_BIN", os.path.join(os.environ["BLDR_BUILD"], "bldr"))
