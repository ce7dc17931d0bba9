"""A line of the file: decoded into UTF-8 and split into fields in one look at each byte."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ingest.kernel.compiling import compiled
from ingest.kernel.options import LEFT, LONGEST_LINE, PLAIN, UNTOLD

# What a byte is: one to copy, the first of a pair in GB18030, the first of a character of UTF-8 that may be a blank, or none that
# begins a character. All others are looked at: the ends of fields and lines, and what needs thought.
COPY, PAIR, PERHAPS_BLANK, NEVER, LOOK = range(5)
_THINK = 1 << 31
ROOM = 2 * LONGEST_LINE  # bytes that a line may grow to


def byte_kinds(encoding: str, delimiter: str) -> NDArray[np.uint8]:
    """The kind of each byte at the beginning of a character."""
    kinds = np.zeros(256, dtype=np.uint8)
    kinds[:32] = kinds[34] = kinds[92] = kinds[ord(delimiter)] = LOOK  # control characters, quote, backslash
    if encoding == "gb18030":
        kinds[0x81:0xFF] = PAIR
        kinds[0x80] = kinds[0xFF] = NEVER
    else:
        kinds[[0xC2, 0xE1, 0xE2, 0xE3]] = PERHAPS_BLANK
        kinds[0xF0:] = LOOK  # characters of four bytes
    return kinds


def pairs_of_gb18030() -> NDArray[np.uint32]:
    """126 × 256: the UTF-8 of each pair as Python decodes it, first byte lowest; bit 31 for what needs thought; 0 for no pair."""
    table = np.zeros((126, 256), dtype=np.uint32)
    for first in range(0x81, 0xFF):
        for second in range(0x40, 0xFF):
            character = bytes((first, second)).decode("gb18030", "ignore")
            if len(character) == 1:  # of what is no pair the second byte may be left, or nothing
                encoded = character.encode()
                if len(encoded) > 1:
                    think = character.isspace() or encoded[0] in (0xC2, 0xE1) or not character.isprintable()
                    table[first - 0x81, second] = int.from_bytes(encoded, "little") | (_THINK if think else 0)
    return table


@compiled
def line(data, position, delimiter, kinds, pairs, text, starts, ends, high):
    """Read the line at `position`: its fields stand in `text`, from `starts` to `ends`; `high`: whether one has more than ASCII.

    Gives where its last byte's successor is (the line feed, or the return before it), where the next line begins, and whether it
    is plain, left to others, or one that cannot be told here at all: then nor can the chunk.
    """
    i, o, begin, field, above = position, 0, 0, 0, np.uint8(0)
    stop = min(len(data), position + LONGEST_LINE)
    while i < stop:
        byte = data[i]
        kind = kinds[byte]
        if kind == COPY:
            text[o] = byte
            above |= byte
            o += 1
            i += 1
        elif kind == PAIR:
            pair = pairs[byte - 0x81, data[i + 1]] if i + 1 < len(data) else np.uint32(0)
            if pair == 0:
                if not is_four(data, i):
                    return i, i, UNTOLD
                break
            if pair & np.uint32(0x80000000):
                break
            text[o] = pair & np.uint32(255)
            text[o + 1] = (pair >> np.uint32(8)) & np.uint32(255)
            text[o + 2] = pair >> np.uint32(16)
            o += 3 if pair > np.uint32(0xFFFF) else 2
            above = np.uint8(128)
            i += 2
        elif byte == delimiter or byte == 10 or (byte == 13 and i + 1 < len(data) and data[i + 1] == 10):
            if o > begin and (text[begin] == 32 or text[o - 1] == 32):
                break
            if field == len(starts):
                break
            starts[field], ends[field], high[field] = begin, o, above >= 128
            field += 1
            if byte != delimiter:
                return i, i + (1 if byte == 10 else 2), PLAIN if field == len(starts) else LEFT
            begin, above = o, np.uint8(0)
            i += 1
        elif kind == PERHAPS_BLANK and not is_blank(data, i):
            text[o] = byte
            above = np.uint8(128)
            o += 1
            i += 1
        elif kind == NEVER:
            return i, i, UNTOLD
        else:
            break
    while i < len(data) and data[i] != 10:
        if data[i] == 13 and not (i + 1 < len(data) and data[i + 1] == 10):  # CSV minds a return alone
            return i, i, UNTOLD
        i += 1
    return (i - 1 if i > position and data[i - 1] == 13 else i), i + 1, LEFT


@compiled
def is_four(data, i):
    """Whether this is shaped like a character of four bytes of GB18030; who decodes it knows whether it is one."""
    return (
        i + 3 < len(data)
        and 0x30 <= data[i + 1] <= 0x39
        and 0x81 <= data[i + 2] <= 0xFE
        and 0x30 <= data[i + 3] <= 0x39
    )  # fmt: skip


@compiled
def is_blank(data, i):
    """Whether a character of UTF-8 may be a blank or a separator of lines; a wrong yes costs time only."""
    if data[i] == 0xC2 or data[i] == 0xE1 or i + 2 >= len(data):
        return True
    second, third = data[i + 1], data[i + 2]
    if data[i] == 0xE2:
        return (second == 0x80 and (third <= 0x8A or 0xA8 <= third <= 0xAF)) or second == 0x81
    return second == 0x80 and third == 0x80  # the ideographic blank
