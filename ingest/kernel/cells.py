"""Cells that are no personal data, byte by byte. Every function writes from place `o` on and gives the place behind."""

from __future__ import annotations

import numpy as np
from numba import types

from ingest.kernel.compiling import compiled
from ingest.kernel.options import DECIMALS, NO_15_DIGITS, NO_17_DIGITS, NO_PLUS


@compiled
def is_allowed(data, start, stop, options):
    if options & NO_PLUS:
        for i in range(start, stop):
            if data[i] == 43:
                return False
    if options & (NO_15_DIGITS | NO_17_DIGITS):
        longest = 15 if options & NO_15_DIGITS else 17
        # so many digits on end cannot pass by every 15th (17th) character
        for i in range(start + longest - 1, stop, longest):
            if 48 <= data[i] <= 57:
                # as many digits on end as an id has, its check character perhaps an X behind them; more are no id
                run = digits_around(data, i, start, stop)
                if run == 17 or run == 18 or (run == 15 and longest == 15):
                    return False
    return True


@compiled
def digits_around(data, place, start, stop):
    first, behind = place, place
    while first > start and 48 <= data[first - 1] <= 57:
        first -= 1
    while behind < stop and 48 <= data[behind] <= 57:
        behind += 1
    return behind - first


_copy = types.ExternalFunction("memcpy", types.voidptr(types.voidptr, types.voidptr, types.uintp))


@compiled
def copied(data, start, stop, out, o):
    # A loop is made ready for vectors, which cells are too short for
    _copy(out[o:].ctypes, data[start:].ctypes, stop - start)
    return o + stop - start


@compiled
def number(number, out, o):
    digits, rest = 1, number // 10
    while rest > 0:
        digits += 1
        rest //= 10
    for i in range(o + digits - 1, o - 1, -1):
        out[i] = 48 + number % 10
        number //= 10
    return o + digits


@compiled
def digits(data, start, stop):
    """The number, -1 when there is another character."""
    value = 0
    for i in range(start, stop):
        if not 48 <= data[i] <= 57:
            return -1
        value = value * 10 + np.int64(data[i] - 48)
    return value


@compiled
def is_day(year, month, day):
    if year < 1 or month < 1 or month > 12 or day < 1:
        return False
    days = 31
    if month == 4 or month == 6 or month == 9 or month == 11:
        days = 30
    elif month == 2:
        days = 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return day <= days


@compiled
def date(data, start, stop, out, o):
    if stop - start == 8:
        year, month, day = digits(data, start, start + 4), digits(data, start + 4, start + 6), digits(data, start + 6, stop)
        if is_day(year, month, day):
            o = copied(data, start, start + 4, out, o)
            out[o] = 45
            o = copied(data, start + 4, start + 6, out, o + 1)
            out[o] = 45
            return copied(data, start + 6, stop, out, o + 1)
    return copied(data, start, stop, out, o)


@compiled
def amount(data, start, stop):
    """In ten-thousandths; -1 for what is no plain amount of twelve digits and four decimals at most."""
    value, decimals, digits = 0, -1, 0
    for i in range(start, stop):
        byte = data[i]
        if byte == 46 and decimals < 0 and i > start and i < stop - 1:
            decimals = 0
        elif 48 <= byte <= 57 and decimals < DECIMALS and digits < 12:
            value = value * 10 + np.int64(byte - 48)
            digits += 1
            if decimals >= 0:
                decimals += 1
        else:
            return -1
    for _ in range(DECIMALS - max(decimals, 0)):
        value *= 10
    return value


@compiled
def is_in(table, data, start, stop):
    for row in range(len(table)):
        if table[row, 0] == stop - start:
            same = True
            for i in range(stop - start):
                if table[row, i + 1] != data[start + i]:
                    same = False
                    break
            if same:
                return True
    return False


@compiled
def ends_with(table, data, start, stop):
    for row in range(len(table)):
        length = np.int64(table[row, 0])
        if length <= stop - start and is_in(table[row : row + 1], data, stop - length, stop):
            return True
    return False
