"""An error of governance, as the registry answers it and the front raises it."""

from __future__ import annotations

from typing import Any


class Fault(Exception):
    """`condition` is Spark's or Unity Catalog's error condition, `message` the text without it."""

    def __init__(self, condition: str, message: str, sqlstate: str = "42000") -> None:
        super().__init__(message)
        self.condition = condition
        self.message = message
        self.sqlstate = sqlstate

    def answer(self) -> dict[str, Any]:
        """The registry's answer that tells it."""
        fields = {"condition": self.condition, "message": self.message, "sqlstate": self.sqlstate}
        return {"error": fields}


def no_catalog(name: str) -> Fault:
    """There is no such catalogue."""
    text = f"Catalog '{name}' was not found. Please verify the catalog name and then retry the query or command again."
    return Fault("NO_SUCH_CATALOG_EXCEPTION", text, "42704")


def no_schema(catalog: str, schema: str) -> Fault:
    """There is no such schema."""
    text = (
        f"The schema `{catalog}`.`{schema}` cannot be found. Verify the spelling and correctness of the schema "
        "and catalog.\nIf you did not qualify the name with a catalog, verify the current_schema() output, or "
        "qualify the name with the correct catalog.\nTo tolerate the error on drop use DROP SCHEMA IF EXISTS."
    )
    return Fault("SCHEMA_NOT_FOUND", text, "42704")


def no_table(name: list[str]) -> Fault:
    """There is no such table or view."""
    quoted = ".".join(f"`{part}`" for part in name)
    text = (
        f"The table or view {quoted} cannot be found. Verify the spelling and correctness of the schema and catalog.\n"
        "If you did not qualify the name with a schema, verify the current_schema() output, or qualify the name with "
        "the correct schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS."
    )
    return Fault("TABLE_OR_VIEW_NOT_FOUND", text, "42P01")


def no_volume(name: list[str]) -> Fault:
    """There is no such volume."""
    return Fault("VOLUME_NOT_FOUND", f"Volume '{'.'.join(name)}' does not exist.", "42704")


def no_column(column: str, known: list[str]) -> Fault:
    """There is no such column."""
    text = (
        f"A column, variable, or function parameter with name `{column}` cannot be resolved. Did you mean one of the "
        f"following? [{', '.join(f'`{name}`' for name in known[:5])}]."
    )
    return Fault("UNRESOLVED_COLUMN.WITH_SUGGESTION", text, "42703")


def invalid(message: str) -> Fault:
    """The request cannot be."""
    return Fault("INVALID_PARAMETER_VALUE", message, "22023")


def denied(message: str) -> Fault:
    """Who asks may not."""
    return Fault("PERMISSION_DENIED", message, "42501")
