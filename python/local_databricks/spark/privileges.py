"""Privileges of Unity Catalog: which there are for what, who has them, and from where they are inherited.

The lists are meant to be those of Databricks' "Unity Catalog privileges reference", without the securables that the
workspace does not have; they were written from memory and have not been held to it.
"""

from __future__ import annotations

_TABLE = {"SELECT", "MODIFY", "APPLY_TAG", "MANAGE", "ALL_PRIVILEGES"}
_VOLUME = {"READ_VOLUME", "WRITE_VOLUME", "APPLY_TAG", "MANAGE", "ALL_PRIVILEGES"}
_SCHEMA = (
    _TABLE
    | _VOLUME
    | {
        "USE_SCHEMA",
        "CREATE_TABLE",
        "CREATE_VOLUME",
        "CREATE_FUNCTION",
        "CREATE_MATERIALIZED_VIEW",
        "CREATE_MODEL",
        "EXECUTE",
        "REFRESH",
        "EXTERNAL_USE_SCHEMA",
    }
)
_CATALOG = _SCHEMA | {"USE_CATALOG", "CREATE_SCHEMA", "BROWSE"}
_METASTORE = {"CREATE_CATALOG", "CREATE_EXTERNAL_LOCATION", "CREATE_CONNECTION", "MANAGE"}
APPLICABLE: dict[str, set[str]] = {
    "TABLE": _TABLE,
    "VIEW": _TABLE,
    "VOLUME": _VOLUME,
    "SCHEMA": _SCHEMA,
    "CATALOG": _CATALOG,
    "METASTORE": _METASTORE,
}
GROUPS = ("account users", "users", "admins")


def normal(privilege: str) -> str:
    """USE CATALOG and use_catalog are USE_CATALOG."""
    return "_".join(privilege.upper().split())


def has(granted: set[str], privilege: str) -> bool:
    """Whether what was granted on an object and above it holds this privilege."""
    return privilege in granted or "ALL_PRIVILEGES" in granted
