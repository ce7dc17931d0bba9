"""The loop over lines and fields."""

from __future__ import annotations

import numpy as np

from ingest.kernel.cells import amount, copied, date, ends_with, is_allowed, is_in, number
from ingest.kernel.compiling import compiled
from ingest.kernel.options import BUSINESS, DATE, HOUSEHOLD, LONGEST_LINE, MASKED, PERSON, RESIDENT, SUMMED, TAXPAYER
from ingest.kernel.personal import identity, is_usable, masked, surname


@compiled
def rows(data, delimiter, width, program, owner, kind, codes, fillers, surnames, endings, states, first_row_id, out, left, sums):
    starts = np.empty(width, dtype=np.int64)
    ends = np.empty(width, dtype=np.int64)
    amounts = np.zeros(len(program), dtype=np.int64)
    work = np.empty(64 + 8 + 8, dtype=np.uint32)
    o = count = line = position = 0
    while position < len(data) and line < len(left):
        end, plain = fields(data, position, delimiter, width, starts, ends)
        row_start = o
        if plain:
            o = number(first_row_id + line, out, o)
            household = kind >= 0 and is_in(codes, data, starts[kind], ends[kind])
            if household and not is_usable(data, starts[owner], ends[owner], fillers):
                plain = False
        if plain:
            for k in range(len(program)):
                start, stop, operation, options = starts[program[k, 0]], ends[program[k, 0]], program[k, 1], program[k, 2]
                out[o] = 9
                o += 1
                if operation == RESIDENT or operation == TAXPAYER:
                    o = identity(data, start, stop, operation == TAXPAYER, states, work, out, o)
                elif start < stop:
                    if not is_allowed(data, start, stop, options):
                        o = -1
                    elif operation == DATE:
                        o = date(data, start, stop, out, o)
                    elif operation == PERSON:
                        o = surname(data, start, stop, surnames, out, o)
                    elif operation == BUSINESS and not ends_with(endings, data, start, stop):
                        o = -1
                    elif options & MASKED:
                        alike = household and (options & HOUSEHOLD) != 0
                        o = masked(data, start, stop, starts[owner], ends[owner], alike, surnames, out, o)
                    else:
                        o = copied(data, start, stop, out, o)
                    if options & SUMMED:
                        amounts[k] = amount(data, start, stop)
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
            left[count] = line
            count += 1
        line += 1
        position = end + 1
    return o, count


@compiled
def fields(data, position, delimiter, width, starts, ends):
    """The line's end; and whether it has the right number of fields, none with blanks around it or a byte that needs thought."""
    plain, field, begin, i = True, 0, position, position
    while True:
        byte = data[i] if i < len(data) else np.uint8(10)
        if byte == delimiter or byte == 10:
            if field < width:
                starts[field], ends[field] = begin, i
            if i > begin and (data[begin] == 32 or data[i - 1] == 32):
                plain = False
            field += 1
            begin = i + 1
            if byte == 10:
                break
        elif byte < 32 or byte == 34 or byte == 92:  # control characters, quote, backslash
            plain = False
        elif byte == 0xC2 or byte == 0xE1 or byte >= 0xF0:  # further blanks among them; characters of four bytes
            plain = False
        elif byte == 0xE2 and i + 2 < len(data):  # blanks of all widths, line and paragraph separators
            second, third = data[i + 1], data[i + 2]
            if (second == 0x80 and (third <= 0x8A or (0xA8 <= third <= 0xAF))) or second == 0x81:
                plain = False
        elif byte == 0xE3 and i + 2 < len(data) and data[i + 1] == 0x80 and data[i + 2] == 0x80:  # the ideographic blank
            plain = False
        i += 1
    return i, plain and field == width and i - position <= LONGEST_LINE
