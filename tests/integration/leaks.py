"""Looking for persons where none may be: resident ids in every way of writing them, and names in every encoding in use."""

from __future__ import annotations

import re
from collections.abc import Iterable

from warehouse.synth import PLANTED_NAMES

LENGTHS = (15, 17, 18)
_LONG_NUMBER = re.compile(rb"\d{15,}[Xx]?")


def forms(ident: str) -> set[bytes]:
    """An id as it may be written: 18 characters, without the check character, as on a card of the first generation."""
    if len(ident) == 15:
        return {ident.encode(), f"{ident[:6]}19{ident[6:]}".encode()}
    return {ident.upper().encode(), ident[:17].encode(), f"{ident[:6]}{ident[8:17]}".encode()}


def leaks(content: bytes, ids: set[bytes], names: Iterable[str] = PLANTED_NAMES) -> set[bytes]:
    """Ids and names in any of the encodings that are in use."""
    written = [name.encode(encoding) for name in names for encoding in ("utf-8", "gb18030", "utf-16-le", "unicode_escape")]
    found = {name for name in written if name in content}
    for number in _LONG_NUMBER.findall(content):
        for length in LENGTHS:
            parts = (number[start : start + length].upper() for start in range(len(number) - length + 1))
            found.update(part for part in parts if part in ids)
    return found
