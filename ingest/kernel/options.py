"""What the compiled functions are told about a column."""

from __future__ import annotations

# What is done to a column; the options say what its cells must not hold, and what else they are.
TEXT, DATE, PERSON, RESIDENT, TAXPAYER, BUSINESS = range(6)
ASCII, NO_15_DIGITS, NO_17_DIGITS, MASKED, HOUSEHOLD, SUMMED, NO_PLUS = 1, 2, 4, 8, 16, 32, 64
LONGEST_LINE = 4000  # bytes: no cell of it is longer than a cell may be
DECIMALS = 4

# What became of a line: made, left to `ingest.transform`, or such that the whole chunk is.
PLAIN, LEFT, UNTOLD = range(3)
