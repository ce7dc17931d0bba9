"""What goes wrong with CSV (`bad_texts`, `bad_contents`), done to delimited text, workbooks and tables."""

from __future__ import annotations

from typing import Any

import xlsxwriter

from tests.extracts import cells, dbf_bytes, write_xlsx
from tests.integration.bad_deliveries import Delivery, Ending, aside, case, refused, warned

FORMULA = '=HYPERLINK("http://x.example","竹艺有限公司")'


def header(d: Delivery) -> list[str]:
    return [column.delivered for column in d.spec.columns]


def sheet(d: Delivery, names: list[str], table: list[list[Any]], rows: int | None = None) -> None:
    """The workbook with these cells."""
    d.path.parent.mkdir(parents=True, exist_ok=True)
    write_xlsx(names, table, d.path, d.spec.title_lines)
    d.rewrite(d.path.read_bytes(), len(table) if rows is None else rows)


# --- delimited text -------------------------------------------------------------------------------------------------------


@case("tax_national", aside(2, 1, "row.nul"))
def nul_bytes_in_a_text(d: Delivery) -> None:
    d.rows[0]["NAME"] = "a\0b"
    d.write()


@case("tax_national", aside(3, 2, "row.field_count"))
def too_few_and_too_many_fields_in_a_text(d: Delivery) -> None:
    whole = d.write()
    body, trailer = whole[: whole.rindex(b"T|")], whole[whole.rindex(b"T|") :]
    d.rewrite(body + b"V8|1\r\n" + b"x|" * 20 + b"\r\n" + trailer.replace(b"T|3|", b"T|5|"), rows=5)


@case("tax_national", Ending("accepted", rows=(3, 0)))
def formula_in_a_text(d: Delivery) -> None:
    d.rows[0]["NAME"] = FORMULA
    d.write()


@case("tax_national", refused("file.encoding at byte"))
def undecodable_byte_in_a_text(d: Delivery) -> None:
    d.rewrite(d.write().replace("竹艺".encode("gb18030"), b"\xff\xff\xff\xff", 1))


@case("tax_national", Ending("accepted", rows=(0, 0)))
def header_and_trailer_only(d: Delivery) -> None:
    d.rows = []
    d.write()


@case("tax_national", warned(4, "delivery.key_repeated"))
def duplicate_key_in_a_text(d: Delivery) -> None:
    d.rows.append(d.rows[1])
    d.write()


# --- workbooks ------------------------------------------------------------------------------------------------------------


@case("loans", aside(1, 1, "row.nul"))
def nul_character_in_a_workbook(d: Delivery) -> None:
    d.rows[0]["经办行"] = "a_x0000_b"
    d.write()


@case("loans", aside(1, 1, "row.field_count"))
def a_cell_beyond_the_header_of_a_workbook(d: Delivery) -> None:
    table = cells(d.spec, d.rows)
    sheet(d, header(d), [[*table[0], "", "x"], *table[1:]])


@case("loans", Ending("accepted", rows=(2, 0)))
def formula_text_in_a_workbook(d: Delivery) -> None:
    """A text that begins with an equals sign, and a real formula with its result."""
    table = cells(d.spec, d.rows)
    names, place = header(d), header(d).index("经办行")
    d.path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(d.path, {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
        page = workbook.add_worksheet()
        for number, row in enumerate([["标题"], names, *table]):
            page.write_row(number, 0, row)
        page.write_string(2, place, FORMULA)
        page.write_formula(3, place, '="农村"&"信用社"', None, "农村信用社")
    d.rewrite(d.path.read_bytes())


@case("loans", refused("file.missing_column at column 金额"))
def missing_column_in_a_workbook(d: Delivery) -> None:
    gone = header(d).index("金额")
    sheet(d, [name for name in header(d) if name != "金额"], [row[:gone] + row[gone + 1 :] for row in cells(d.spec, d.rows)])


@case("loans", warned(2, "file.unknown_column"))
def extra_column_in_a_workbook(d: Delivery) -> None:
    sheet(d, ["备注", *header(d)], [["x", *row] for row in cells(d.spec, d.rows)])


@case("loans", Ending("accepted", rows=(2, 0)))
def reordered_columns_in_a_workbook(d: Delivery) -> None:
    sheet(d, header(d)[::-1], [row[::-1] for row in cells(d.spec, d.rows)])


@case("loans", Ending("accepted", rows=(0, 0)))
def header_only_in_a_workbook(d: Delivery) -> None:
    d.rows = []
    d.write()


@case("loans", refused("file.missing_column at column"))
def workbook_with_an_empty_sheet(d: Delivery) -> None:
    sheet(d, [], [], rows=0)


# --- tables ---------------------------------------------------------------------------------------------------------------


@case("tax_local", aside(2, 1, "row.nul"))
def nul_byte_inside_a_field_of_a_table(d: Delivery) -> None:
    d.rows[0]["NSRMC"] = "a\0b"
    d.write()


@case("tax_local", Ending("accepted", rows=(3, 0)))
def fields_of_a_table_padded_with_nul(d: Delivery) -> None:
    whole = d.write()
    d.rewrite(whole.replace(b" " * 4, b"\0" * 4))


@case("tax_local", Ending("accepted", rows=(3, 0)))
def formula_text_in_a_table(d: Delivery) -> None:
    d.rows[0]["NSRMC"] = FORMULA
    d.write()


@case("tax_local", refused("file.missing_column at column SJSE"))
def missing_column_in_a_table(d: Delivery) -> None:
    gone = header(d).index("SJSE")
    names = [name for name in header(d) if name != "SJSE"]
    d.rewrite(dbf_bytes(names, [row[:gone] + row[gone + 1 :] for row in cells(d.spec, d.rows)]))


@case("tax_local", warned(3, "file.unknown_column"))
def extra_column_in_a_table(d: Delivery) -> None:
    d.rewrite(dbf_bytes(["BZ", *header(d)], [["x", *row] for row in cells(d.spec, d.rows)]))


@case("tax_local", Ending("accepted", rows=(3, 0)))
def reordered_columns_in_a_table(d: Delivery) -> None:
    d.rewrite(dbf_bytes(header(d)[::-1], [row[::-1] for row in cells(d.spec, d.rows)]))


@case("tax_local", Ending("accepted", rows=(0, 0)))
def header_only_in_a_table(d: Delivery) -> None:
    d.rows = []
    d.write()


@case("tax_local", refused("file.container at byte 1"))
def empty_table(d: Delivery) -> None:
    d.rewrite(b"", rows=0)


@case("tax_local", refused("file.truncated at header"))
def table_cut_short(d: Delivery) -> None:
    d.rewrite(d.write()[:-30])
