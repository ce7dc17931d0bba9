from __future__ import annotations

import csv
import io
import itertools
import struct
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import dbfread
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import DeliveryRefused
from ingest.readers import Batch, Findings, Naming, read
from ingest.readers.delimited_text import open_text, parse
from ingest.readers.xlsx import as_text
from ingest.spec import SourceSpec, all_specs
from tests.extracts import DAY, REGION, cells, dbf_bytes, fixture_rows, write_data, write_xlsx

SPECS = all_specs()
REG, TAX, LOCAL, LOANS, SURVEY = (SPECS[n] for n in ("registrations", "tax_national", "tax_local", "loans", "survey"))
GB_TEXT = st.text(st.characters(codec="gb18030", exclude_characters="\r\n\ufeff"), max_size=40)
fixtures_ok = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)


def read_all(spec: SourceSpec, path: Path) -> tuple[list[Any], list[int], dict[int, tuple[str, ...]], Findings]:
    findings = Findings()
    found: list[Batch] = list(read(spec, path, Naming(REGION, DAY), findings))
    faults = {i: f for batch in found for i, f in batch.faults.items()}
    return [list(r) for b in found for r in b.rows], [p for b in found for p in b.places], faults, findings


def refused(spec: SourceSpec, path: Path) -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as caught:
        read_all(spec, path)
    return caught.value


HARD = st.text(st.sampled_from('a,"\n\r \u3000１赤\U00020000\0\\\t'), max_size=60)
LAYOUTS = {
    name: SURVEY.model_copy(
        update={"encoding": name, "columns": SURVEY.columns[:2], "key": (SURVEY.columns[0].name,), "rules": ()}
    )
    for name in ("utf-8", "gb18030")
}


@fixtures_ok
@given(HARD, st.sampled_from(sorted(LAYOUTS)), st.integers(1, 40), st.sampled_from(["\n", "\r\n"]))
def test_csv_is_read_as_the_csv_module_reads_it_wherever_chunks_end(body: str, encoding: str, chunk: int, end: str) -> None:
    spec = LAYOUTS[encoding]
    text = ",".join(column.delivered for column in spec.columns) + end + body
    lines = [f"{line}\n" for line in text.split("\n")[:-1]] + [last for last in [text.split("\n")[-1]] if last]
    reader = csv.reader(lines)
    wanted: list[list[str]] | str
    try:
        wanted = [row if len(row) == 2 else [None, None] for row in list(reader)[1:] if row]  # type: ignore[misc]
    except csv.Error:
        wanted = "file.structure"
    found: list[list[str]] | str
    places: list[int] = []
    try:
        layout, chunks = open_text(spec, io.BytesIO(text.encode(encoding)), Naming(REGION, DAY), Findings(), chunk)
        batches = [parse(layout, one) for one in chunks]
        found = [list(row) for batch in batches for row in batch.rows]  # type: ignore[arg-type]
        places = [place for batch in batches for place in batch.places]
    except DeliveryRefused as refusal:
        found = refusal.rule
    assert found == wanted
    if isinstance(found, list):
        starts = itertools.accumulate(lines, lambda n, _: n + 1, initial=0)
        assert places == sorted(set(places)) and set(places) <= set(starts) | {len(lines)}


@fixtures_ok
@given(st.lists(GB_TEXT.filter(lambda text: text.strip() and "|" not in text), max_size=9), st.integers(1, 40))
def test_lines_are_rows_wherever_chunks_end(lines: list[str], chunk: int) -> None:
    text = "\r\n".join([f"H|tax_national|{REGION}|{DAY:%Y%m%d}", *lines, f"T|{len(lines)}|0", "", " "])
    findings = Findings()
    layout, chunks = open_text(TAX, io.BytesIO(text.encode("gb18030")), Naming(REGION, DAY), findings, chunk)
    batches = [parse(layout, one) for one in chunks]
    assert [place for batch in batches for place in batch.places] == list(range(2, len(lines) + 2))
    assert findings.trailer == (len(lines), 0)


@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
def test_a_cut_or_wrong_byte_is_refused_at_its_place(chunk: int) -> None:
    header = ",".join(column.delivered for column in REG.columns).encode() + b"\n"
    for data, place in (("赤水\n市".encode("gb18030")[:-1], 6), (b"abc\xff\n", 4), (b'"\n\xff"\n', 3)):
        with pytest.raises(DeliveryRefused) as caught:
            layout, chunks = open_text(REG, io.BytesIO(header + data), Naming(REGION, DAY), Findings(), chunk)
            for one in chunks:
                parse(layout, one)
        assert (caught.value.rule, caught.value.place) == ("file.encoding", f"byte {len(header) + place}")


def test_a_quote_that_is_never_closed_does_not_swallow_the_file() -> None:
    header = ",".join(column.delivered for column in REG.columns).encode() + b"\n"
    for data in (b'"' + (b"a," * 200 + b"\n") * (1 << 17), b"a" * (1 << 25)):
        with pytest.raises(DeliveryRefused) as caught:
            layout, chunks = open_text(REG, io.BytesIO(header + data), Naming(REGION, DAY), Findings())
            for one in chunks:
                parse(layout, one)
        assert (caught.value.rule, caught.value.place) == ("file.structure", "line 2")


def test_csv_finds_columns_by_name_and_knows_lines(tmp_path: Path) -> None:
    path = tmp_path / "x"
    header = [c.delivered for c in SURVEY.columns]
    body = [",".join(["EXTRA", *reversed(header)]), ",".join(["e", *reversed([f"a{i}" for i in range(16)])])]
    body += ["", '"two\r\nlines",' + ",".join(reversed([f"b{i}" for i in range(16)])), "short,row"]
    path.write_bytes(("\r\n".join(body) + "\r\n").encode())
    rows, places, faults, findings = read_all(SURVEY, path)
    assert rows == [[f"a{i}" for i in range(16)], [f"b{i}" for i in range(16)], [None] * 16]
    assert places == [2, 4, 6]
    assert faults == {2: ("row.field_count",)}
    assert findings.warnings == [("file.unknown_column", "columns 1")]


def test_byte_order_marks(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_data(SURVEY, cells(SURVEY, fixture_rows("survey", "good")), path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    rows, _, _, findings = read_all(SURVEY, path)
    assert len(rows) == 2 and findings.warnings == [("file.bom", "byte 1")]
    write_data(REG, [], path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert refused(REG, path).rule == "file.encoding"


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [("REGNO,", "", "file.missing_column"), ("REGNO,", "REGNO,REGNO,", "file.column_twice"), (None, "", "file.missing_column")],
)
def test_headers_that_refuse(tmp_path: Path, old: str | None, new: str, rule: str) -> None:
    path = tmp_path / "x"
    write_data(REG, [], path)
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()) if old else b"")
    assert refused(REG, path).rule == rule


def test_a_nul_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_data(SURVEY, [["a\0b"] * 16], path)
    assert read_all(SURVEY, path)[0] == [["a\0b"] * 16]


def test_delimited_header_and_trailer(tmp_path: Path) -> None:
    path = tmp_path / "x"
    table = cells(TAX, fixture_rows("tax_national", "good"))
    write_data(TAX, table, path)
    rows, places, _, findings = read_all(TAX, path)
    assert (rows, places, findings.trailer) == (table, [2, 3, 4], (3, Decimal("50.04")))
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b"T|")])
    assert refused(TAX, path).rule == "file.trailer"
    path.write_bytes(whole.replace(b"20101231", b"20101230", 1))
    assert refused(TAX, path).rule == "file.header"
    path.write_bytes(b"")
    assert refused(TAX, path).rule == "file.header"
    path.write_bytes(whole.replace(b"|N|0\r\nV002".replace(b"V002", b""), b"|N\r\n", 1))
    assert list(read_all(TAX, path)[2].values()) == [("row.field_count",)]


def test_dbf_agrees_with_dbfread_and_leaves_deleted_records_out(tmp_path: Path) -> None:
    path = tmp_path / "x.dbf"
    header = [c.delivered for c in LOCAL.columns]
    table = cells(LOCAL, fixture_rows("tax_local", "good"))
    path.write_bytes(dbf_bytes(header, table, deleted=frozenset({1})))
    rows, places, _, _ = read_all(LOCAL, path)
    assert rows == [table[0], table[2]] and places == [1, 3]
    assert rows == [list(r.values()) for r in dbfread.DBF(path, encoding="cp936")]


def test_damaged_dbf(tmp_path: Path) -> None:
    path = tmp_path / "x.dbf"
    header = [c.delivered for c in LOCAL.columns]
    whole = dbf_bytes(header, cells(LOCAL, fixture_rows("tax_local", "good")))
    for data, rule in (
        (whole[:-20], "file.truncated"),
        (whole[:100], "file.truncated"),
        (b"PK" + whole[2:], "file.container"),
        (b"", "file.container"),
        (whole[:4] + struct.pack("<I", 99) + whole[8:], "file.truncated"),
        (whole[:29] + b"\x01" + whole[30:], "file.encoding"),
        (dbf_bytes(header[1:], []), "file.missing_column"),
        (whole.replace("赤水".encode("cp936"), b"\xff\xff\xff\xff"), "file.encoding"),
    ):
        path.write_bytes(data)
        assert refused(LOCAL, path).rule == rule


def test_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "archived-under-a-sha256"
    header = [c.delivered for c in LOANS.columns]
    row: list[Any] = [
        "C1",
        1,
        "放款",
        DAY,
        50000.10,
        "甲乙",
        520381197001010015,
        "02",
        520381600000015,
        None,
        None,
        "微利",
        5.3125,
        "20120101",
    ]
    write_xlsx(header, [row, [None] * 14, [*row, "too many"]], tmp_path / "x.xlsx", 1)
    (tmp_path / "x.xlsx").rename(path)
    rows, places, faults, _ = read_all(LOANS, path)
    assert rows[0] == [
        "C1",
        "1",
        "放款",
        "2010-12-31",
        "50000.1",
        "甲乙",
        None,
        "02",
        "520381600000015",
        None,
        None,
        "微利",
        "5.3125",
        "20120101",
    ]
    assert places == [3, 5]
    assert faults == {0: ("borrower_id.digits_lost",), 1: ("row.field_count",)}
    path.write_bytes(path.read_bytes()[:300])
    assert refused(LOANS, path).rule == "file.container"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as container:
        container.writestr("xl/worksheets/sheet1.xml", b"\0" * 200_000_001)
    assert refused(LOANS, path).rule == "file.too_big"


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1e15, "1000000000000000"), (1e-7, "0.0000001"), (100, "100"), (True, "1")],
)
def test_numbers_by_their_shortest_text(value: Any, text: str | None) -> None:
    assert as_text(value) == text
