"""Deliveries as they go wrong, each with what must become of it: `CASES` by name."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ingest.spec import SourceSpec, all_specs
from tests.extracts import REGION, Rows, cells, fixture_rows, write_data, write_extract, write_manifest, write_xlsx

SPECS = all_specs()
FIRST = date(2011, 1, 1)
FOUR_BYTES = "\U00020bb7"  # a character of the second plane: four bytes in GB18030


@dataclass(frozen=True)
class Ending:
    """What the ledger must say. `reason` is how the reason begins (rule and place); `rules` the rules that rows went aside for;
    `warned` rules of check_result that failed as warnings."""

    status: str
    reason: str = ""
    rows: tuple[int, int] | None = None
    rules: frozenset[str] = frozenset()
    warned: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Case:
    source: str
    make: Callable[[Delivery], None]
    ending: Ending


@dataclass
class Delivery:
    """One delivery that is being made: its rows are the source's good ones."""

    inbox: Path
    source: str
    day: date
    rows: Rows = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = fixture_rows(self.source, "good")[:3]

    @property
    def spec(self) -> SourceSpec:
        return SPECS[self.source]

    @property
    def path(self) -> Path:
        name = f"{self.source}_{REGION}_{self.day:%Y%m%d}_01.{self.spec.extension}"
        return self.inbox / self.spec.department / name

    def write(self, kind: str | None = None, totals: dict[str, str] | None = None, **changed: Any) -> bytes:
        """Data file and manifest; the data file's bytes."""
        kind = kind or ("full" if "delta" not in self.spec.kinds else "delta")
        write_extract(self.spec, self.rows, self.inbox, self.day, kind=kind, totals=totals, changed=changed)
        return self.path.read_bytes()

    def rewrite(self, content: bytes, rows: int | None = None, **changed: Any) -> None:
        """Other bytes in the data file, and a manifest that agrees with them."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(content)
        kind = "full" if "delta" not in self.spec.kinds else "delta"
        write_manifest(self.spec, self.path, self.day, 1, kind, len(self.rows) if rows is None else rows, {}, changed)

    def zip_it(self, content: bytes, ending: str, member: str | None = None) -> None:
        """The data file as a zip instead."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as container:
            container.writestr(member or self.path.name, content)
        self.rewrite(packed.getvalue())
        stem = self.path.name.removesuffix(f".{self.spec.extension}")
        self.path.rename(self.path.with_name(f"{stem}{ending}"))


CASES: dict[str, Case] = {}
OK_REG = Ending("accepted", rows=(3, 0))


def case(source: str, ending: Ending) -> Callable[[Callable[[Delivery], None]], Callable[[Delivery], None]]:
    def take(make: Callable[[Delivery], None]) -> Callable[[Delivery], None]:
        CASES[make.__name__] = Case(source, make, ending)
        return make

    return take


def refused(reason: str) -> Ending:
    return Ending("refused", reason)


def aside(accepted: int, quarantined: int, *rules: str) -> Ending:
    return Ending("accepted", rows=(accepted, quarantined), rules=frozenset(rules))


def warned(accepted: int, *rules: str) -> Ending:
    return Ending("accepted", rows=(accepted, 0), warned=frozenset(rules))


def day_of(name: str) -> date:
    """Each case has a business day of its own."""
    return FIRST + timedelta(days=list(CASES).index(name))


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


@case("registrations", refused("file.container at file"))
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


def write_all(inbox: Path) -> dict[str, str]:
    """Write every case into the inbox; name of the case → name of its data file."""
    names = {}
    for name, one in CASES.items():
        delivery = Delivery(inbox, one.source, day_of(name))
        folder = delivery.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        before = set(folder.iterdir())
        one.make(delivery)
        made = sorted(path.name for path in set(folder.iterdir()) - before)
        data = [found for found in made if not found.endswith(".manifest.json")]
        names[name] = data[0] if data else made[0].replace(".manifest.json", f".{delivery.spec.extension}")
    return names


def write_good(inbox: Path, day: date) -> dict[str, int]:
    """A good delivery of every source; source → rows."""
    for spec in SPECS.values():
        write_extract(spec, fixture_rows(spec.name, "good"), inbox, day, kind="full")
    return {name: len(fixture_rows(name, "good")) for name in SPECS}


def overwrite(inbox: Path, name: str) -> None:
    """Other bytes under the name of a case that was accepted."""
    delivery = Delivery(inbox, CASES[name].source, day_of(name))
    delivery.rows = delivery.rows[:1]
    write_data(delivery.spec, cells(delivery.spec, delivery.rows), delivery.path, delivery.day)
    delivery.rewrite(delivery.path.read_bytes())
