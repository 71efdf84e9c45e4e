"""What can go wrong with a source file as a whole; a bad record is no error, it is handed out with its reason."""

from __future__ import annotations

__all__ = ["EncodingError", "HeaderError", "IngestError", "PackedError", "TooLargeError"]


class IngestError(ValueError):
    """A source file that cannot be read as its dialect says; the text names the file and why."""


class HeaderError(IngestError):
    """The file's header is missing, cannot be read, or names other columns."""


class EncodingError(IngestError):
    """An encoding that this library does not read as bldr does."""


class PackedError(IngestError):
    """gzip data that is damaged, ends too early, is followed by other bytes, or unpacks to too much."""


class TooLargeError(IngestError):
    """A file above the size that one task reads."""
