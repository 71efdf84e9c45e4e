"""`python -m bldr_lint FILE_OR_FOLDER...`: a line per finding; exit 1 when there is one, 2 for a path that is not there."""

from __future__ import annotations

import sys
from pathlib import Path

from .rules import lint_file


def main(arguments: list[str]) -> int:
    """The exit code for these paths."""
    paths = [Path(argument) for argument in arguments]
    missing = [path for path in paths if not path.exists()]
    if missing or not paths:
        print(f"no such path: {missing[0]}" if missing else __doc__, file=sys.stderr)
        return 2
    files = [f for path in paths for f in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    findings = [finding for file in files for finding in lint_file(file)]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
