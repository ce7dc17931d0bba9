"""Where the records of a delimited text end: a stream of bytes is cut into chunks of whole records, without reading their cells.

The cutting is cheap (line feeds are counted, only lines with a quote are looked at), so that one thread can feed several that
decode and split. Line feeds and quotes are never part of a character in the encodings that specs allow (UTF-8, GB18030, 936).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from ingest.errors import DeliveryRefused

_LINE_FEED = 10
CHUNK = 1 << 15  # some hundred rows: what is made of them stays in the processor's cache
# A field of 4,001 characters costs its row; two megabytes are an unclosed quote that swallows the file.
LONGEST_RECORD = 1 << 21


class Stream(Protocol):
    """What can be read in order."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole records: their bytes, the bytes and lines of the file before them, how many they are, and where among the bytes those
    of several lines begin and end."""

    data: bytes
    offset: int
    lines_before: int
    records: int
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of a block is whole records: bytes, records, lines; and the bytes of the records of several lines."""

    length: int
    records: int
    lines: int
    spans: tuple[tuple[int, int], ...] = ()


class Records:
    """The chunks of a stream; `rest` is what followed the last whole record when the stream ended."""

    def __init__(self, stream: Stream, cut: Callable[[bytes, bool], Cut], chunk: int = CHUNK) -> None:
        self._stream, self._cut, self._chunk = stream, cut, chunk
        self.rest, self.offset, self.lines = b"", 0, 0
        self._ended = False

    def fill(self) -> bool:
        """Read on; False at the end. Raises DeliveryRefused when a record grows beyond what any row can be."""
        if len(self.rest) > LONGEST_RECORD:
            raise DeliveryRefused("file.structure", f"line {self.lines + 1}", "a row is longer than any row can be")
        # As much again as is held: a long record is then looked at a few times, not once a chunk
        data = self._stream.read(max(self._chunk, len(self.rest)))
        self._ended = not data
        self.rest += data
        return bool(data)

    def skip(self, length: int, lines: int = 0) -> bytes:
        """Take bytes from the front: a byte order mark, a header."""
        taken, self.rest = self.rest[:length], self.rest[length:]
        self.offset += len(taken)
        self.lines += lines
        return taken

    def __iter__(self) -> Iterator[Chunk]:
        more = True
        while more:
            more = self.fill()
            cut = self._cut(self.rest, not more)
            if cut.length:
                chunk = Chunk(self.rest[: cut.length], self.offset, self.lines, cut.records, cut.spans)
                self.skip(cut.length, cut.lines)
                yield chunk


def cut_lines(block: bytes, ended: bool) -> Cut:
    """A record a line; blank lines are none. The last line that is not blank is held back: it may be the trailer."""
    whole = (block if ended else block[: block.rfind(b"\n") + 1]).rstrip()
    length = whole.rfind(b"\n") + 1
    lines = block[:length].split(b"\n")[:-1]
    return Cut(length, sum(1 for line in lines if line.strip()), len(lines))


@dataclass(frozen=True)
class CsvCut:
    """Cuts CSV: a quoted cell may hold line breaks; empty lines are no records."""

    encoding: str
    delimiter: str

    @cached_property
    def _tidy(self) -> re.Pattern[bytes]:
        """Lines of which each is a record: every quote is closed in its line, at the ends of a cell or doubled within it.

        Only single characters are repeated possessively: before Python 3.11.5 a repeated group of that kind matches wrongly.
        """
        delimiter = re.escape(self.delimiter.encode())
        cell = rb'(?:"[^"\n]*+(?:""[^"\n]*+)*"|[^"\r\n' + delimiter + rb"]*+)"
        return re.compile(rb"(?:" + cell + rb"(?:" + delimiter + cell + rb")*\r?\n)+")

    def __call__(self, block: bytes, ended: bool) -> Cut:
        """The whole records at the front of a block; `ended`: nothing follows it."""
        limit = len(block) if ended else block.rfind(b"\n") + 1
        position = records = lines = 0
        spans: list[tuple[int, int]] = []
        quote = block.find(b'"', 0, limit)
        while quote >= 0:
            start = block.rfind(b"\n", 0, quote) + 1
            more = _counted(block[position:start])
            records, lines = records + more[0], lines + more[1]
            tidy = self._tidy.match(block, start, limit)
            if tidy is not None:
                more = _counted(tidy[0])
                records, lines, position = records + more[0], lines + more[1], tidy.end()
                quote = block.find(b'"', position, limit)
                continue
            found = self.first_record(block[start:limit], ended)
            if found is None:
                return Cut(start, records, lines, tuple(spans))
            _, taken = found
            if taken.lines > 1:
                spans.append((start, start + taken.length))
            records, lines, position = records + 1, lines + taken.lines, start + taken.length
            quote = block.find(b'"', position, limit)
        more = _counted(block[position:limit])
        return Cut(limit, records + more[0], lines + more[1], tuple(spans))

    def first_record(self, block: bytes, ended: bool) -> tuple[list[str] | None, Cut] | None:
        """The first record of a block that ends with a line, and its length; None when it does not end in the block. The cells
        are None when they cannot be read as CSV."""
        position = lines = 0

        def decoded() -> Iterator[str]:
            nonlocal position, lines
            while position < len(block):
                start, position = position, block.find(b"\n", position) + 1 or len(block)
                lines += 1
                # What cannot be decoded is refused by who reads the cells; a replacement moves no quote or line feed
                yield block[start:position].decode(self.encoding, "replace")
            yield "\n"  # read only when the record goes on behind the block

        reader = csv.reader(decoded(), delimiter=self.delimiter)
        cells: list[str] | None
        try:
            cells = next(reader)
        except csv.Error:
            cells = None  # whoever reads the cells stumbles over it too, and says where
        if reader.line_num > lines and not ended:
            return None
        return cells, Cut(position, 1, lines)


def _counted(block: bytes) -> tuple[int, int]:
    """Records and lines of a block without a quote; an empty line is no record."""
    plain = block.replace(b"\r\n", b"\n") if b"\r" in block else block
    if b"\r" in plain:
        lines = block.removesuffix(b"\n").split(b"\n")
        return sum(1 for line in lines if line.strip(b"\r")), len(lines)
    ends = np.flatnonzero(np.frombuffer(plain, dtype=np.uint8) == _LINE_FEED)
    counted = len(ends) + (not plain.endswith(b"\n") and plain != b"")
    empty = int(np.count_nonzero(ends[1:] - ends[:-1] == 1)) + plain.startswith(b"\n")
    return counted - empty, counted
