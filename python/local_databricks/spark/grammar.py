"""Which statements are about governance, and what they say: parse() gives a request for the registry as JSON has it.

A request has "op" and what that op needs; names are lists of parts as written (front.py completes them). None means
that the statement is Spark's. The syntax is meant to be that of the SQL language manual of Databricks, pages ALTER TABLE,
ADD/DROP CONSTRAINT, CONSTRAINT clause, CREATE/DROP/SHOW CATALOG and VOLUME, GRANT, REVOKE, SHOW GRANTS, SET TAG, COMMENT ON;
it was written from memory and has not been held to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local_databricks.spark.create_table import create_table
from local_databricks.spark.keys import table_constraint
from local_databricks.spark.lexer import Unfinished, skip_blank
from local_databricks.spark.parser import Parser

Request = dict[str, Any]

_FIRST = re.compile(r"[A-Za-z]+")
SECURABLES = ("CATALOG", "SCHEMA", "DATABASE", "TABLE", "VIEW", "VOLUME", "FUNCTION", "METASTORE")


def parse(text: str, arguments: Mapping[str, Any] | None = None) -> Request | None:
    """The request that a statement is, or None when it is Spark's. Raises SyntaxFault."""
    try:
        first = _FIRST.match(text, skip_blank(text, 0))
        rule = _RULES.get(first.group().upper()) if first else None
        return rule(Parser(text, arguments)) if rule else None
    except Unfinished:
        return None


def _use(p: Parser) -> Request | None:
    if not p.accept("USE", "CATALOG") or p.token.kind == "end":
        return None
    return _ended(p, {"op": "use_catalog", "name": _one(p)})


def _set(p: Parser) -> Request | None:
    set_ = p.looks_at("SET")
    p.at += 1
    if not (p.accept("TAG") and p.accept("ON")):
        return None
    kind = _securable(p, ("COLUMN",))
    request: Request = {"op": "set_tags" if set_ else "unset_tags", "kind": kind, "name": p.name()}
    if kind == "COLUMN":
        request |= {"kind": "TABLE", "column": request["name"][-1], "name": request["name"][:-1]}
    key = _tag_text(p)
    if set_:
        request["tags"] = {key: _tag_text(p) if p.accept_symbol("=") else ""}
    else:
        request["tags"] = [key]
    return _ended(p, request)


def _create(p: Parser) -> Request | None:
    if p.accept("CREATE", "CATALOG"):
        return _create_catalog(p)
    if p.looks_at("CREATE", "VOLUME") or p.looks_at("CREATE", "EXTERNAL", "VOLUME"):
        return _create_volume(p)
    return create_table(p)


def _create_catalog(p: Parser) -> Request:
    request: Request = {"op": "create_catalog", "if_not_exists": p.accept("IF", "NOT", "EXISTS")}
    request |= {"name": _one(p), "comment": None}
    while True:
        if p.accept("COMMENT"):
            request["comment"] = p.string()
        elif p.accept("MANAGED", "LOCATION"):
            request["location"] = p.string()
        else:
            return _ended(p, request)


def _create_volume(p: Parser) -> Request:
    p.expect("CREATE")
    request: Request = {"op": "create_volume", "external": p.accept("EXTERNAL"), "comment": None}
    p.expect("VOLUME")
    request["if_not_exists"] = p.accept("IF", "NOT", "EXISTS")
    request["name"] = p.name()
    while True:
        if p.accept("COMMENT"):
            request["comment"] = p.string()
        elif p.accept("LOCATION"):
            request["location"] = p.string()
        else:
            return _ended(p, request)


def _drop(p: Parser) -> Request | None:
    p.at += 1
    kind = p.one_of("CATALOG", "VOLUME", "SCHEMA", "DATABASE")
    if kind is None:
        return None
    kind = "SCHEMA" if kind == "DATABASE" else kind
    request: Request = {"op": f"drop_{kind.lower()}", "if_exists": p.accept("IF", "EXISTS")}
    request["name"] = _one(p) if kind == "CATALOG" else p.name()
    if kind != "VOLUME":
        request["cascade"] = p.one_of("RESTRICT", "CASCADE") == "CASCADE"
    return _ended(p, request)


def _alter(p: Parser) -> Request | None:
    p.at += 1
    kind = p.one_of("CATALOG", "SCHEMA", "DATABASE", "TABLE", "VIEW", "VOLUME")
    if kind is None:
        return None
    kind = "SCHEMA" if kind == "DATABASE" else kind
    if p.token.kind not in ("word", "quoted"):
        return None
    name = p.name()
    changed = _owner_or_tags(p, kind, name)
    if changed is None and kind == "TABLE":
        changed = _alter_table(p, name)
    if changed is None and kind in ("CATALOG", "VOLUME"):
        raise p.fault()
    return changed


def _owner_or_tags(p: Parser, kind: str, name: list[str]) -> Request | None:
    request: Request = {"kind": kind, "name": name}
    if p.accept("SET", "OWNER", "TO") or p.accept("OWNER", "TO"):
        return _ended(p, {"op": "set_owner", **request, "owner": _principal(p)})
    if p.accept("SET", "TAGS"):
        return _ended(p, {"op": "set_tags", **request, "tags": _tags(p)})
    if p.accept("UNSET", "TAGS"):
        return _ended(p, {"op": "unset_tags", **request, "tags": p.in_brackets(p.string)})
    return None


def _alter_table(p: Parser, table: list[str]) -> Request | None:
    if (
        p.looks_at("ADD", "CONSTRAINT")
        or p.looks_at("ADD", "PRIMARY")
        or p.looks_at("ADD", "FOREIGN")
    ):
        return _add_constraint(p, table)
    if p.accept("DROP"):
        return _drop_constraint(p, table)
    if p.accept("CLUSTER", "BY", "AUTO"):
        return _ended(p, {"op": "cluster_by_auto", "table": table})
    if p.accept("ALTER"):
        p.accept("COLUMN")
        column = p.identifier()
        changed = _owner_or_tags(p, "TABLE", table)
        return {**changed, "column": column} if changed and changed["op"] != "set_owner" else None
    return None


def _add_constraint(p: Parser, table: list[str]) -> Request | None:
    p.expect("ADD")
    constraint = table_constraint(p)
    if constraint is None:
        return None  # CHECK is Delta's
    return _ended(p, {"op": "add_constraints", "table": table, "constraints": [constraint]})


def _drop_constraint(p: Parser, table: list[str]) -> Request | None:
    request: Request = {"op": "drop_constraint", "table": table}
    if p.accept("PRIMARY", "KEY"):
        request |= {"kind": "PRIMARY KEY", "if_exists": p.accept("IF", "EXISTS")}
    elif p.accept("FOREIGN", "KEY"):
        request |= {"kind": "FOREIGN KEY", "if_exists": p.accept("IF", "EXISTS")}
        request["columns"] = p.in_brackets(p.identifier)
    elif p.accept("CONSTRAINT"):
        request |= {"kind": None, "if_exists": p.accept("IF", "EXISTS")}
        request["constraint"] = p.identifier()
    else:
        return None
    request["cascade"] = p.one_of("RESTRICT", "CASCADE") == "CASCADE"
    return _ended(p, request)


def _comment(p: Parser) -> Request | None:
    p.at += 1
    if not p.accept("ON"):
        return None
    kind = p.one_of("CATALOG", "VOLUME", "COLUMN")
    if kind is None:
        return None
    name = p.name()
    p.expect("IS")
    comment = p.string_or_null()
    if kind == "COLUMN" and len(name) < 2:
        raise p.fault()
    return _ended(p, {"op": "comment", "kind": kind, "name": name, "comment": comment})


def _grant(p: Parser) -> Request | None:
    granted = p.looks_at("GRANT")
    p.at += 1
    privileges = [_privilege(p)]
    while p.accept_symbol(","):
        privileges.append(_privilege(p))
    p.expect("ON")
    request: Request = {"op": "grant" if granted else "revoke", "privileges": privileges}
    request |= {"kind": _securable(p), "name": p.name()}
    p.expect("TO" if granted else "FROM")
    return _ended(p, {**request, "principal": _principal(p)})


def _show(p: Parser) -> Request | None:
    p.at += 1
    if p.accept("CATALOGS"):
        return _ended(p, {"op": "show_catalogs", "like": _like(p)})
    if p.accept("VOLUMES"):
        name = p.name() if p.one_of("IN", "FROM") else []
        return _ended(p, {"op": "show_volumes", "schema": name, "like": _like(p)})
    if p.accept("GRANTS") or p.accept("GRANT"):
        principal = None if p.looks_at("ON") else _principal(p)
        p.expect("ON")
        request: Request = {"op": "show_grants", "principal": principal, "kind": _securable(p)}
        return _ended(p, {**request, "name": p.name()})
    return {"op": "shown", "where": "namespace"} if p.looks_at("VIEWS") else None


def _describe(p: Parser) -> Request | None:
    p.at += 1
    kind = p.one_of("CATALOG", "VOLUME")
    if kind is not None and p.token.kind in ("word", "quoted"):
        p.accept("EXTENDED")
        return _ended(p, {"op": "describe", "kind": kind, "name": p.name()})
    if p.accept("DETAIL"):
        return {"op": "shown", "where": "name"}
    table = p.accept("TABLE")
    if p.accept("EXTENDED") or (table and p.accept("FORMATTED")):
        named = p.token.kind in ("word", "quoted") and not p.token.is_word("QUERY", "FUNCTION")
        if named and not p.token.is_word("SCHEMA", "DATABASE"):
            return {"op": "shown", "where": "Name", "table": p.name()}
    return None


def _one(p: Parser) -> str:
    """A name of one part."""
    before = p.at
    parts = p.name()
    if len(parts) != 1:
        p.at = before + 1
        raise p.fault()
    return parts[0]


def _principal(p: Parser) -> str:
    return p.string() if p.token.kind == "string" else p.identifier()


def _privilege(p: Parser) -> str:
    """Words up to a comma or ON: USE CATALOG is USE_CATALOG."""
    words = []
    while p.token.kind == "word" and not p.looks_at("ON"):
        words.append(p.token.text.upper())
        p.at += 1
    if not words:
        raise p.fault()
    return "_".join(words)


def _securable(p: Parser, more: tuple[str, ...] = ()) -> str:
    """The kind of object that is named next; TABLE when it is not said."""
    following = p.tokens[min(p.at + 1, len(p.tokens) - 1)]
    if following.is_symbol(".") or following.kind == "end":
        return "TABLE"
    kind = p.one_of(*SECURABLES, *more)
    return {"DATABASE": "SCHEMA", None: "TABLE"}.get(kind, kind or "")


def _like(p: Parser) -> str | None:
    if p.accept("LIKE") or p.token.kind == "string":
        return p.string()
    return None


def _tag_text(p: Parser) -> str:
    return p.string() if p.token.kind == "string" else p.identifier()


def _tags(p: Parser) -> dict[str, str]:
    def pair() -> tuple[str, str]:
        key = p.string()
        return key, p.string() if p.accept_symbol("=") else ""

    return dict(p.in_brackets(pair))


def _ended(p: Parser, request: Request) -> Request:
    p.end()
    return request


_RULES: dict[str, Callable[[Parser], Request | None]] = {
    "USE": _use,
    "SET": _set,
    "UNSET": _set,
    "CREATE": _create,
    "REPLACE": create_table,
    "DROP": _drop,
    "ALTER": _alter,
    "COMMENT": _comment,
    "GRANT": _grant,
    "REVOKE": _grant,
    "SHOW": _show,
    "DESCRIBE": _describe,
    "DESC": _describe,
}
