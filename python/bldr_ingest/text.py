"""The text of a source file: its bytes unpacked and decoded, as bldr's own reader does it.

What cannot be decoded becomes bytes that are no UTF-8 (records.py says how they stand in a text), so the record that
holds it is malformed and nothing is lost.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator

from .errors import EncodingError, PackedError

__all__ = ["known_encoding", "text_of", "unpacked"]

PIECE = 1 << 20  # bytes
UNPACKED_FREE = 256 << 20
UNPACKED_RATIO = 200


def text_of(content: bytes, encoding: str, packed: bool, name: str) -> Iterator[str]:
    """The text of a file of this content, in pieces. name: for messages.

    Raises EncodingError, PackedError where the content cannot be unpacked.
    """
    decoder = _decoder(encoding, name)
    return _decoded(unpacked(content, name) if packed else _pieces(content), decoder)


def known_encoding(encoding: str, name: str) -> None:
    """Raises EncodingError when text of this encoding cannot be read."""
    _decoder(encoding, name)


def _pieces(content: bytes) -> Iterator[bytes]:
    view = memoryview(content)
    for at in range(0, len(content), PIECE):
        yield bytes(view[at : at + PIECE])


# ---- gzip ----


def unpacked(content: bytes, name: str) -> Iterator[bytes]:
    """All members of a gzip file; zeros behind the last one are padding."""
    at, total, view = 0, 0, memoryview(content)
    while at < len(content):
        if at > 0 and content[at] == 0:
            if content[at:].strip(b"\0"):
                raise _damaged(name, "something stands behind the gzip data")
            return
        member = zlib.decompressobj(zlib.MAX_WBITS + 16)  # 16: gzip alone
        while not member.eof:
            left = member.unconsumed_tail or bytes(view[at : at + PIECE])
            if not left:
                raise _damaged(name, "its gzip data ends too early")
            try:
                piece = member.decompress(left, PIECE)
            except zlib.error as error:
                raise _damaged(name, "its gzip data is damaged") from error
            used = len(left) - len(member.unconsumed_tail) - len(member.unused_data)
            at += used
            total += len(piece)
            if total > UNPACKED_FREE and total // UNPACKED_RATIO > len(content):
                limit = f"{UNPACKED_FREE} bytes and {UNPACKED_RATIO} times its own size"
                raise _damaged(name, f"it would take more than {limit}")
            if piece:
                yield piece


def _damaged(name: str, why: str) -> PackedError:
    return PackedError(f"{name} cannot be unpacked: {why}")


# ---- decoding ----


def _decoder(encoding: str, name: str) -> codecs.IncrementalDecoder:
    if encoding == "utf-8":
        return codecs.getincrementaldecoder("utf-8")("surrogateescape")
    codecs.register_error("bldr.bytes", _as_bytes)
    codecs.register_error("bldr.units", _as_units)
    own = {"utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}
    if encoding in own:
        return codecs.getincrementaldecoder(own[encoding])("bldr.units")
    try:
        return codecs.getincrementaldecoder(encoding)("bldr.bytes")
    except LookupError:
        message = f"the encoding {encoding!r} of {name} is not known"
        raise EncodingError(message) from None


def _decoded(pieces: Iterator[bytes], decoder: codecs.IncrementalDecoder) -> Iterator[str]:
    for piece in pieces:
        yield decoder.decode(piece)
    last = decoder.decode(b"", True)
    if last:
        yield last


def _escaped(data: bytes) -> str:
    """Bytes that are no UTF-8 as they stand in a text."""
    return data.decode("ascii", "surrogateescape")


def _as_bytes(error: UnicodeError) -> tuple[str, int]:
    """An undefined byte is itself."""
    assert isinstance(error, UnicodeDecodeError)
    return _escaped(error.object[error.start : error.start + 1]), error.start + 1


def _as_units(error: UnicodeError) -> tuple[str, int]:
    """A surrogate without its pair is its three bytes; an odd last byte is FF."""
    assert isinstance(error, UnicodeDecodeError)
    unit = error.object[error.start : error.start + 2]
    if len(unit) < 2:
        return _escaped(b"\xff"), len(error.object)
    surrogate = unit.decode(error.encoding, "surrogatepass")
    return _escaped(surrogate.encode("utf-8", "surrogatepass")), error.start + 2
