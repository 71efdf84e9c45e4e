"""What goes wrong, in the words of the API: a status, an error code and a message."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer that is an error: `status` is the HTTP status, `code` the `error_code` (text, or a number as some
    answers of the cloud have it), `details` what `google.rpc` names by `@type`."""

    def __init__(
        self,
        status: int,
        code: str | int,
        message: str,
        *,
        details: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers

    def body(self) -> dict[str, Any]:
        """The JSON object that tells it."""
        body: dict[str, Any] = {"error_code": self.code, "message": self.message}
        if self.details is not None:
            body["details"] = self.details
        return body


def invalid(message: str) -> ApiError:
    """400 INVALID_PARAMETER_VALUE."""
    return ApiError(400, "INVALID_PARAMETER_VALUE", message)


def malformed(message: str) -> ApiError:
    """400 MALFORMED_REQUEST: the body is not what it says it is."""
    return ApiError(400, "MALFORMED_REQUEST", message)


def not_found(message: str) -> ApiError:
    """404 RESOURCE_DOES_NOT_EXIST."""
    return ApiError(404, "RESOURCE_DOES_NOT_EXIST", message)


def exists(message: str) -> ApiError:
    """400 RESOURCE_ALREADY_EXISTS."""
    return ApiError(400, "RESOURCE_ALREADY_EXISTS", message)


def denied(message: str) -> ApiError:
    """403 PERMISSION_DENIED."""
    return ApiError(403, "PERMISSION_DENIED", message)


def error_info(
    reason: str, domain: str = "filesystem.databricks.com", metadata: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """`details` with one ErrorInfo."""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return [{"@type": kind, "reason": reason, "domain": domain, "metadata": metadata or {}}]
