"""Manifests, names and texts as they go wrong."""

from __future__ import annotations

from datetime import date

from tests.extracts import resident_id
from tests.integration.bad_deliveries import OK_REG, Delivery, Ending, case, refused, warned

# --- the manifest ---------------------------------------------------------------------------------------------------------


@case("registrations", refused("manifest.sha256 at sha256"))
def wrong_sha256(d: Delivery) -> None:
    d.write(sha256="0" * 64)


@case("registrations", refused("manifest.rows at rows"))
def wrong_row_count(d: Delivery) -> None:
    d.write(rows=len(d.rows) + 1)


@case("registrations", refused("manifest.totals at REGCAP"))
def wrong_total(d: Delivery) -> None:
    d.write(totals={"REGCAP": "0.01"})


@case("registrations", refused("manifest.totals at EMPNUM: the manifest says another sum than the rows add up to"))
def wrong_total_of_a_column_with_an_id(d: Delivery) -> None:
    """The sum of it and of small numbers would say the id."""
    d.rows[0]["EMPNUM"] = resident_id("52038119710101002")
    d.write(totals={"EMPNUM": "1"})


@case("registrations", refused("manifest.totals at totals"))
def total_of_a_text(d: Delivery) -> None:
    d.write(totals={"ENTNAME": "0"})


@case("registrations", refused("manifest.name at region"))
def manifest_of_another_region(d: Delivery) -> None:
    d.write(region="520382")


@case("survey", refused("manifest.kind at kind"))
def a_kind_that_is_not_agreed(d: Delivery) -> None:
    d.write(kind="delta")


@case("registrations", refused("manifest.unreadable at manifest"))
def manifest_cut_short(d: Delivery) -> None:
    d.write()
    manifest = d.path.with_suffix(".manifest.json")
    manifest.write_bytes(manifest.read_bytes()[:-9])


@case("registrations", Ending("incomplete"))
def manifest_without_data(d: Delivery) -> None:
    d.write()
    d.path.unlink()


@case("registrations", Ending("waiting"))
def data_without_manifest(d: Delivery) -> None:
    d.write()
    d.path.with_suffix(".manifest.json").unlink()


@case("registrations", OK_REG)
def the_next_one_is_other_bytes_under_this_name(d: Delivery) -> None:
    d.write()


# --- the text as a whole --------------------------------------------------------------------------------------------------


@case("registrations", refused("manifest.sha256 at sha256"))
def truncated_on_the_way(d: Delivery) -> None:
    whole = d.write()
    d.path.write_bytes(whole[:-40])


@case("registrations", refused("manifest.rows at rows"))
def truncated_before_the_manifest_was_made(d: Delivery) -> None:
    whole = d.write()
    d.rewrite(whole[: whole.index(b"P002")])


@case("tax_national", refused("file.trailer at line 4"))
def truncated_text_without_its_trailer(d: Delivery) -> None:
    whole = d.write()
    d.rewrite(whole[: whole.rindex(b"T|")], rows=2)


@case("tax_national", refused("file.header at line 1"))
def header_line_of_another_day(d: Delivery) -> None:
    d.rewrite(d.write().replace(f"{d.day:%Y%m%d}".encode(), b"20001231", 1))


@case("tax_national", refused("file.trailer at paid"))
def trailer_with_another_sum(d: Delivery) -> None:
    d.rewrite(d.write().replace(b"|50.04\r\n", b"|50.05\r\n"))


@case("registrations", refused("file.encoding at byte 301"))
def undecodable_byte_in_gb18030(d: Delivery) -> None:
    whole = d.write()
    d.rewrite(whole[:300] + b"\xff" + whole[301:])


@case("survey", refused("file.encoding at byte 150"))
def gb18030_in_a_file_agreed_as_utf8(d: Delivery) -> None:
    whole = d.write()
    d.rewrite(whole[:149] + "赤水".encode("gb18030") + whole[149:])


@case("registrations", refused("file.encoding at byte 1"))
def utf8_mark_in_a_file_agreed_as_gb18030(d: Delivery) -> None:
    d.rewrite(b"\xef\xbb\xbf" + d.write())


@case("survey", warned(2, "file.bom"))
def utf8_mark_in_a_utf8_file(d: Delivery) -> None:
    d.rewrite(b"\xef\xbb\xbf" + d.write())


@case("registrations", refused("file.missing_column at column REGNO"))
def missing_column(d: Delivery) -> None:
    d.rewrite(d.write().replace(b"REGNO,", b"", 1))


@case("registrations", warned(3, "file.unknown_column"))
def extra_column(d: Delivery) -> None:
    lines = d.write().split(b"\r\n")
    d.rewrite(b"\r\n".join([b"MORE," + lines[0], *(b"x," + line for line in lines[1:] if line), b""]))


@case("registrations", OK_REG)
def reordered_columns(d: Delivery) -> None:
    import csv

    d.write()
    names = [column.delivered for column in d.spec.columns][::-1]
    with d.path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([names, *([row[name] for name in names] for row in d.rows)])
    d.rewrite(d.path.read_bytes())


@case("registrations", refused("file.missing_column at column ENTNAME"))
def renamed_column(d: Delivery) -> None:
    d.rewrite(d.write().replace(b"ENTNAME", b"NAME", 1))


@case("registrations", refused("file.column_twice at column 3"))
def a_column_twice(d: Delivery) -> None:
    d.rewrite(d.write().replace(b"REGNO,", b"REGNO,REGNO,", 1))


@case("registrations", refused("file.missing_column at line 1"))
def empty_file(d: Delivery) -> None:
    d.rewrite(b"", rows=0)


@case("tax_national", refused("file.header at line 1"))
def empty_text(d: Delivery) -> None:
    d.rewrite(b"", rows=0)


@case("registrations", Ending("accepted", rows=(0, 0)))
def header_only(d: Delivery) -> None:
    d.rows = []
    d.write()


@case("survey", refused("delivery.empty at rows"))
def header_only_where_a_full_one_must_say_something(d: Delivery) -> None:
    d.rows = []
    d.write()


@case("registrations", refused("file.structure at line 2"))
def a_quote_that_swallows_the_file(d: Delivery) -> None:
    header = d.write().split(b"\r\n")[0]
    d.rewrite(header + b'\r\n"' + b"x,y\n" * 1_500_000)


@case("registrations", refused("file.structure at line 2"))
def one_field_of_64_megabytes(d: Delivery) -> None:
    header = d.write().split(b"\r\n")[0]
    d.rewrite(header + b"\r\n" + b"1" * (64 << 20))


# --- names ----------------------------------------------------------------------------------------------------------------


@case("registrations", refused("file.future_date at business_date"))
def future_date(d: Delivery) -> None:
    d.day = date(2999, 12, 31)
    d.write()


@case("registrations", refused("file.unknown_source at file name"))
def unknown_source(d: Delivery) -> None:
    d.write()
    d.path.with_suffix(".manifest.json").unlink()
    d.path.rename(d.path.with_name("registratoins_520381_20101231_01.csv"))


@case("registrations", refused("file.link at file"))
def symbolic_link(d: Delivery) -> None:
    d.write()
    target = d.path.rename(d.inbox.parent / "elsewhere.csv")
    d.path.symlink_to(target)


@case("registrations", refused("file.link at file"))
def symbolic_link_as_manifest(d: Delivery) -> None:
    d.write()
    manifest = d.path.with_suffix(".manifest.json")
    target = manifest.rename(d.inbox.parent / "elsewhere.json")
    manifest.symlink_to(target)


@case("registrations", refused("file.name at file name"))
def dots_in_a_name(d: Delivery) -> None:
    d.write()
    name = "registrations_..%2f..%2fetc_01"
    d.path.with_suffix(".manifest.json").rename(d.path.with_name(f"{name}.manifest.json"))
    d.path.rename(d.path.with_name(f"{name}.csv"))


@case("registrations", refused("file.several at file name"))
def two_data_files_of_one_name(d: Delivery) -> None:
    whole = d.write()
    d.zip_it(whole, ".csv.zip")
    d.path.write_bytes(whole)
