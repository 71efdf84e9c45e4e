"""One workspace: a folder with all of its state, and the parts that work on it.

DIR/state.db          what the parts keep (database.py)
DIR/workspace/        files of the workspace tree
DIR/volumes/          files of Unity Catalog volumes
DIR/workspace.json    url, process and credentials of the workspace that serves DIR, mode 0600
DIR/requests.jsonl    the request log
"""

from __future__ import annotations

import fcntl
import importlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_databricks.auth import Auth, Credentials, Principal
from local_databricks.database import Database
from local_databricks.errors import denied
from local_databricks.faults import Faults
from local_databricks.requests import RequestLog
from local_databricks.secrets import Secrets
from local_databricks.tree import Tree
from local_databricks.volumes import Volumes

log = logging.getLogger("local_databricks")
ADMIN, SERVICE, GUEST = "admin@workspace.local", "bldr", "guest"


@dataclass(frozen=True)
class Part:
    """A part with a life of its own, made by `module.name(workspace)`, with start() and stop()."""

    attribute: str
    module: str
    name: str
    needs_spark: bool = False


# In the order of starting; stopped in the opposite order. Named, because their modules import this one.
PARTS = (
    Part("registry", "local_databricks.spark.registry", "Registry"),
    Part("spark", "local_databricks.spark.server", "SparkServer", needs_spark=True),
    Part("sql", "local_databricks.spark.sql", "Sql", needs_spark=True),
    Part("jobs", "local_databricks.jobs.service", "Jobs"),
)


class InUse(Exception):
    """Another process serves the folder."""


@dataclass
class Workspace:
    """The workspace of `folder` (made when it is not there; one process at a time: raises InUse).

    `url` is set once it is served. `privilege(principal, privilege, securable_type, full_name)` answers for Unity
    Catalog; until somebody sets it only admins may do anything.
    """

    folder: Path
    with_spark: bool = True
    url: str = ""
    privilege: Callable[[Principal, str, str, str], bool] | None = None
    registry: Any = None
    spark: Any = None
    sql: Any = None
    jobs: Any = None
    _started: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = self.folder.absolute()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = lock(self.folder)
        self.database = Database(self.folder / "state.db")
        self.auth = Auth(self.database)
        self.tree = Tree(self.folder, self.database)
        self.volumes = Volumes(self.folder)
        self.secrets = Secrets(self.database)
        self.faults = Faults()
        self.log = RequestLog(self.folder, self.secrets)
        self.credentials, self.guest = self._credentials()
        self._homes()
        for part in PARTS:
            if self.with_spark or not part.needs_spark:
                made = getattr(importlib.import_module(part.module), part.name)(self)
                setattr(self, part.attribute, made)

    def start(self) -> None:
        """Starts the parts that have a life of their own."""
        for part in PARTS:
            made = getattr(self, part.attribute)
            if made is not None:
                self._started.append(made)  # also one that fails half-way is stopped
                made.start()

    def close(self) -> None:
        """Stops what was started, and lets go of the folder; a part that fails at it does not keep the others."""
        while self._started:
            part = self._started.pop()
            try:
                part.stop()
            except Exception:
                log.exception("%s did not stop", type(part).__name__)
        self.log.close()
        self.database.close()
        os.close(self._lock)

    def may(
        self, principal: Principal, privilege: str, securable_type: str, full_name: str
    ) -> bool:
        """Whether Unity Catalog gives a principal a privilege, e.g. ("READ_VOLUME", "volume", "main.raw.files")."""
        if principal.admin:
            return True
        if self.privilege is None:
            return False
        return self.privilege(principal, privilege, securable_type, full_name)

    def require(
        self, principal: Principal, privilege: str, securable_type: str, full_name: str
    ) -> None:
        """Raises ApiError (403) when `may` says no."""
        if not self.may(principal, privilege, securable_type, full_name):
            raise denied(
                f"User does not have {privilege.replace('_', ' ')} on {securable_type.title()} '{full_name}'."
            )

    def published(self) -> dict[str, Any]:
        """What DIR/workspace.json and the line of `start` say."""
        return {
            "url": self.url,
            "token": self.credentials.token,
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
            "tenant_id": self.auth.tenant_id,
            "workspace_id": str(self.auth.workspace_id),
            "guest": vars(self.guest),
            "folder": str(self.folder),
            "pid": os.getpid(),
        }

    def publish(self) -> None:
        """Writes DIR/workspace.json."""
        path = self.folder / "workspace.json"
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
            json.dump(self.published(), out, indent=1)
            out.write("\n")
        os.replace(fresh, path)

    def _credentials(self) -> tuple[Credentials, Credentials]:
        """Those of the last time, or new ones."""
        try:
            said = json.loads((self.folder / "workspace.json").read_text())
            kept = tuple(
                Credentials(*(who[name] for name in ("token", "client_id", "client_secret")))
                for who in (said, said["guest"])
            )
            if all(self.auth.client(who.client_id, who.client_secret) for who in kept):
                self.auth.bearer(kept[0].token)
                return kept[0], kept[1]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        admin = self.auth.find(ADMIN) or self.auth.add("user", ADMIN, admin=True)
        service = self._service(SERVICE, admin=True)
        guest = self._service(GUEST, admin=False)
        for principal in (admin, service, guest):
            self.auth.forget(principal)
        made = (
            Credentials(self.auth.new_token(admin), service.name, self.auth.new_secret(service)),
            Credentials(self.auth.new_token(guest), guest.name, self.auth.new_secret(guest)),
        )
        self.url = ""
        self.credentials, self.guest = made
        self.publish()
        return made

    def _service(self, display_name: str, *, admin: bool) -> Principal:
        for principal in self.auth.principals():
            if principal.kind == "service_principal" and principal.display_name == display_name:
                return principal
        return self.auth.add("service_principal", display_name, admin=admin)

    def _homes(self) -> None:
        for principal in self.auth.principals():
            self.tree.mkdirs(f"/Users/{principal.name}")


def lock(folder: Path) -> int:
    """Holds `folder` for this process: an open descriptor; the lock ends with it. Raises InUse."""
    held = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise InUse(f"another process serves {folder}") from None
    return held
