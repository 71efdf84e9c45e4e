"""The text of a file as python/bldr_ingest has it: encodings beside iconv and the reader of src/ingest, gzip beside gzip."""

import ctypes
import gzip
import random
import re
import sys
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "python"))

from bldr_ingest.errors import EncodingError, PackedError
from bldr_ingest.text import known_encoding, text_of
from encoding_names import is_known, names_of_iconv
from ingest_pair import differences

libc = ctypes.CDLL(None)
libc.iconv_open.restype = ctypes.c_void_p
libc.iconv_open.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
libc.iconv.restype = ctypes.c_size_t
libc.iconv.argtypes = [ctypes.c_void_p, *[ctypes.c_void_p] * 4]
FAILED = ctypes.c_size_t(-1).value


# One undefined byte, as a text has it.
ODD_BYTES = re.compile("[\udcc2-\udcf4]\udcff|[\udc80-\udcff]")


@cache
def handle_of(name: str) -> int:
    handle = libc.iconv_open(b"UTF-8", name.encode())
    assert handle not in (None, ctypes.c_void_p(-1).value)
    return int(handle)


def by_iconv(name: str, data: bytes) -> str | None:
    """The characters; None: iconv refuses."""
    handle = handle_of(name)
    libc.iconv(handle, None, None, None, None)
    source, target = ctypes.create_string_buffer(data, len(data)), ctypes.create_string_buffer(64)
    at, left = ctypes.c_void_p(ctypes.addressof(source)), ctypes.c_size_t(len(data))
    to, room = ctypes.c_void_p(ctypes.addressof(target)), ctypes.c_size_t(64)
    out = ctypes.byref(to), ctypes.byref(room)
    told = libc.iconv(handle, ctypes.byref(at), ctypes.byref(left), *out)
    told = FAILED if told == FAILED else libc.iconv(handle, None, None, *out)
    return None if told == FAILED else target.raw[: 64 - room.value].decode()


def names() -> list[str]:
    """What this iconv knows and the library reads."""
    return sorted(filter(is_known, names_of_iconv()))


def ours(name: str, data: bytes) -> str | None:
    text = "".join(text_of(data, name, False, "t"))
    return None if any("\ud800" <= c <= "\udfff" for c in text) else text


def test_every_byte_of_every_page_is_what_iconv_says() -> None:
    found = names()
    assert len(found) > 200 and {"windows-1250", "iso-8859-7", "koi8-r", "cp437"} <= set(found)
    for name in found:
        if name.startswith("utf-"):
            continue
        whole = "".join(text_of(bytes(range(256)), name, False, "t"))
        if name in ("uhc", "cp949", "gb2312", "euc-cn", "euccn"):
            continue  # below
        characters = list(ODD_BYTES.sub("\udcff", whole))
        assert len(characters) == 256, name
        for byte, character in enumerate(characters):
            expected = by_iconv(name, bytes([byte]))
            assert (None if character == "\udcff" else character) == expected, (name, byte)


@pytest.mark.parametrize("name", ["uhc", "gb2312"])
def test_every_pair_is_what_iconv_says(name: str) -> None:
    for first in range(0x80, 0x100):
        for second in range(0x20, 0x100):
            data = bytes([first, second])
            assert ours(name, data) == by_iconv(name, data), data


@pytest.mark.parametrize(
    "name",
    [
        "shift_jis",
        "euc-jp",
        "euc-kr",
        "big5",
        "gb18030",
        "windows-1255",
        "windows-1258",
        "utf-7",
        "no",
    ],
)
def test_what_is_read_otherwise_by_iconv_is_refused(name: str) -> None:
    with pytest.raises(EncodingError, match=f"{name}.* of orders.csv"):
        known_encoding(name, "orders.csv")


def test_undecodable_text_as_the_reader_of_src_ingest_has_it(tmp_path: Path) -> None:
    rng = random.Random(5)
    pages = ["utf-16le", "utf-16be", "windows-1252", "windows-1250", "koi8-r", "uhc", "gb2312"]
    files = []
    for n in range(2000):
        encoding = rng.choice(pages)
        odd = bytes(rng.choices(range(256), k=rng.randint(0, 6)))
        lines = [rng.choice([b"a,b\n", b"1,\xe9\n", odd + b",2\r\n", odd]) for _ in range(6)]
        content = b"".join(lines)
        if encoding.startswith("utf-16"):
            wide = "a,b\n1,🐴é\n".encode(encoding)
            content = wide + odd + rng.choice([wide, b"\xd8\x3d", b"\x3d\xd8", b"x"])
        (tmp_path / str(n)).write_bytes(content)
        files.append({"path": str(n), "encoding": encoding, "header": False, "columns": 2})
    assert differences(tmp_path, files)[:3] == []


# ---- gzip ----


def unpacked(content: bytes) -> str:
    return "".join(text_of(content, "utf-8", True, "x.gz"))


def test_members_and_padding() -> None:
    text = "é" * 3_000_000
    members = gzip.compress(text.encode()) + gzip.compress(b"") + gzip.compress(b"b")
    assert unpacked(members) == text + "b"
    assert unpacked(members + b"\0" * 1000) == text + "b"
    assert unpacked(b"") == ""


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (gzip.compress(b"a,b\n" * 9, mtime=0)[:-1], "its gzip data ends too early"),
        (gzip.compress(b"a,b\n" * 9, mtime=0)[:4], "its gzip data ends too early"),
        (gzip.compress(b"a,b\n" * 9, mtime=0) + b"xx", "its gzip data is damaged"),
        (gzip.compress(b"a,b\n" * 9, mtime=0) + b"\0\0x", "something stands behind the gzip data"),
        (b"a,b\n", "its gzip data is damaged"),
        (gzip.compress(b"a,b\n" * 9, mtime=0)[:-8] + b"\0" * 8, "its gzip data is damaged"),
        (
            gzip.compress(b"\0" * (300 << 20), mtime=0),
            "it would take more than 268435456 bytes and 200 times",
        ),
    ],
)
def test_what_cannot_be_unpacked(content: bytes, why: str) -> None:
    with pytest.raises(PackedError, match=f"^x.gz cannot be unpacked: {why}"):
        unpacked(content)
