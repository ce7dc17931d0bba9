"""Rows, tables, workbooks and zips as they go wrong, or look as if they did."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any

import xlsxwriter

from tests.extracts import cells, write_xlsx
from tests.integration.bad_deliveries import OK_REG, Delivery, Ending, aside, case, refused, warned

FOUR_BYTES = "\U00020bb7"  # a character of the second plane: four bytes in GB18030


# --- rows -----------------------------------------------------------------------------------------------------------------


@case("registrations", warned(4, "delivery.key_repeated"))
def duplicate_key(d: Delivery) -> None:
    d.rows.append(d.rows[1])
    d.write()


@case("registrations", aside(2, 1, "row.nul"))
def nul_bytes(d: Delivery) -> None:
    d.rows[0]["DOM"] = "a\0b"
    d.write()


@case("registrations", aside(2, 1, "row.too_long"))
def a_text_of_more_than_4000_characters(d: Delivery) -> None:
    d.rows[0]["OPSCOPE"] = "业" * 4001
    d.write()


@case("loans", aside(1, 1, "event_no.integer"))
def a_number_that_no_column_of_the_warehouse_holds(d: Delivery) -> None:
    d.rows[1]["事件序号"] = "20101231001"
    d.write()


@case("registrations", OK_REG)
def formula_text(d: Delivery) -> None:
    d.rows[0]["DOM"] = "=cmd|'/c calc'!A1"
    d.write()


@case("registrations", aside(3, 2, "row.field_count"))
def too_few_and_too_many_fields(d: Delivery) -> None:
    d.rewrite(d.write() + b"P8,1\r\n" + b"x," * 40 + b"\r\n", rows=5)


@case("registrations", aside(2, 1, "regno.digits_lost"))
def an_id_that_a_spreadsheet_shortened(d: Delivery) -> None:
    d.rows[0]["REGNO"] = "5.20381E+14"
    d.write()


@case("loans", aside(1, 1, "borrower_id.digits_lost"))
def an_id_that_a_workbook_holds_as_a_number(d: Delivery) -> None:
    d.write()
    header = [column.delivered for column in d.spec.columns]
    table: list[list[Any]] = [list(row) for row in cells(d.spec, d.rows)]
    table[0][header.index("借款人证件号")] = 520381197001010000
    write_xlsx(header, table, d.path, d.spec.title_lines)
    d.rewrite(d.path.read_bytes())


@case("registrations", OK_REG)
def blanks_full_width_digits_four_byte_characters_and_line_breaks(d: Delivery) -> None:
    d.rows[0] |= {
        "ENTNAME": f"　赤水市{FOUR_BYTES}副食店　",
        "TOWN": "５２０３８１００１",
        "DOM": "一行\r\n又一行",
        "EMPNUM": " ２ ",
    }
    d.write()


# --- tables, workbooks, zips ----------------------------------------------------------------------------------------------


@case("tax_local", refused("file.truncated at header"))
def table_whose_header_counts_more_records(d: Delivery) -> None:
    whole = d.write()
    d.rewrite(whole[:4] + struct.pack("<I", 99) + whole[8:])


@case("tax_local", refused("file.container at record 3"))
def table_whose_header_counts_fewer_records(d: Delivery) -> None:
    whole = d.write()
    d.rewrite(whole[:4] + struct.pack("<I", 2) + whole[8:], rows=2)


@case("tax_local", refused("file.container at byte 1"))
def table_of_another_kind(d: Delivery) -> None:
    d.rewrite(b"\x30" + d.write()[1:])


@case("tax_local", refused("file.container at header"))
def table_whose_fields_do_not_add_up(d: Delivery) -> None:
    whole = d.write()
    d.rewrite(whole[:10] + struct.pack("<H", 7) + whole[12:])


@case("tax_local", refused("file.encoding at record 1, column NSRMC"))
def undecodable_byte_in_a_table(d: Delivery) -> None:
    d.rewrite(d.write().replace("赤水竹艺".encode("cp936"), b"\xff" * 8, 1))


@case("loans", aside(1, 1, "row.no_result"))
def workbook_with_a_formula_that_went_wrong(d: Delivery) -> None:
    with xlsxwriter.Workbook(d.path) as workbook:
        sheet = workbook.add_worksheet()
        for line, row in enumerate([["标题"], [column.delivered for column in d.spec.columns], *cells(d.spec, d.rows)]):
            sheet.write_row(line, 0, row)
        sheet.write_formula(2, 4, "=1/0", None, "#DIV/0!")
    d.rewrite(d.path.read_bytes())


@case("loans", refused("file.encrypted at file"))
def workbook_with_a_password(d: Delivery) -> None:
    ole = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)
    d.rewrite(ole + "EncryptedPackage".encode("utf-16-le") + bytes(512))


@case("loans", refused("file.macros at file"))
def workbook_with_macros(d: Delivery) -> None:
    d.write()
    with zipfile.ZipFile(d.path, "a") as container:
        container.writestr("xl/vbaProject.bin", b"x")
    d.rewrite(d.path.read_bytes())


@case("loans", refused("file.container at byte 1"))
def workbook_of_the_old_kind(d: Delivery) -> None:
    d.rewrite(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000))


@case("loans", refused("file.container at file"))
def workbook_cut_short(d: Delivery) -> None:
    d.rewrite(d.write()[:-200])


@case("loans", refused("file.container at file"))
def empty_workbook(d: Delivery) -> None:
    d.rewrite(b"", rows=0)


@case("loans", refused("file.too_big at file"))
def workbook_that_is_a_bomb(d: Delivery) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as container, container.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(201):
            part.write(bytes(1_000_000))
    d.rewrite(packed.getvalue())


@case("registrations", refused("file.too_big at member 1"))
def zip_that_is_a_bomb(d: Delivery) -> None:
    d.zip_it(b"\n" * 70_000_000, ".csv.zip")


@case("registrations", refused("file.several at file"))
def zip_of_two_files(d: Delivery) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as container:
        container.writestr(d.path.name, d.write())
        container.writestr("more.csv", b"")
    d.rewrite(packed.getvalue())
    d.path.rename(d.path.with_name(f"{d.path.name}.zip"))


@case("registrations", refused("file.member_name at member 1"))
def zip_whose_member_goes_elsewhere(d: Delivery) -> None:
    d.zip_it(d.write(), ".zip", f"../../{d.path.name}")


@case("registrations", OK_REG)
def good_csv_in_a_zip(d: Delivery) -> None:
    d.zip_it(d.write(), ".csv.zip")


@case("tax_national", Ending("accepted", rows=(3, 0)))
def good_text_in_a_zip(d: Delivery) -> None:
    d.zip_it(d.write(), ".zip")


@case("tax_local", Ending("accepted", rows=(3, 0)))
def good_table_in_a_zip(d: Delivery) -> None:
    d.zip_it(d.write(), ".dbf.zip")


@case("loans", Ending("accepted", rows=(2, 0)))
def good_workbook_in_a_zip(d: Delivery) -> None:
    d.zip_it(d.write(), ".xlsx.zip")
