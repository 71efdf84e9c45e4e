"""Secret scopes, their secrets and who may read them. Values live in the database (mode 0600), nowhere else."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Literal

from local_databricks.database import Database
from local_databricks.errors import ApiError, invalid, not_found

VALUE_MAX = 128 * 1024  # bytes
SECRETS_MAX = 1000  # per scope
NAME_RULE = re.compile(r"[A-Za-z0-9_.@/ -]{1,128}")
LEVELS = ("READ", "WRITE", "MANAGE")  # each includes those before it
Level = Literal["READ", "WRITE", "MANAGE"]

_TABLES = (
    "CREATE TABLE secret_scopes (name TEXT PRIMARY KEY)",
    """CREATE TABLE secrets (
        scope TEXT NOT NULL REFERENCES secret_scopes ON DELETE CASCADE, key TEXT NOT NULL,
        value BLOB NOT NULL, updated_ms INTEGER NOT NULL, PRIMARY KEY (scope, key))""",
    """CREATE TABLE secret_acls (
        scope TEXT NOT NULL REFERENCES secret_scopes ON DELETE CASCADE, principal TEXT NOT NULL,
        permission TEXT NOT NULL, PRIMARY KEY (scope, principal))""",
)


class Secrets:
    """The secrets of one workspace. All methods raise ApiError as the API would."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("secrets", _TABLES)
        self._written: set[str] = set()
        for value in self.values():
            self._remember(value)

    def scopes(self) -> list[str]:
        """Names, sorted."""
        return [
            row["name"]
            for row in self._database.rows("SELECT name FROM secret_scopes ORDER BY name")
        ]

    def create_scope(self, scope: str, creator: str) -> None:
        """Its creator may MANAGE it."""
        _check_name("Scope", scope)
        with self._database.transaction() as connection:
            if self._has(scope):
                raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"Scope {scope} already exists!")
            connection.execute("INSERT INTO secret_scopes VALUES (?)", (scope,))
            connection.execute("INSERT INTO secret_acls VALUES (?, ?, 'MANAGE')", (scope, creator))

    def delete_scope(self, scope: str) -> None:
        """With its secrets."""
        self._require(scope)
        self._database.write("DELETE FROM secret_scopes WHERE name = ?", (scope,))

    def put(self, scope: str, key: str, value: bytes) -> None:
        """Writes or overwrites one."""
        _check_name("Secret key", key)
        if len(value) > VALUE_MAX:
            raise invalid(f"The secret's value is longer than {VALUE_MAX} bytes.")
        with self._database.transaction() as connection:
            self._require(scope)
            if not self._find(scope, key) and len(self.keys(scope)) >= SECRETS_MAX:
                raise ApiError(
                    400,
                    "RESOURCE_LIMIT_EXCEEDED",
                    f"Scope {scope} holds {SECRETS_MAX} secrets already.",
                )
            self._remember(value)
            connection.execute(
                "REPLACE INTO secrets VALUES (?, ?, ?, ?)",
                (scope, key, value, time.time_ns() // 1_000_000),
            )

    def get(self, scope: str, key: str) -> bytes:
        """The value of one."""
        self._require(scope)
        value = self._find(scope, key)
        if not value:
            raise not_found(f"Secret does not exist with scope: {scope} and key: {key}")
        return value[0]

    def keys(self, scope: str) -> list[tuple[str, int]]:
        """(key, when it was last written in ms since 1970) of each, sorted; never values."""
        self._require(scope)
        rows = self._database.rows(
            "SELECT key, updated_ms FROM secrets WHERE scope = ? ORDER BY key", (scope,)
        )
        return [(row["key"], row["updated_ms"]) for row in rows]

    def delete(self, scope: str, key: str) -> None:
        """Deletes one."""
        self.get(scope, key)
        self._database.write("DELETE FROM secrets WHERE scope = ? AND key = ?", (scope, key))

    def values(self) -> list[bytes]:
        """All values there are: what must not be seen in a log or an output."""
        return [row["value"] for row in self._database.rows("SELECT value FROM secrets")]

    def redact(self, text: str, mark: str = "[REDACTED]") -> str:
        """`text` with `mark` in place of every value that is or was a secret since this process began, however it is
        written: as it is, escaped as in JSON, in base64. Values of less than 3 characters are not looked for.
        """
        for form in sorted(self._written, key=len, reverse=True):
            text = text.replace(form, mark)
        return text

    def acls(self, scope: str) -> list[tuple[str, str]]:
        """(principal, permission) of a scope, sorted."""
        self._require(scope)
        rows = self._database.rows(
            "SELECT principal, permission FROM secret_acls WHERE scope = ? ORDER BY principal",
            (scope,),
        )
        return [(row["principal"], row["permission"]) for row in rows]

    def put_acl(self, scope: str, principal: str, permission: str) -> None:
        """Gives a principal READ, WRITE or MANAGE instead of what it had."""
        self._require(scope)
        if permission not in LEVELS:
            raise invalid(f"Permission {permission} is none of {', '.join(LEVELS)}.")
        self._database.write(
            "REPLACE INTO secret_acls VALUES (?, ?, ?)", (scope, principal, permission)
        )

    def delete_acl(self, scope: str, principal: str) -> None:
        """Takes away what a principal has."""
        if principal not in dict(self.acls(scope)):
            raise not_found(f"{principal} has no permission on scope {scope}.")
        self._database.write(
            "DELETE FROM secret_acls WHERE scope = ? AND principal = ?", (scope, principal)
        )

    def may(self, scope: str, principal: str, level: Level) -> bool:
        """Whether an entry of the scope gives a principal `level` or more."""
        held = dict(self.acls(scope)).get(principal)
        return held is not None and LEVELS.index(held) >= LEVELS.index(level)

    def _remember(self, value: bytes) -> None:
        self._written = self._written | {form for form in forms_of(value) if len(form) >= 3}

    def _has(self, scope: str) -> bool:
        return (
            self._database.row("SELECT 1 FROM secret_scopes WHERE name = ?", (scope,)) is not None
        )

    def _find(self, scope: str, key: str) -> tuple[bytes] | None:
        row = self._database.row(
            "SELECT value FROM secrets WHERE scope = ? AND key = ?", (scope, key)
        )
        return (row["value"],) if row else None

    def _require(self, scope: str) -> None:
        if not self._has(scope):
            raise not_found(f"Scope {scope} does not exist!")


def _check_name(what: str, name: str) -> None:
    if not NAME_RULE.fullmatch(name):
        raise invalid(
            f"{what} '{name[:140]}' must have 1 to 128 characters: letters, digits, '_', '-', '@', '/', '.', blank."
        )


def forms_of(value: bytes) -> list[str]:
    """How a secret may be written in a text: as it is, escaped as in JSON (twice for JSON within JSON), in base64."""
    text = value.decode("utf-8", "replace")
    once = [json.dumps(text, ensure_ascii=ascii)[1:-1] for ascii in (False, True)]
    twice = [json.dumps(form, ensure_ascii=False)[1:-1] for form in once]
    return [text, *once, *twice, base64.b64encode(value).decode()]
