"""Finds in notebooks and modules what runs on a local Spark and not on Databricks serverless compute or Spark Connect.

    python -m bldr_lint FILE_OR_FOLDER...

It reads the syntax tree and runs nothing. Findings name file, line, rule and what to do instead.
"""

from __future__ import annotations

from .rules import RULES, Finding, lint_file, lint_source

__all__ = ["RULES", "Finding", "lint_file", "lint_source"]
