"""The rules, as data where they are names, and the walk over a file's syntax tree.

What serverless refuses: docs.databricks.com, "Serverless compute limitations"; what Spark Connect lacks:
spark.apache.org, "Spark Connect overview". A name is looked at wherever it stands, so a method of ours must not be
called `cache`; what runs text as code (`eval`) is a finding, too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RULES", "Finding", "lint_file", "lint_source"]

RULES = {
    "cache": "serverless refuses caching; read the table again, or write an intermediate one",
    "checkpoint": "serverless refuses checkpoints; write an intermediate table",
    "global-view": "serverless refuses global temporary views; take one of the session",
    "rdd": "Spark Connect has no RDDs; use DataFrame functions",
    "spark-context": "Spark Connect has no SparkContext; use the SparkSession",
    "jvm": "Spark Connect has no JVM to reach into; use DataFrame functions or SQL",
    "delta-table": "the DeltaTable API does not work on Spark Connect; use SQL MERGE",
    "foreach": "serverless refuses foreach; write the rows to a table",
    "create-data-frame": "rows of createDataFrame travel in the query, 128 MB at most; give it a literal or read a file",
    "conf": "serverless refuses this configuration key; only these can be set: {keys}",
    "input-file-name": "Unity Catalog refuses input_file_name; use the column _metadata.file_path",
    "dbfs": "serverless has no DBFS and no mounts; use a volume (/Volumes/...)",
    "hidden": "what is called here cannot be seen; name it",
    "syntax": "this is no Python",
}

ATTRIBUTES = {
    "cache": "cache",
    "persist": "cache",
    "unpersist": "cache",
    "cacheTable": "cache",
    "uncacheTable": "cache",
    "clearCache": "cache",
    "checkpoint": "checkpoint",
    "localCheckpoint": "checkpoint",
    "createGlobalTempView": "global-view",
    "createOrReplaceGlobalTempView": "global-view",
    "dropGlobalTempView": "global-view",
    "rdd": "rdd",
    "toJSON": "rdd",
    "sparkContext": "spark-context",
    "_sc": "spark-context",
    "SparkContext": "spark-context",
    "SQLContext": "spark-context",
    "newSession": "spark-context",
    "_jvm": "jvm",
    "_jdf": "jvm",
    "_jc": "jvm",
    "_jsc": "jvm",
    "_jsparkSession": "jvm",
    "DeltaTable": "delta-table",
    "foreach": "foreach",
    "foreachPartition": "foreach",
    "input_file_name": "input-file-name",
    "input_file_block_start": "input-file-name",
    "input_file_block_length": "input-file-name",
    "mount": "dbfs",
}
MODULES = {
    "delta": "delta-table",
    "py4j": "jvm",
    "pyspark.rdd": "rdd",
    "pyspark.context": "spark-context",
}
HIDDEN = {"eval", "exec", "__import__", "compile"}
# What serverless lets a notebook set.
CONF_KEYS = {
    "spark.databricks.execution.timeout",
    "spark.sql.ansi.enabled",
    "spark.sql.legacy.timeParserPolicy",
    "spark.sql.session.timeZone",
    "spark.sql.shuffle.partitions",
    "spark.sql.sources.partitionOverwriteMode",
}
SQL = [
    (re.compile(r"(?i)\b(un)?cache\s+(lazy\s+)?table\b|\bclear\s+cache\b"), "cache"),
    (re.compile(r"(?i)\bglobal\s+temp(orary)?\s+view\b|\bglobal_temp\s*\."), "global-view"),
    (re.compile(r"(?i)\binput_file_name\s*\("), "input-file-name"),
]
DBFS = re.compile(r"(?i)(^|['\"`\s(])(dbfs:/|/dbfs/|/mnt/)")
SET_KEY = re.compile(
    r"(?i)^\s*set\s+(?!catalog\b|time\b|var\b|variable\b)`?([a-z_][\w.]*)`?\s*(=|$)"
)


@dataclass(frozen=True, order=True)
class Finding:
    """What stands where it should not; line counts from 1, rule is a key of RULES."""

    path: str
    line: int
    rule: str
    found: str

    def __str__(self) -> str:
        told = RULES[self.rule].format(keys=", ".join(sorted(CONF_KEYS)))
        return f"{self.path}:{self.line}: {self.rule}: {self.found}: {told}"


def lint_file(path: Path) -> list[Finding]:
    """The findings of a file, by line."""
    return lint_source(path.read_text(encoding="utf-8"), str(path))


def lint_source(text: str, path: str = "<text>") -> list[Finding]:
    """The findings of a module's text, by line; a text that is no Python is one."""
    try:
        module = ast.parse(text)
    except SyntaxError as error:
        return [Finding(path, error.lineno or 1, "syntax", error.msg)]
    documentation = docstrings(module)
    found = {
        Finding(path, getattr(node, "lineno", 1), rule, what)
        for node in ast.walk(module)
        if id(node) not in documentation
        for rule, what in faults(node)
    }
    return sorted(found)


def docstrings(module: ast.Module) -> set[int]:
    """The ids of the constants that only document."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(module) if isinstance(node, kinds)]
    first = [body[0] for body in bodies if body]
    return {id(node.value) for node in first if isinstance(node, ast.Expr)}


def faults(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Rule and what was found, of one node."""
    if isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
        yield ATTRIBUTES[node.attr], node.attr
    elif isinstance(node, ast.Name) and node.id in ATTRIBUTES and node.id[0].isupper():
        yield ATTRIBUTES[node.id], node.id
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield from module_faults(alias.name)
    elif isinstance(node, ast.ImportFrom):
        yield from module_faults(node.module or "")
        for alias in node.names:
            if alias.name in ATTRIBUTES:
                yield ATTRIBUTES[alias.name], alias.name
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from text_faults(node.value)
    elif isinstance(node, ast.Call):
        yield from call_faults(node)


def module_faults(name: str) -> Iterator[tuple[str, str]]:
    """Of an imported module."""
    for module, rule in MODULES.items():
        if name == module or name.startswith(module + "."):
            yield rule, name


def text_faults(text: str) -> Iterator[tuple[str, str]]:
    """Of a text, which may be SQL or a path."""
    for pattern, rule in SQL:
        match = pattern.search(text)
        if match:
            yield rule, match.group(0)
    if DBFS.search(text):
        yield "dbfs", text.strip()[:60]
    key = SET_KEY.match(text)
    if key and "." in key.group(1) and key.group(1) not in CONF_KEYS:
        yield "conf", key.group(1)


def call_faults(call: ast.Call) -> Iterator[tuple[str, str]]:
    """Of a call."""
    function = call.func
    if isinstance(function, ast.Name) and function.id in HIDDEN:
        yield "hidden", function.id
    if isinstance(function, ast.Name) and function.id == "getattr" and len(call.args) > 1:
        name = call.args[1]
        if isinstance(name, ast.Constant) and name.value in ATTRIBUTES:
            yield ATTRIBUTES[name.value], name.value
    if not isinstance(function, ast.Attribute):
        return
    if function.attr == "createDataFrame" and not (call.args and is_literal(call.args[0])):
        yield "create-data-frame", ast.unparse(call)[:60]
    if function.attr in ("set", "unset") and names_conf(function.value):
        yield from conf_faults(call)
    if function.attr == "config":
        yield from conf_faults(call)


def names_conf(node: ast.AST) -> bool:
    """Whether this is `spark.conf`, by whatever name the session goes."""
    return isinstance(node, ast.Attribute) and node.attr == "conf"


def conf_faults(call: ast.Call) -> Iterator[tuple[str, str]]:
    """Of a call that sets a key; one that is no literal cannot be looked up."""
    key = call.args[0] if call.args else None
    if isinstance(key, ast.Constant) and key.value in CONF_KEYS:
        return
    yield "conf", ast.unparse(key) if key is not None else ast.unparse(call)[:60]


def is_literal(node: ast.expr) -> bool:
    """Whether the value is written out."""
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
