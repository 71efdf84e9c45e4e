"""Who is asking: personal tokens, OAuth tokens of service principals, Azure's two tokens. All compared in constant time.

The database holds hashes only. A short-lived token names its principal, kind and end and is signed by a key of the
database, so it outlives a restart of the workspace as the cloud's do.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from dataclasses import dataclass
from typing import Any, Literal

from local_databricks.database import Database
from local_databricks.errors import ApiError

Kind = Literal["oauth", "azure", "azure-management"]
AZURE_DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
AZURE_MANAGEMENT = ("https://management.core.windows.net/", "https://management.azure.com/")
AZURE_EARLY_S = 30  # Azure Databricks refuses a token with this much life left
_PREFIX = "bldr-local."

_TABLES = (
    """CREATE TABLE principals (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL,
        admin INTEGER NOT NULL)""",
    """CREATE TABLE credentials (
        kind TEXT NOT NULL, principal INTEGER NOT NULL REFERENCES principals ON DELETE CASCADE, hash BLOB NOT NULL,
        PRIMARY KEY (kind, hash))""",
    "CREATE TABLE auth_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


@dataclass(frozen=True)
class Principal:
    """Somebody: `name` is an e-mail address (user) or an application id (service principal)."""

    id: int
    kind: Literal["user", "service_principal"]
    name: str
    display_name: str
    admin: bool


@dataclass(frozen=True)
class Credentials:
    """What the outside world is given, in clear: goes into DIR/workspace.json (mode 0600) and nowhere else."""

    token: str
    client_id: str
    client_secret: str


class Auth:
    """The principals and credentials of one workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("auth", _TABLES)
        self._key = bytes.fromhex(self.setting("key", secrets.token_hex(32)))
        self.tenant_id = self.setting("tenant_id", str(uuid.uuid4()))
        self.workspace_id = int(self.setting("workspace_id", str(database.new_id())))

    def setting(self, name: str, default: str) -> str:
        """A setting; `default` becomes it when there is none."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO auth_settings VALUES (?, ?)", (name, default))
            row = self._database.row("SELECT value FROM auth_settings WHERE name = ?", (name,))
            return str(row["value"]) if row else default

    def change(self, name: str, value: str) -> None:
        """Sets a setting: `ttl_seconds` of new OAuth and Azure tokens (3600), `azure_member` ("no": the Azure
        principal is not a member yet, so both Azure headers are required)."""
        self._database.write("REPLACE INTO auth_settings VALUES (?, ?)", (name, value))

    def add(
        self, kind: Literal["user", "service_principal"], display_name: str, *, admin: bool
    ) -> Principal:
        """A new principal."""
        name = str(uuid.uuid4()) if kind == "service_principal" else display_name
        id = self._database.new_id()
        self._database.write(
            "INSERT INTO principals VALUES (?, ?, ?, ?, ?)", (id, kind, name, display_name, admin)
        )
        return Principal(id, kind, name, display_name, admin)

    def principals(self) -> list[Principal]:
        """All there are, oldest first."""
        return [
            _principal(row) for row in self._database.rows("SELECT * FROM principals ORDER BY id")
        ]

    def find(self, name: str) -> Principal | None:
        """The principal of a name (e-mail address or application id)."""
        row = self._database.row("SELECT * FROM principals WHERE name = ?", (name,))
        return _principal(row) if row else None

    def new_token(self, principal: Principal) -> str:
        """A personal token that does not expire."""
        token = "dapi" + secrets.token_hex(16)
        self._keep("token", principal, token)
        return token

    def new_secret(self, principal: Principal) -> str:
        """A client secret of a service principal; the client id is its name."""
        secret = "dose" + secrets.token_hex(16)
        self._keep("secret", principal, secret)
        return secret

    def forget(self, principal: Principal) -> None:
        """Ends all personal tokens and client secrets of a principal."""
        self._database.write("DELETE FROM credentials WHERE principal = ?", (principal.id,))

    def client(self, client_id: str, client_secret: str) -> Principal | None:
        """The service principal whose id and secret these are."""
        found = self._holder("secret", client_secret)
        same = found is not None and hmac.compare_digest(found.name.encode(), client_id.encode())
        return found if same else None

    def issue(self, principal: Principal, kind: Kind) -> tuple[str, int]:
        """(a token, the seconds it lives)."""
        ttl = int(self.setting("ttl_seconds", "3600"))
        claims = {"p": principal.name, "k": kind, "e": time.time() + ttl, "n": secrets.token_hex(8)}
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
        return f"{_PREFIX}{body}.{self._signature(body)}", ttl

    def bearer(
        self, token: str, azure_headers: tuple[str | None, str | None] = (None, None)
    ) -> Principal:
        """Whose token it is. `azure_headers` are the management token and the workspace's resource id, if sent.

        Raises ApiError: 403 for a token that never was one, 401 for one that has expired.
        """
        if not token.startswith(_PREFIX):
            found = self._holder("token", token)
            if found is None:
                raise ApiError(403, 403, "Invalid access token.")
            return found
        claims = self._claims(token, ("oauth", "azure"))
        if claims["k"] == "azure":
            self._check_azure(*azure_headers)
        found = self.find(claims["p"])
        if found is None:
            raise ApiError(403, 403, "Invalid access token.")
        return found

    def _check_azure(self, management: str | None, resource_id: str | None) -> None:
        if management is not None:
            self._claims(management, ("azure-management",))
        if self.setting("azure_member", "yes") == "no" and (
            management is None or resource_id is None
        ):
            raise ApiError(
                403,
                "PERMISSION_DENIED",
                "The service principal is not a member of the workspace: send X-Databricks-Azure-SP-Management-Token"
                " and X-Databricks-Azure-Workspace-Resource-Id.",
            )

    def _claims(self, token: str, kinds: tuple[Kind, ...]) -> dict[str, Any]:
        body, _, signature = token.removeprefix(_PREFIX).partition(".")
        good = hmac.compare_digest(self._signature(body).encode(), signature.encode())
        if not token.startswith(_PREFIX) or not good:
            raise ApiError(403, 403, "Invalid access token.")
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body))
        if claims["k"] not in kinds:
            raise ApiError(403, 403, "Invalid access token: it is meant for another resource.")
        early = 0 if claims["k"] == "oauth" else AZURE_EARLY_S
        if time.time() >= claims["e"] - early:
            raise ApiError(401, "UNAUTHENTICATED", "Access token expired.")
        return claims

    def _signature(self, body: str) -> str:
        return hmac.new(
            self._key, body.encode("utf-8", "surrogateescape"), hashlib.sha256
        ).hexdigest()

    def _keep(self, kind: str, principal: Principal, secret: str) -> None:
        self._database.write(
            "INSERT INTO credentials VALUES (?, ?, ?)", (kind, principal.id, _hash(secret))
        )

    def _holder(self, kind: str, secret: str) -> Principal | None:
        """All hashes are compared, each in constant time, so that the time says nothing about a guess."""
        mine, found = _hash(secret), None
        rows = self._database.rows(
            "SELECT hash, p.* FROM credentials c JOIN principals p ON p.id = c.principal WHERE c.kind = ?",
            (kind,),
        )
        for row in rows:
            if hmac.compare_digest(row["hash"], mine):
                found = _principal(row)
        return found


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _principal(row: Any) -> Principal:
    return Principal(row["id"], row["kind"], row["name"], row["display_name"], bool(row["admin"]))
