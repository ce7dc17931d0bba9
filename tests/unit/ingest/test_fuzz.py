"""Damaged files of every format: a reader refuses them or gives rows that can be told; nothing else ever comes of it."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import DeliveryRefused
from ingest.readers import Findings, Naming, read
from ingest.readers.delimited_text import open_text
from ingest.readers.packed import unpacked
from ingest.readers.records import Stream
from ingest.rows import RowMaker
from ingest.spec import all_specs
from ingest.worker import Job, Parcel, plain_rows, rows_of
from tests.extracts import DAY, REGION, cells, fixture_rows, write_data

SPECS = all_specs()
KEY = bytes(32)
SUMMED = {name: frozenset(column.name for column in spec.columns if column.is_number) for name, spec in SPECS.items()}
EVIL = [
    b"\0",
    b"\xff",
    b'"',
    b"\r",
    b"\n",
    b"\r\n",
    b"|",
    b",",
    b"\x1a",
    b"\x81\x30",
    b"&#0;",
    b"<c>",
    b"</row>",
    b"e+",
    b"\\",
    b"\t",
    b"*",
]


def good_file(source: str, folder: Path) -> bytes:
    path = folder / f"good.{SPECS[source].extension}"
    write_data(SPECS[source], cells(SPECS[source], fixture_rows(source, "good")), path)
    return path.read_bytes()


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, cut out, doubled, put in, or the file cut off."""
    data = bytearray(whole)
    for _ in range(chance.choice([1, 1, 2, 5, 30])):
        place = chance.randrange(len(data) + 1)
        what = chance.randrange(6)
        if what == 0 and data:
            data[place % len(data)] = chance.randrange(256)
        elif what == 1:
            data[place:place] = chance.choice(EVIL) * chance.choice([1, 1, 3])
        elif what == 2:
            del data[place : place + chance.choice([1, 2, 50])]
        elif what == 3:
            data[place:place] = data[place : place + chance.choice([1, 20, 200])]
        elif what == 4 and data:
            data[place % len(data)] ^= 1 << chance.randrange(8)
        elif chance.random() < 0.2:
            del data[place:]
    return bytes(data)


def in_parts(whole: bytes, chance: random.Random) -> bytes:
    """A workbook of which one part is damaged: the container stays whole."""
    with zipfile.ZipFile(io.BytesIO(whole)) as container:
        parts = {name: container.read(name) for name in container.namelist()}
    name = chance.choice([*parts, "xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as container:
        for part, content in parts.items():
            container.writestr(part, damaged(content, chance) if part == name else content)
    return made.getvalue()


def take(source: str, path: Path, compiled: bool = False) -> tuple[int, int] | None:
    """Rows read and lines for COPY, or None when the file is refused. `compiled`: the compiled way must give the same lines."""
    spec = SPECS[source]
    maker = RowMaker(spec, KEY, 1, SUMMED[source])
    rows, lines = 0, b""
    try:
        for batch in read(spec, path, Naming(REGION, DAY), Findings()):
            assert all(0 <= index < len(batch.rows) for index in batch.faults)
            made = maker.rows(batch, range(rows + 1, rows + len(batch.rows) + 1))
            lines += made.sound + made.faulty
            rows += len(batch.rows)
    except DeliveryRefused as refusal:
        assert refusal.rule.startswith(("file.", "manifest."))
        return None
    assert b"\0" not in lines and b"\r" not in lines
    assert all(isinstance(total, Decimal) for total in maker.totals.values())
    if compiled and spec.is_text:
        assert compiled_lines(source, path) == (sorted(lines.splitlines()), maker.totals)
    lines.decode()
    return rows, lines.count(b"\n")


def compiled_lines(source: str, path: Path) -> tuple[list[bytes], dict[str, Decimal]]:
    """What a worker makes of the file."""
    spec = SPECS[source]
    with path.open("rb") as file:
        layout, chunks = open_text(spec, file, Naming(REGION, DAY), Findings())
        job = Job(spec, layout, KEY, 1, SUMMED[source])
        maker = RowMaker(spec, KEY, 1, SUMMED[source])
        made = rows_of(Parcel(tuple(chunks), 0), layout, maker, plain_rows(job))
    return sorted((made.sound + made.faulty).splitlines()), maker.totals


def walk(folder: Path, source: str, seeds: range, compiled: bool = False) -> None:
    whole = good_file(source, folder)
    path = folder / "damaged"
    taken = 0
    for seed in seeds:
        chance = random.Random(f"{source} {seed}")
        change = in_parts if SPECS[source].format == "xlsx" and seed % 4 else damaged
        path.write_bytes(change(whole, chance))
        counted = take(source, path, compiled)
        assert counted is None or counted[0] == counted[1], f"{source} {seed}"
        taken += counted is not None
    assert 0 < taken < len(seeds), "some are refused, some are read"


@pytest.mark.parametrize("source", SPECS)
def test_a_damaged_file_is_refused_or_read(tmp_path: Path, source: str) -> None:
    walk(tmp_path, source, range(60))


@pytest.mark.long
@pytest.mark.parametrize("source", SPECS)
def test_many_damaged_files_are_refused_or_read(tmp_path: Path, source: str) -> None:
    walk(tmp_path, source, range(1000, 6000), compiled=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.sampled_from(list(SPECS)), st.binary(max_size=2000))
def test_any_bytes_are_refused_or_read(tmp_path: Path, source: str, data: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    counted = take(source, path)
    assert counted is None or counted[0] == counted[1]


def blocks(stream: Stream) -> Iterator[bytes]:
    while block := stream.read(99):
        yield block


@pytest.mark.parametrize("source", ["registrations", "tax_local", "loans"])
def test_a_damaged_zip_is_refused_or_read(tmp_path: Path, source: str) -> None:
    spec, whole = SPECS[source], good_file(source, tmp_path)
    for folder in ("incoming", "ab"):
        (tmp_path / folder).mkdir()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr(f"stem.{spec.extension}", whole)
    path = tmp_path / "ab" / "abc"
    for seed in range(150):
        path.write_bytes(damaged(packed.getvalue(), random.Random(f"{source} {seed}")))
        try:
            with unpacked(spec, path, "stem") as data:
                content = (
                    data.read_bytes() if isinstance(data, Path) else b"".join(iter(lambda stream=data: stream.read(99), b""))
                )
        except DeliveryRefused as refusal:
            assert refusal.rule.startswith("file.")
        else:
            assert content == whole
    assert list((tmp_path / "incoming").iterdir()) == []
