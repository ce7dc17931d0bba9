"""Names and ids, byte by byte. Every function that writes does so from place `o` on and gives the place behind, -1 when the row
needs thought."""

from __future__ import annotations

import numpy as np

from ingest.kernel.cells import copied, digits, is_day, is_in
from ingest.kernel.compiling import compiled
from ingest.kernel.sha256 import hmac_of_18


@compiled
def is_han(data, start, stop):
    """Whether all is U+3400 to U+9FFF, three bytes each."""
    if (stop - start) % 3:
        return False
    for i in range(start, stop, 3):
        if data[i] < 0xE3 or data[i] > 0xE9 or (data[i] == 0xE3 and data[i + 1] < 0x90):
            return False
    return True


@compiled
def is_usable(data, start, stop, fillers):
    return stop - start >= 6 and is_han(data, start, stop) and not is_in(fillers, data, start, stop)


@compiled
def is_two_character_surname(data, start, surnames):
    packed = np.int64(0)
    for i in range(start, start + 6):
        packed = packed * 256 + np.int64(data[i])
    low, high = 0, len(surnames)
    while low < high:
        middle = (low + high) // 2
        if surnames[middle] < packed:
            low = middle + 1
        else:
            high = middle
    return low < len(surnames) and surnames[low] == packed


@compiled
def surname(data, start, stop, surnames, out, o):
    if not is_han(data, start, stop):
        return -1
    length = 6 if stop - start > 6 and is_two_character_surname(data, start, surnames) else 3
    o = copied(data, start, start + length, out, o)
    out[o] = out[o + 1] = 42
    return o + 2


@compiled
def is_at(data, place, start, stop):
    for i in range(stop - start):
        if data[place + i] != data[start + i]:
            return False
    return True


@compiled
def masked(data, start, stop, name_start, name_stop, household, surnames, out, o):
    """A cell with the owner's name masked wherever it stands."""
    length = name_stop - name_start
    if length < 6:  # a name of one character stands anywhere; a household's is not plain
        return copied(data, start, stop, out, o) if length == 0 or length == 3 else -1
    if not is_han(data, name_start, name_stop):
        return -1
    i, found = start, False
    first, third = data[name_start], data[name_start + 2]
    while i < stop:
        if data[i] == first and i + length <= stop and data[i + 2] == third and is_at(data, i, name_start, name_stop):
            o = surname(data, name_start, name_stop, surnames, out, o)
            i += length
            found = True
        else:
            out[o] = data[i]
            o += 1
            i += 1
    if household and not found:
        characters = 0
        for at in range(name_start, name_stop, 3):
            for i in range(start, stop - 2):
                if data[i + 2] == data[at + 2] and data[i + 1] == data[at + 1] and data[i] == data[at]:
                    characters += 1
                    break
        if characters >= 2:  # the name with an error in it, perhaps
            return -1
    return o


@compiled
def identity(data, start, stop, taxpayer, states, work, out, o):
    """Raw's five columns of an id or a taxpayer number."""
    length = stop - start
    for i in range(start, stop):
        if data[i] >= 128 or data[i] == 43:
            return -1
    known = start
    if taxpayer and length > 0 and (data[start] == 76 or data[start] == 108):  # L and an id
        known, length = start + 1, length - 1
        if length != 18:
            return -1
    elif taxpayer and length == 20:
        length = 18
        if not is_right(data, known):
            return -1
    if length == 18 and is_right(data, known):
        return pseudonym(data, known, states, work, out, o)
    if known > start:
        return -1
    if length == 0 or (taxpayer and (length == 15 or (length == 18 and digits(data, start, start + 17) < 0))):
        o = copied(data, start, stop, out, o)
        for i in range(4):
            out[o + i] = 9
        return o + 4
    return -1


@compiled
def is_right(data, start):
    total, weight = 0, 1
    for i in range(start + 16, start - 1, -1):
        weight = weight * 2 % 11
        if not 48 <= data[i] <= 57:
            return False
        total += weight * np.int64(data[i] - 48)
    check = (12 - total % 11) % 11
    if data[start + 17] != (88 if check == 10 else 48 + check):
        return False
    return is_day(digits(data, start + 6, start + 10), digits(data, start + 10, start + 12), digits(data, start + 12, start + 14))


@compiled
def pseudonym(data, start, states, work, out, o):
    o = hmac_of_18(data, start, states, work, out, o)
    out[o], out[o + 1], out[o + 2], out[o + 3] = 9, 111, 107, 9  # ok
    o = copied(data, start + 6, start + 10, out, o + 4)
    out[o], out[o + 1], out[o + 2] = 9, 49 if data[start + 16] % 2 else 50, 9
    return copied(data, start, start + 6, out, o + 3)
