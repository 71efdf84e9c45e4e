"""Secrets in a text: replaced before anything is cut, because half a secret is not found any more."""

from __future__ import annotations

from collections.abc import Iterable

REDACTED = "[REDACTED]"
SECRET_MAX = 128 * 1024  # bytes of one


def texts(value: bytes) -> set[str]:
    """How a secret may stand in a text."""
    text = value.decode("utf-8", "replace")
    return {text, text.strip()} - {""}


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text
