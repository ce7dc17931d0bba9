from __future__ import annotations

import hashlib
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import place_marks
from ingest.archive import path_of, store
from ingest.errors import DeliveryRefused, NotReady
from ingest.inbox import Inbox, scan
from ingest.manifest import read_manifest
from ingest.normalise import add_up, clean, clean_dates
from ingest.places import row_line, row_places
from ingest.pseudonym import Pseudonymiser
from ingest.readers import Batch
from ingest.rows import RowMaker, row_id
from ingest.spec import all_specs
from ingest.transform import LONGEST_TEXT, Transformer
from tests.extracts import DAY, REGION, cells, fixture_rows, resident_id, write_extract

SPECS = all_specs()
CELL = st.none() | st.text(max_size=30)


def transformer(source: str, *totals: str) -> Transformer:
    return Transformer(SPECS[source], Pseudonymiser(b"k" * 32), frozenset(totals))


def test_normalising_touches_blanks_digits_and_real_dates_only() -> None:
    assert clean(["\u3000 １２a ", " ", "", None], True) == ["12a", "", "", ""]
    assert clean([" １２号 "], False) == ["１２号"]
    dates = ["20100131", "2010-01-31", "20100230", "2010-1-31", "2010/01/31", "201001311"]
    assert clean_dates(dates) == ["2010-01-31", "2010-01-31", *dates[2:]]
    assert clean_dates([" ２０１００１３１", None]) == ["2010-01-31", ""]


@given(st.lists(st.decimals(-(10**20), 10**20, places=4), max_size=30))
def test_totals_are_exact(numbers: list[Decimal]) -> None:
    cells = ["", "x", "1e3", "NaN", *(format(n, "f") for n in numbers)]
    assert add_up(Decimal(0), cells) == sum((Decimal(int(n * 10000)) for n in numbers), Decimal(0)) / 10000


@given(st.lists(st.lists(CELL, min_size=16, max_size=16), min_size=1, max_size=8))
def test_any_row_comes_out_as_one_row_of_copy_text(rows: list[list[str | None]]) -> None:
    spec = SPECS["employment"]
    made = RowMaker(spec, b"k" * 32, 7, frozenset()).rows(Batch(list(rows), {}, [1] * len(rows)), range(1, len(rows) + 1))
    found: dict[str, int] = {}
    for lines, width in ((made.sound, len(spec.raw_columns) + 1), (made.faulty, len(spec.raw_columns) + 2)):
        *whole, last = lines.decode().split("\n")
        assert last == "" and "\0" not in lines.decode()
        found |= {line.split("\t")[0]: len(line.split("\t")) - width for line in whole}
    assert sorted(found) == sorted(str(row_id(7, number)) for number in range(1, len(rows) + 1))
    assert set(found.values()) == {0}


def test_faults_are_named_and_their_cells_left_out() -> None:
    spec = SPECS["registrations"]
    good = cells(spec, fixture_rows("registrations", "good")[:1])[0]
    place = {column.delivered: i for i, column in enumerate(spec.columns)}

    def with_cell(name: str, text: str) -> list[str]:
        return [text if i == place[name] else cell for i, cell in enumerate(good)]

    rows = [
        with_cell("DOM", "x" * LONGEST_TEXT),
        with_cell("DOM", "x" * (LONGEST_TEXT + 1)),
        with_cell("DOM", "a\0b"),
        with_cell("LEREPCERNO", "12345"),
        [None] * len(good),
    ]
    out = transformer("registrations").apply(Batch(list(rows), {4: ("row.field_count",)}, [1] * 5))
    assert out.faults == [(), ("row.too_long",), ("row.nul",), ("lerepcerno.id",), ("row.field_count",)]
    dom = out.columns[spec.raw_columns.index("dom")]
    assert [cell == "" for cell in dom] == [False, True, True, False, True]
    assert out.columns[spec.raw_columns.index("lerepcerno")][3] == ""


def test_a_swapped_id_in_the_name_column_is_masked_too() -> None:
    spec = SPECS["training"]
    row = cells(spec, fixture_rows("training", "good")[:1])[0]
    held = resident_id("52038119700101001")
    row[3] = held
    out = transformer("training").apply(Batch([row], {}, [1]))
    assert held not in repr(out)


def test_archive_is_named_by_content_and_read_only(tmp_path: Path) -> None:
    data = b"x" * 3_000_000
    first, second = store(tmp_path, io.BytesIO(data)), store(tmp_path, io.BytesIO(data))
    assert first == second
    assert first.path == path_of(tmp_path, hashlib.sha256(data).hexdigest())
    assert (first.path.read_bytes(), first.size, first.path.stat().st_mode & 0o777) == (data, len(data), 0o444)
    assert list((tmp_path / "incoming").iterdir()) == []


class Breaking(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError("the line went dead")


def test_a_broken_copy_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="dead"):
        store(tmp_path, Breaking())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("source", SPECS)
def test_a_row_number_leads_to_its_place_in_the_archived_file(tmp_path: Path, source: str) -> None:
    spec = SPECS[source]
    rows = fixture_rows(source, "good")
    file = write_extract(spec, rows, tmp_path)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as container:
        container.write(file, file.name)
    for data in (packed.getvalue(), file.read_bytes()):
        archived = store(tmp_path / "archive", io.BytesIO(data))
        found = row_line(tmp_path / "archive", spec, archived.sha256, 2, REGION, DAY)
        assert [cell or "" for cell in found.cells] == cells(spec, rows)[1] and found.unsplit is None
        assert found.place == {"registrations": 4, "loans": 4, "tax_local": 2}.get(source, 3)
    with pytest.raises(NotReady, match=f"no row {len(rows) + 1}"):
        row_places(tmp_path / "archive", spec, archived.sha256, [1, len(rows) + 1], REGION, DAY)
    with pytest.raises(NotReady, match="archive"):
        row_line(tmp_path / "archive", spec, "0" * 64, 1, REGION, DAY)


@pytest.mark.parametrize("source", ["registrations", "tax_national"])
def test_rows_of_a_long_text_are_found_from_marks(tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same places and cells with marks as without, when they are made and when they are kept; a row over two lines too."""
    monkeypatch.setattr(place_marks, "LONG", 0)
    monkeypatch.setattr(place_marks, "SPACING", 1)
    spec = SPECS[source]
    good = fixture_rows(source, "good")
    rows = [*good, *good] * 120
    archived = store(tmp_path / "archive", io.BytesIO(write_extract(spec, rows, tmp_path).read_bytes()))
    asked = [1, 2, 3, 255, len(rows) // 2, len(rows) // 2 + 1, len(rows)]
    plain = row_places(tmp_path / "archive", spec, archived.sha256, asked, REGION, DAY)
    for _ in range(2):
        assert row_places(tmp_path / "archive", spec, archived.sha256, asked, REGION, DAY, tmp_path / "places") == plain
    kept = json.loads((tmp_path / "places" / f"{archived.sha256}.json").read_text())
    assert len(kept) > 1 and kept[0][0] == 0
    with pytest.raises(NotReady, match="no row"):
        row_places(tmp_path / "archive", spec, archived.sha256, [len(rows) + 1], REGION, DAY, tmp_path / "places")


def test_an_inbox_can_be_a_url() -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    with memory.open("/bureau/hrss/training_520381_20101231_01.xlsx", "wb") as file:
        file.write(b"x")
    inbox = Inbox("memory://bureau", "hrss")
    assert [(found.state, found.sequence) for found in scan(inbox, SPECS["training"])] == [("waiting", 1)]
    assert scan(inbox, SPECS["employment"]) == []
    assert scan(Inbox("memory://bureau", "nobody"), SPECS["employment"]) == []
    with pytest.raises(ValueError, match="folder"):
        inbox.open("../x")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"rows": 1, "rows": 2}', "\ufeff{}", '{"source": "loans"}', "[" * 100000, "\x00", "null"]
)
def test_unreadable_manifests_are_refused(text: str) -> None:
    with pytest.raises(DeliveryRefused) as caught:
        read_manifest(text.encode())
    assert caught.value.rule == "manifest.unreadable"
