"""The text of a source file: its bytes unpacked and decoded, as bldr's own reader does it.

What cannot be decoded becomes bytes that are no UTF-8 (records.py says how they stand in a text), so the record that
holds it is malformed and nothing is lost.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Iterator
from functools import partial

from .errors import EncodingError, PackedError

__all__ = ["known_encoding", "text_of", "unpacked"]

PIECE = 1 << 20  # bytes
UNPACKED_FREE = 256 << 20
UNPACKED_RATIO = 200


def text_of(content: bytes, encoding: str, packed: bool, name: str) -> Iterator[str]:
    """The text of a file of this content, in pieces. name: for messages.

    Raises EncodingError, PackedError where the content cannot be unpacked.
    """
    decode = _decoder(encoding, name)
    return decode(unpacked(content, name) if packed else _pieces(content))


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
            at += len(left) - len(member.unused_data if member.eof else member.unconsumed_tail)
            total += len(piece)
            if total > UNPACKED_FREE and total // UNPACKED_RATIO > len(content):
                limit = f"{UNPACKED_FREE} bytes and {UNPACKED_RATIO} times its own size"
                raise _damaged(name, f"it would take more than {limit}")
            if piece:
                yield piece


def _damaged(name: str, why: str) -> PackedError:
    return PackedError(f"{name} cannot be unpacked: {why}")


# ---- decoding ----

# Python's codecs that read every byte as iconv does (tests/python/test_bldr_ingest_text.py asks it), by their own names.
_PAGES = frozenset(
    [
        "ascii",
        "cp037",
        "cp1125",
        "cp1140",
        "cp1250",
        "cp1251",
        "cp1252",
        "cp1253",
        "cp1254",
        "cp1256",
        "cp1257",
        "cp437",
        "cp500",
        "cp737",
        "cp775",
        "cp850",
        "cp852",
        "cp855",
        "cp857",
        "cp858",
        "cp860",
        "cp861",
        "cp862",
        "cp863",
        "cp864",
        "cp865",
        "cp866",
        "cp869",
        "cp874",
        "hp-roman8",
        "iso8859-1",
        "iso8859-2",
        "iso8859-3",
        "iso8859-4",
        "iso8859-5",
        "iso8859-6",
        "iso8859-7",
        "iso8859-8",
        "iso8859-9",
        "iso8859-10",
        "iso8859-11",
        "iso8859-13",
        "iso8859-14",
        "iso8859-15",
        "iso8859-16",
        "koi8-r",
        "koi8-t",
        "koi8-u",
        "kz1048",
        "mac-cyrillic",
        "mac-roman",
        "ptcp154",
        "tis-620",
    ]
)
# Bytes that iconv reads as another character, or as none (U+FFFE, as a table of Python has it).
_OTHERWISE = {
    "mac-cyrillic": {0xFF: "\u00a4"},
    "mac-roman": {0xC6: "\u0394", 0xF0: "\ue01e"},
    "tis-620": {byte: "\ufffe" for byte in range(0x80, 0xA1)},
}
_PAIRS = frozenset(["cp949", "gb2312"])
_UNITS = {"utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}

_Decode = Callable[[Iterator[bytes]], Iterator[str]]


def _decoder(encoding: str, name: str) -> _Decode:
    """What decodes the pieces of a file."""
    if encoding == "utf-8":
        return partial(_by_codec, "utf-8", "surrogateescape")
    if encoding in _UNITS:
        codecs.register_error("bldr.units", _as_units)
        return partial(_by_codec, _UNITS[encoding], "bldr.units")
    codecs.register_error("bldr.bytes", _as_bytes)
    try:
        codec = codecs.lookup(encoding).name
    except LookupError:
        codec = ""
    if codec in _PAGES:
        return partial(_by_table, _table(codec))
    if codec in _PAIRS:
        return partial(_as_one, codec)
    raise EncodingError(f"the encoding {encoding!r} of {name} is not one that can be read here")


def _by_codec(codec: str, errors: str, pieces: Iterator[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)(errors)
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", True)


def _table(codec: str) -> str:
    """The characters of the 256 bytes; U+FFFE: none."""
    own = _OTHERWISE.get(codec, {})
    found = [
        bytes([byte]).decode(codec, "replace").replace("\ufffd", "\ufffe") for byte in range(256)
    ]
    return "".join(own.get(byte, character) for byte, character in enumerate(found))


def _by_table(table: str, pieces: Iterator[bytes]) -> Iterator[str]:
    for piece in pieces:
        yield codecs.charmap_decode(piece, "bldr.bytes", table)[0]


def _as_one(codec: str, pieces: Iterator[bytes]) -> Iterator[str]:
    """Python's incremental decoders lose bytes behind a character that is cut off at the end."""
    yield b"".join(pieces).decode(codec, "bldr.bytes")


def _escaped(data: bytes) -> str:
    """Bytes that are no UTF-8 as they stand in a text."""
    return data.decode("ascii", "surrogateescape")


def _as_bytes(error: UnicodeError) -> tuple[str, int]:
    """An undefined byte is itself; FF behind one that begins a character of UTF-8 keeps two from making one."""
    assert isinstance(error, UnicodeDecodeError)
    byte = error.object[error.start : error.start + 1]
    return _escaped(byte + b"\xff" if b"\xc2" <= byte <= b"\xf4" else byte), error.start + 1


def _as_units(error: UnicodeError) -> tuple[str, int]:
    """A surrogate without its pair is its three bytes; an odd last byte is FF."""
    assert isinstance(error, UnicodeDecodeError)
    unit = error.object[error.start : error.start + 2]
    if len(unit) < 2:
        return _escaped(b"\xff"), len(error.object)
    surrogate = unit.decode(error.encoding, "surrogatepass")
    return _escaped(surrogate.encode("utf-8", "surrogatepass")), error.start + 2
