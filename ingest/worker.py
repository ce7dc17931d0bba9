"""A process that makes rows of chunks: `python -m ingest.worker`, spoken to by `ingest.workers` over its standard streams.

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

from ingest.errors import DeliveryRefused
from ingest.readers.delimited_text import Layout, parse
from ingest.readers.records import Chunk
from ingest.rows import CopyRows, RowMaker
from ingest.spec import SourceSpec


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


def rows_of(parcel: Parcel, layout: Layout, maker: RowMaker) -> CopyRows:
    """The rows of a parcel. Raises DeliveryRefused."""
    sound, faulty = [], []
    before = parcel.rows_before
    for chunk in parcel.chunks:
        rows = maker.rows(parse(layout, chunk), before)
        sound.append(rows.sound)
        faulty.append(rows.faulty)
        before += chunk.records
    return CopyRows(b"".join(sound), b"".join(faulty))


def main() -> None:
    """Answer parcels until None comes, then give the totals."""
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints does not disturb the answers
    gc.disable()  # nothing here makes cycles, and looking for them costs a fifth of the time
    job: Job = pickle.load(incoming)
    maker = RowMaker(job.spec, job.key, job.delivery_id, job.totals)
    while (parcel := pickle.load(incoming)) is not None:
        answer: Answer
        try:
            answer = rows_of(parcel, job.layout, maker)
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


if __name__ == "__main__":
    try:
        main()
    except (EOFError, BrokenPipeError):  # the loader is gone
        os._exit(1)
