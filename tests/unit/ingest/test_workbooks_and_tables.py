"""Workbooks and DBF tables as departments' programs write them, and as they come when something went wrong."""

from __future__ import annotations

import struct
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from ingest.errors import DeliveryRefused
from ingest.pseudonym import Pseudonymiser
from ingest.readers import Findings, Naming, read
from ingest.spec import all_specs
from ingest.transform import Transformer
from tests.extracts import DAY, REGION, cells, dbf_bytes, fixture_rows, write_xlsx

SPECS = all_specs()
LOANS, LOCAL, REG, TRAINING = (SPECS[name] for name in ("loans", "tax_local", "registrations", "training"))
HEADER = [column.delivered for column in LOANS.columns]


def rows_of(source: str, path: Path) -> tuple[list[list[str | None]], dict[int, tuple[str, ...]]]:
    found = list(read(SPECS[source], path, Naming(REGION, DAY), Findings()))
    return [list(row) for batch in found for row in batch.rows], {i: f for batch in found for i, f in batch.faults.items()}


def refusal(source: str, path: Path) -> tuple[str, str]:
    with pytest.raises(DeliveryRefused) as caught:
        rows_of(source, path)
    return caught.value.rule, caught.value.place


def loan(**cells_by_name: Any) -> list[Any]:
    row = {"合同号": "C1", "事件序号": 1, "事件": "放款", "事件日期": "20101230", "金额": 500, **cells_by_name}
    return [row.get(name, "") for name in HEADER]


def rewrite(path: Path, part: str, old: str, new: str) -> None:
    """Change one part of a workbook as its XML stands there."""
    with zipfile.ZipFile(path) as container:
        parts = {name: container.read(name) for name in container.namelist()}
    assert old.encode() in parts[part], parts[part][:3000]
    parts[part] = parts[part].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w") as container:
        for name, content in parts.items():
            container.writestr(name, content)


SHEET = "xl/worksheets/sheet1.xml"


def test_dates_numbers_and_truth_as_the_cells_show_them(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        chinese = workbook.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
        sheet.write(0, 0, "标题")
        sheet.write_row(1, 0, HEADER)
        sheet.write_row(2, 0, ["  C1　", 2.0, True, "", 0.1 + 0.2, "", "", "", 520381600000015, "'=1+1", "", "", 12.5])
        sheet.write_datetime(2, 3, datetime(2010, 12, 31), day)
        sheet.write_datetime(2, 13, datetime(2012, 2, 29, 10, 30), chinese)
        workbook.add_worksheet("别的").write(0, 0, "not read")
    (row,), faults = rows_of("loans", path)
    assert row == [
        "  C1　", "2", "1", "2010-12-31", "0.3", None, None, None, "520381600000015", "'=1+1", None, None,
        "12.5", "2012-02-29 10:30:00",
    ]  # fmt: skip
    assert faults == {}


def test_dates_count_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with xlsxwriter.Workbook(path, {"date_1904": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["标题"])
        sheet.write_row(1, 0, HEADER)
        sheet.write_row(2, 0, loan())
        sheet.write_datetime(2, 3, datetime(2010, 12, 31), workbook.add_format({"num_format": "yyyy/m/d"}))
    assert rows_of("loans", path)[0][0][3] == "2010-12-31"


@pytest.mark.parametrize(
    ("number", "shortest"),
    [(1e15, "1000000000000000"), (520381197001010015, "520381197001010000"), (9.99999999999999e17, "999999999999999000")],
)
def test_a_number_that_has_lost_its_digits_is_named_in_an_id_column_only(tmp_path: Path, number: float, shortest: str) -> None:
    path = tmp_path / "x"
    write_xlsx(HEADER, [loan(合同号=number), loan(借款人证件号=number, 注册号=number), loan(金额=number, 经办行=number)], path, 1)
    rows, faults = rows_of("loans", path)
    assert faults == {0: ("contract_no.digits_lost",), 1: ("borrower_id.digits_lost", "regno.digits_lost")}
    assert (rows[0][0], rows[1][6], rows[1][8]) == (None, None, None)
    assert rows[2][4] == rows[2][9] == shortest


@pytest.mark.parametrize(
    ("text", "lost"),
    [("5.20381E+14", True), ("5.20381E+17", True), ("5e+14", True), (" ５.20381E+14", True), ("520381600000015", False),
     ("E+1", False), ("5.2E+1号", False)],
)  # fmt: skip
def test_a_text_that_a_spreadsheet_shortened_is_named_in_any_format(text: str, lost: bool) -> None:
    from ingest.readers import Batch

    row = [*fixture_rows("registrations", "good")[0].values()]
    names = [column.name for column in REG.columns]
    row[names.index("regno")] = text
    raw = Transformer(REG, Pseudonymiser(b"k"), frozenset()).apply(Batch([row], {}, [2]))
    assert raw.faults == [("regno.digits_lost",) if lost else ()]


def test_a_shortened_resident_id_is_said_to_be_shortened(tmp_path: Path) -> None:
    from ingest.readers import Batch

    row: list[str | None] = [None] * len(TRAINING.columns)
    names = [column.name for column in TRAINING.columns]
    row[names.index("person_id")] = "5.20381E+17"
    raw = Transformer(TRAINING, Pseudonymiser(b"k"), frozenset()).apply(Batch([row], {}, [2]))
    assert raw.faults == [("person_id.digits_lost",)]
    assert not any(cells[0] for cells in raw.columns)


def test_errors_and_formulas_without_result_cost_the_row_and_results_count(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "标题")
        sheet.write_row(1, 0, HEADER)
        for line in (2, 3, 4, 5, 6):
            sheet.write_row(line, 0, loan())
        sheet.write_formula(2, 4, "=1+1", None, 2)
        sheet.write_formula(3, 4, "=1/0", None, "#DIV/0!")
        sheet.write_formula(4, 4, "=7+7", None, 14)
        sheet.write_formula(5, 4, "=8+8", None, 16)
        sheet.write_formula(6, 4, "=9+9", None, 18)
    rewrite(path, SHEET, "<f>7+7</f><v>14</v>", "<f>7+7</f>")
    rewrite(path, SHEET, "<f>8+8</f><v>16</v>", "<f>8+8</f><v/>")  # as openpyxl writes a formula
    rewrite(path, SHEET, '<c r="E7"><f>9+9</f><v>18</v>', '<c r="E7" t="str"><f>""</f><v></v>')
    rows, faults = rows_of("loans", path)
    assert [row[4] for row in rows] == ["2", None, None, None, None]
    assert faults == {1: ("row.no_result",), 2: ("row.no_result",), 3: ("row.no_result",)}


def test_rows_without_anything_in_them_are_none_and_a_stray_cell_is_a_field_too_many(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "标题")
        sheet.write_row(1, 0, HEADER)
        sheet.write_row(2, 0, ["  ", "　"])
        sheet.write_row(9, 0, loan())
        sheet.write(1048575, 16383, "x")
    rows, faults = rows_of("loans", path)
    assert len(rows) == 2 and faults == {1: ("row.field_count",)}


def test_escaped_characters_and_phonetics(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for line, row in enumerate((["标题"], HEADER, loan(经办行="甲"), loan(经办行="乙"))):
            sheet.write_row(line, 0, row)
    new = "<t>a_x0000_b_x005F_x0041_</t><rPh sb='0' eb='1'><t>jia</t></rPh>"
    rewrite(path, "xl/sharedStrings.xml", "<t>甲</t>", new)
    rows, _ = rows_of("loans", path)
    assert [row[9] for row in rows] == ["a\0b_x0041_", "乙"]


def test_a_workbook_with_a_password_with_macros_or_of_the_old_kind_is_said_to_be_that(tmp_path: Path) -> None:
    path = tmp_path / "x"
    ole = bytes.fromhex("d0cf11e0a1b11ae1")
    path.write_bytes(ole + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + bytes(100))
    assert refusal("loans", path) == ("file.encrypted", "file")
    path.write_bytes(ole + bytes(1000))
    assert refusal("loans", path) == ("file.container", "byte 1")
    write_xlsx(HEADER, [loan()], path, 1)
    with zipfile.ZipFile(path, "a") as container:
        container.writestr("xl/vbaProject.bin", b"x")
    assert refusal("loans", path) == ("file.macros", "file")
    write_xlsx(HEADER, [loan()], path, 1)
    rewrite(path, "[Content_Types].xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
            "application/vnd.ms-excel.sheet.macroEnabled.main+xml")  # fmt: skip
    assert refusal("loans", path) == ("file.macros", "file")


def test_a_document_type_is_no_sheet(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_xlsx(HEADER, [loan()], path, 1)
    rewrite(path, SHEET, "<worksheet", '<!DOCTYPE w [<!ENTITY a "b">]><worksheet')
    assert refusal("loans", path)[0] == "file.container"


def dbf_fields(fields: list[tuple[str, str, int]], records: list[bytes], behind: bytes = b"\x1a") -> bytes:
    head = struct.pack("<BBBBIHH20x", 3, 110, 12, 31, len(records), 33 + 32 * len(fields), 1 + sum(f[2] for f in fields))
    described = b"".join(struct.pack("<11sc4xB15x", name.encode(), kind.encode(), width) for name, kind, width in fields)
    return head + described + b"\r" + b"".join(b" " + record for record in records) + behind


def local_table(kind_of_date: str = "D", kind_of_paid: str = "N", kind_of_void: str = "L") -> list[tuple[str, str, int]]:
    kinds = {"SSQS": (kind_of_date, 8), "SJSE": (kind_of_paid, 10), "ZFBZ": (kind_of_void, 1)}
    return [(column.delivered, *kinds.get(column.delivered, ("C", 4))) for column in LOCAL.columns]


def local_record(day: str, paid: str, void: str) -> bytes:
    cells_of = {"SSQS": day.ljust(8), "SJSE": paid.rjust(10), "ZFBZ": void}
    return "".join(cells_of.get(column.delivered, "x   ") for column in LOCAL.columns).encode("cp936")


def test_dbf_fields_of_every_kind_that_a_table_holds(tmp_path: Path) -> None:
    path = tmp_path / "x"
    made = [("20101231", "12.50", "T"), ("00000000", "", "?"), ("", "-3", "f"), ("", "*" * 10, "N")]
    path.write_bytes(dbf_fields(local_table(), [local_record(*one) for one in made]))
    rows, _ = rows_of("tax_local", path)
    names = [column.delivered for column in LOCAL.columns]
    found = [tuple((row[names.index(name)] or "").strip() for name in ("SSQS", "SJSE", "ZFBZ")) for row in rows]
    assert found == [("20101231", "12.50", "Y"), ("", "", ""), ("", "-3", "N"), ("", "*" * 10, "N")]


def test_a_memo_or_a_binary_field_is_refused_by_name_when_it_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(dbf_fields(local_table(kind_of_paid="M"), []))
    assert refusal("tax_local", path) == ("file.container", "column SJSE")
    path.write_bytes(dbf_fields([*local_table(), ("NOTES", "M", 10)], []))
    assert rows_of("tax_local", path) == ([], {})


@pytest.mark.parametrize(
    ("behind", "refused"),
    [(b"", False), (b"\x1a", False), (b"\0" * 300, False), (b"\x1aleft over", False), (b"\r\n\x1a", False), (b" record", True)],
)
def test_what_stands_behind_the_last_record(tmp_path: Path, behind: bytes, refused: bool) -> None:
    path = tmp_path / "x"
    path.write_bytes(dbf_fields(local_table(), [local_record("20101231", "1", "T")], behind))
    if refused:
        assert refusal("tax_local", path) == ("file.container", "record 2")
    else:
        assert len(rows_of("tax_local", path)[0]) == 1


@pytest.mark.parametrize("version", [0x00, 0x02, 0x30, 0xF5, 0x8B])
def test_other_tables_than_dbase_three(tmp_path: Path, version: int) -> None:
    path = tmp_path / "x"
    header = [column.delivered for column in LOCAL.columns]
    path.write_bytes(bytes([version]) + dbf_bytes(header, cells(LOCAL, fixture_rows("tax_local", "good")))[1:])
    assert refusal("tax_local", path) == ("file.container", "byte 1")


def test_an_undecodable_byte_is_placed_by_record_and_column(tmp_path: Path) -> None:
    path = tmp_path / "x"
    header = [column.delivered for column in LOCAL.columns]
    table = cells(LOCAL, fixture_rows("tax_local", "good"))
    table[1][3] = "ZZZZ"
    path.write_bytes(dbf_bytes(header, table).replace(b"ZZZZ", b"\xff\xff\xff\xff"))
    assert refusal("tax_local", path) == ("file.encoding", "record 2, column NSRMC")
