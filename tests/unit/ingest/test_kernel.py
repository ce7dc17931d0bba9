"""The compiled way gives what the other gives, on any row: `ingest.kernel` decides nothing that `ingest.transform` does not."""

from __future__ import annotations

import csv
import hmac
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.kernel import PlainRows
from ingest.kernel.sha256 import hmac_of_18, hmac_states
from ingest.pseudonym import LEGAL_PERSON_ENDINGS, TWO_CHARACTER_SURNAMES
from ingest.readers import Findings, Naming
from ingest.readers.delimited_text import Layout, open_text
from ingest.readers.records import Chunk
from ingest.rows import CopyRows, RowMaker
from ingest.spec import SourceSpec, all_specs
from ingest.worker import Parcel, rows_of
from tests.extracts import DAY, REGION, cells, fixture_rows, resident_id

SPECS = {name: spec for name, spec in all_specs().items() if spec.is_text}
KEY = b"a key of the tests, of any length"
RIGHT = [resident_id("52038119700101001"), resident_id("52038119960229002"), resident_id("52038119500531123")]
NAMES = [
    "张三丰",
    "李四",
    "欧阳修",
    "欧阳",
    "诸葛孔明",
    "王",
    "不详",
    "负责人",
    "张 三",
    "Zhang",
    "买买提·吐尔逊",
    "𠮷野家",
    "张3丰",
]
FIRMS = [
    "张三丰副食店",
    "赤水市张三丰丰张店",
    "张丰三店",
    "李四与李四合作社",
    "赤水竹艺有限公司",
    "欧阳修副食",
    "甲银行",
    "店",
    "王记",
    "三丰张行",
]
IDS = [
    *RIGHT,
    RIGHT[0].lower(),
    RIGHT[0][:17] + "x",
    RIGHT[0][:-1] + "A",
    "L" + RIGHT[1],
    "l" + RIGHT[1],
    "L",
    "L1",
    RIGHT[2] + "01",
]
IDS += [
    "520381197001010",
    "520381199602300",
    "５２０３８１",
    "5.20381E+14",
    "520381600000015",
    "91520381MA6DQ8XQ0A",
    "1" * 18,
    "52038119700101001",
]
DATES = [
    "20101231",
    "2010-12-31",
    "20100230",
    "20000229",
    "19000229",
    "00000101",
    "２０１０１２３１",
    "2010/1/1",
    "201012310",
    "十月",
]
NUMBERS = [
    "0",
    "1.5",
    "12.3456",
    "1.23456",
    "-3",
    "+3",
    "5.",
    ".5",
    "1e3",
    "１２",
    "9" * 12,
    "9" * 13,
    "123456789.1234",
    "7 ",
    "x",
]
TEXTS = [
    "",
    " ",
    "a b",
    " a",
    "a\u3000",
    "甲\u3000乙",
    "\u00a0a",
    "a\u2009",
    "\u2003",
    "…—",
    "“甲”",
    "a\\b",
    "a\tb",
    "a\0b",
    "a\x1fb",
    "é",
    "ﬁ",
    "😀",
]
TEXTS += [
    "1" * 14,
    "1" * 15,
    "a" + "2" * 17 + "b",
    f"店主{RIGHT[0]}电话",
    "x" * 4001,
    "甲" * 1400,
    'a "b" c',
    "=1+1",
    "9500",
    "4540",
    "1130",
    "07;01",
]
ANY = st.sampled_from([*NAMES, *FIRMS, *IDS, *DATES, *NUMBERS, *TEXTS])


@st.composite
def tables(draw: st.DrawFn, spec: SourceSpec) -> list[list[str]]:
    """Rows of the good fixture with some cells exchanged for hard ones."""
    good = cells(spec, fixture_rows(spec.name, "good"))
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        row = list(draw(st.sampled_from(good)))
        for _ in range(draw(st.integers(0, 4))):
            row[draw(st.integers(0, len(row) - 1))] = draw(ANY)
        for column, pool in zip(spec.columns, [row] * len(row), strict=True):
            if column.type == "person_name" and draw(st.booleans()):
                pool[spec.columns.index(column)] = draw(st.sampled_from(NAMES))
                for other in column.masked_in:
                    pool[[c.name for c in spec.columns].index(other)] = draw(st.sampled_from(FIRMS))
        rows.append(row)
    return rows


def text_of(spec: SourceSpec, rows: list[list[str]]) -> bytes:
    """The rows as lines; a cell with what ends it is quoted, where the format has quotes."""
    lines = []
    for row in rows:
        if spec.format == "csv":
            row = [f'"{cell.replace(chr(34), chr(34) * 2)}"' if any(mark in cell for mark in ',"\n') else cell for cell in row]
        lines.append(spec.delimiter.join(row))
    return "".join(f"{line}\n" for line in lines).encode(spec.encoding or "utf-8")


def both(spec: SourceSpec, layout: Layout, chunk: Chunk) -> tuple[CopyRows, CopyRows, int]:
    totals = frozenset(column.name for column in spec.columns if column.is_number)
    parcel = Parcel((chunk,), 41)
    slow, quick = RowMaker(spec, KEY, 7, totals), RowMaker(spec, KEY, 7, totals)
    plain = PlainRows(spec, layout.positions, layout.width, KEY, totals)
    wanted, found = rows_of(parcel, layout, slow), rows_of(parcel, layout, quick, plain)
    assert {name: total.normalize() for name, total in quick.totals.items()} == {n: t.normalize() for n, t in slow.totals.items()}
    return wanted, found, len(found.sound.splitlines())


def assert_alike(wanted: CopyRows, found: CopyRows) -> None:
    assert sorted(found.sound.split(b"\n")) == sorted(wanted.sound.split(b"\n"))
    assert sorted(found.faulty.split(b"\n")) == sorted(wanted.faulty.split(b"\n"))


@pytest.mark.parametrize("source", SPECS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_row_comes_out_alike(source: str, data: st.DataObject) -> None:
    spec = SPECS[source]
    rows = data.draw(tables(spec))
    encodable = [
        [cell.encode(spec.encoding or "utf-8", "ignore").decode(spec.encoding or "utf-8") for cell in row] for row in rows
    ]
    if spec.format == "delimited":
        encodable = [[cell.replace("\n", "").replace("|", "") for cell in row] for row in encodable]
    layout = Layout(spec.encoding or "utf-8", spec.delimiter, spec.format == "csv", len(spec.columns), None)
    wanted, found, _ = both(spec, layout, Chunk(text_of(spec, encodable), 0, 1, len(rows)))
    assert_alike(wanted, found)


def test_columns_in_another_order_and_rows_of_several_lines() -> None:
    spec = SPECS["registrations"]
    good = cells(spec, fixture_rows("registrations", "good"))
    header = [column.delivered for column in reversed(spec.columns)]
    folded = [cell.replace("赤", "赤\r\n") for cell in reversed(good[0])]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([header, good[0][::-1], folded, good[1][::-1], ["too", "few"]])
    assert text.getvalue().count("\n") > 5
    data = io.BytesIO(text.getvalue().encode("gb18030"))
    layout, chunks = open_text(spec, data, Naming(REGION, DAY), Findings())
    wanted, found, sound = both(spec, layout, next(chunks))
    assert_alike(wanted, found)
    assert sound == 3 and len(found.faulty.splitlines()) == 1


def test_most_rows_of_the_fixtures_are_plain() -> None:
    for name, spec in SPECS.items():
        rows = [row for row in cells(spec, fixture_rows(name, "good")) if not any(mark in "".join(row) for mark in ',\n"')]
        plain = PlainRows(spec, None, len(spec.columns), KEY, frozenset())
        text = "".join(f"{spec.delimiter.join(row)}\n" for row in rows).encode(spec.encoding or "utf-8")
        made = plain.rows(text, len(rows), 1)
        assert made is not None and (not rows or len(made.left) < len(rows)), name


@pytest.mark.parametrize(("digits", "plain"), [(16, True), (17, False), (18, False), (19, True), (20, True), (30, True)])
def test_a_long_key_is_plain_unless_it_may_be_an_id(digits: int, plain: bool) -> None:
    spec = SPECS["registrations"]
    shop = "9500,19920520,19920520,1,,,,,,2002,6532,10.00,,傅建国,,01,0,520381101,赤水市复兴镇1号,服装零售,1"
    line = f"{'1' * digits},520381600000015,,赤水市宝康服装店,{shop}\n".encode("gb18030")
    made = PlainRows(spec, None, len(spec.columns), KEY, frozenset()).rows(line, 1, 1)
    assert made is not None and (made.left == []) is plain


@given(st.binary(min_size=1, max_size=100), st.sampled_from(RIGHT))
@settings(deadline=None)
def test_pseudonyms_are_hmac_sha_256(key: bytes, held: str) -> None:
    import numpy as np

    out, work = np.empty(64, np.uint8), np.zeros(96, np.uint32)
    hmac_of_18(np.frombuffer(held.encode(), np.uint8), 0, hmac_states(key), work, out, 0)
    assert out.tobytes().decode() == hmac.digest(key, held.encode(), "sha256").hex()


def test_tables_have_room_for_their_words() -> None:
    assert max(len(word.encode()) for word in (*TWO_CHARACTER_SURNAMES, *LEGAL_PERSON_ENDINGS)) <= 96
    assert {len(word.encode()) for word in TWO_CHARACTER_SURNAMES} == {6}
