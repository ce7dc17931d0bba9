"""The loop over lines and fields."""

from __future__ import annotations

import numpy as np

from ingest.kernel.cells import amount, copied, date, ends_with, is_allowed, is_in, number
from ingest.kernel.compiling import compiled
from ingest.kernel.lines import ROOM, line
from ingest.kernel.options import (
    ASCII,
    BUSINESS,
    DATE,
    HOUSEHOLD,
    MASKED,
    PERSON,
    PLAIN,
    RESIDENT,
    SUMMED,
    TAXPAYER,
    UNTOLD,
)
from ingest.kernel.personal import identity, is_usable, masked, surname


@compiled
def rows(
    data, delimiter, kinds, pairs, width, program, owner, kind, codes, fillers, surnames, endings, states, first_row_id, out,
    left, sums,
):  # fmt: skip
    """Make the rows of all lines: bytes written to `out`, lines left (index, first byte, byte behind), lines seen; -1 for a chunk
    that cannot be told here."""
    starts = np.empty(width, dtype=np.int64)
    ends = np.empty(width, dtype=np.int64)
    high = np.empty(width, dtype=np.bool_)
    amounts = np.zeros(len(program), dtype=np.int64)
    work = np.zeros(96, dtype=np.uint32)
    text = np.empty(ROOM, dtype=np.uint8)
    o = count = lines = position = 0
    while position < len(data):
        if lines == len(left):
            return 0, 0, -1
        end, behind, told = line(data, position, delimiter, kinds, pairs, text, starts, ends, high)
        if told == UNTOLD:
            return 0, 0, -1
        plain, row_start = told == PLAIN, o
        if plain:
            o = number(first_row_id + lines, out, o)
            household = kind >= 0 and is_in(codes, text, starts[kind], ends[kind])
            if household and not is_usable(text, starts[owner], ends[owner], fillers):
                plain = False
        if plain:
            for k in range(len(program)):
                field, operation, options = program[k, 0], program[k, 1], program[k, 2]
                start, stop = starts[field], ends[field]
                out[o] = 9
                o += 1
                if operation == RESIDENT or operation == TAXPAYER:
                    o = identity(text, start, stop, operation == TAXPAYER, states, work, out, o)
                elif start < stop:
                    if (options & ASCII and high[field]) or not is_allowed(text, start, stop, options):
                        o = -1
                    elif operation == DATE:
                        o = date(text, start, stop, out, o)
                    elif operation == PERSON:
                        o = surname(text, start, stop, surnames, out, o)
                    elif operation == BUSINESS and not ends_with(endings, text, start, stop):
                        o = -1
                    elif options & MASKED:
                        alike = household and (options & HOUSEHOLD) != 0
                        o = masked(text, start, stop, starts[owner], ends[owner], alike, surnames, out, o)
                    else:
                        o = copied(text, start, stop, out, o)
                    if options & SUMMED:
                        amounts[k] = amount(text, start, stop)
                else:
                    amounts[k] = 0
                if o < 0 or amounts[k] < 0:
                    plain = False
                    break
        if plain:
            out[o] = 10
            o += 1
            for k in range(len(program)):
                sums[k] += amounts[k]
        else:
            o = row_start
            left[count, 0], left[count, 1], left[count, 2] = lines, position, end
            count += 1
        lines += 1
        position = behind
    return o, count, lines
