"""A process that makes rows of chunks, started and spoken to by `ingest.workers` over its standard streams.

It decodes, splits, normalises and pseudonymises while the loader reads on and PostgreSQL takes the rows before. It writes to
nothing but its parent, and ends when the parent does. What it was given (a key, personal data) never reaches a log.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ingest.errors import DeliveryRefused
from ingest.readers.delimited_text import Layout, left_lines, parse, parse_lines, unfolded
from ingest.readers.records import Chunk
from ingest.rows import CopyRows, RowMaker
from ingest.spec import SourceSpec

if TYPE_CHECKING:
    from ingest.kernel import PlainRows


@dataclass(frozen=True)
class Job:
    """What a worker needs to know of a delivery."""

    spec: SourceSpec
    layout: Layout
    key: bytes
    delivery_id: int
    totals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Chunks that follow each other, and the rows of the file before them."""

    chunks: tuple[Chunk, ...]
    rows_before: int


@dataclass(frozen=True)
class Refusal:
    """What a parcel is refused for."""

    rule: str
    place: str
    detail: str


@dataclass(frozen=True)
class Broken:
    """An error of ours; only its type leaves the worker."""

    error: str


Answer = CopyRows | Refusal | Broken


def rows_of(parcel: Parcel, layout: Layout, maker: RowMaker, plain: PlainRows | None = None) -> CopyRows:
    """The rows of a parcel, through `plain` those that need no thought. Raises DeliveryRefused."""
    made: list[CopyRows] = []
    left: list[tuple[str, int, int]] = []  # line, its place, the row's number
    before = parcel.rows_before
    for chunk in parcel.chunks:
        first, before = before + 1, before + chunk.records
        data = unfolded(chunk)
        quick = plain.rows(data, chunk.records, maker.row_id(first)) if plain is not None else None
        lines = None if quick is None else left_lines(layout, chunk, quick.left)
        if quick is None or lines is None:
            made.append(maker.rows(parse(layout, chunk), range(first, before + 1)))
            continue
        made.append(CopyRows(quick.rows, b""))
        maker.add(quick.totals)
        left += [(text, place, first + index) for text, place, (index, _, _) in zip(*lines, quick.left, strict=True)]
    if left:  # all at once: two or three rows cost nearly as much as a hundred
        texts, places, numbers = zip(*left, strict=True)
        made.append(maker.rows(parse_lines(layout, texts, places, odd=True), numbers))
    return CopyRows(b"".join(rows.sound for rows in made), b"".join(rows.faulty for rows in made))


def plain_rows(job: Job) -> PlainRows | None:
    """The compiled way; None where it cannot be had (the other one gives the same rows, only slower)."""
    if job.spec.encoding not in ("utf-8", "gb18030"):
        return None
    try:
        from ingest.kernel import PlainRows
    except Exception:  # numba has many reasons: no processor that it knows, no folder for what it compiled
        return None
    return PlainRows(job.spec, job.layout.positions, job.layout.width, job.key, job.totals)


def main() -> None:
    """Answer parcels until None comes, then give the totals."""
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints does not disturb the answers
    gc.disable()  # nothing here makes cycles, and looking for them costs a fifth of the time
    job: Job = pickle.load(incoming)
    maker, plain = RowMaker(job.spec, job.key, job.delivery_id, job.totals), plain_rows(job)
    while (parcel := pickle.load(incoming)) is not None:
        answer: Answer
        try:
            answer = rows_of(parcel, job.layout, maker, plain)
        except DeliveryRefused as refusal:
            answer = Refusal(refusal.rule, refusal.place, refusal.detail)
        except Exception as error:
            answer = Broken(type(error).__name__)
        _send(outgoing, answer)
    totals: dict[str, Decimal] = maker.totals
    _send(outgoing, totals)


def _send(outgoing: object, answer: object) -> None:
    pickle.dump(answer, outgoing, pickle.HIGHEST_PROTOCOL)  # type: ignore[arg-type]
    outgoing.flush()  # type: ignore[attr-defined]


def run() -> None:
    """The process."""
    try:
        main()
    except (EOFError, BrokenPipeError):  # the loader is gone
        os._exit(1)
