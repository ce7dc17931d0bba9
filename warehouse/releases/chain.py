"""The chain of a release: each figure's hash is over the hash before it and the figure's own line, so the last stands for all.

The first follows the hash over the release's seals (seal.py), or 64 zeros in a release of before there were seals.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from warehouse.figure import CELL, COLUMNS

_NUMBERS = {"value", "numerator", "denominator", "standard_error", "ci_low", "ci_high"}
START = "0" * 64


@dataclass(frozen=True)
class Link:
    """A figure's line of COPY's text format and its hash (hex)."""

    line: bytes
    hash: str


def columns(alias: str) -> str:
    """The hashed columns as SQL; a number in its shortest text, so that it is one line however it was made."""
    return ", ".join(f"trim_scale({alias}.{name})" if name in _NUMBERS else f"{alias}.{name}" for name in COLUMNS)


def order(alias: str) -> str:
    """The order of the chain as SQL."""
    return ", ".join(f'{alias}.{name} collate "C"' for name in CELL)


def lines(connection: psycopg.Connection[Any], statement: str) -> Iterator[bytes]:
    """Rows of a statement as lines of COPY's text format, without their line ends."""
    with connection.cursor().copy(f"copy ({statement}) to stdout".encode()) as copy:
        for row in copy:
            yield bytes(row).removesuffix(b"\n")


def linked(figures: Iterable[bytes], start: str = START) -> Iterator[Link]:
    """The chain of figures' lines that begins behind `start`."""
    before = start
    for line in figures:
        before = link(before, line)
        yield Link(line, before)


def link(before: str, line: bytes) -> str:
    """The hash of a figure whose predecessor has hash `before`."""
    return hashlib.sha256(before.encode() + b"\n" + line).hexdigest()


def named(line: bytes) -> str:
    """Which figure a line is: `ENT_NEW v1 2010 520381 total=total`."""
    cells = dict(zip(COLUMNS, line.decode().split("\t"), strict=False))
    return (
        f"{cells['indicator']} {cells['method_version']} {cells['period']} {cells['geography']} "
        f"{cells['breakdown_type']}={cells['breakdown']}"
    )
