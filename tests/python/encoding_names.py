"""The names of encodings: those that this machine's iconv knows, and which of them python/bldr_ingest reads."""

import subprocess

from bldr_ingest.errors import EncodingError
from bldr_ingest.text import known_encoding


def names_of_iconv() -> set[str]:
    """In the spelling of the `sources` artefact: lower case."""
    listed = subprocess.run(["iconv", "-l"], capture_output=True, text=True, check=True).stdout
    return set(listed.replace(",", " ").replace("//", " ").lower().split())


def is_known(encoding: str) -> bool:
    """Whether the library reads it."""
    try:
        known_encoding(encoding, "t")
    except EncodingError:
        return False
    return True
