"""An evidence sheet as a PDF: its text can be read back, its fonts are in it, the same sheet gives the same bytes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from warehouse.figure import Figure
from warehouse.indicators import load_indicator
from warehouse.lineage.read import Build, Input
from warehouse.releases.register import Release
from warehouse.sheet.content import Table, content
from warehouse.sheet.page import as_html
from warehouse.sheet.pdf import as_pdf
from warehouse.sheet.read import Approval, Point, Sheet, SourceChecks, Target, Town

K = date(2010, 12, 31)
HASH = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
MOMENT = datetime(2011, 1, 20, 1, 30, tzinfo=UTC)
RELEASE = Release(
    2, "2010 年初步数", 4, K, 1, None, None, MOMENT, "2010", 9, HASH, HASH, HASH, MOMENT, "li", True, "王芳", MOMENT, None, True
)


def made(towns: int = 3, deliveries: int = 2, title: str = "2010 年初步数") -> Sheet:
    indicator = load_indicator("ENT_NEW")
    figure = Figure(
        "ENT_NEW", indicator.method_version, "2010", "520381", "total", "total",
        Decimal(1234), Decimal(1234), None, 1234, "ok", 4,
    )  # fmt: skip
    return Sheet(
        identifier="bureau:520381/ENT_NEW/v1/2010/520381/total=total@B4",
        indicator=indicator,
        figure=figure,
        target=Target(
            "T1", "ENT_NEW", "520381", "2010", "at_least", Decimal(1000), True, "新设主体", "New entities", "十二五规划"
        ),
        trend=(Point("2008", Decimal(900)), Point("2009", None), Point("2010", Decimal(1234))),
        towns=tuple(Town(f"520381{n:03d}", f"市中街道第{n}办", f"Town {n}", 5, Decimal(5), 6) for n in range(towns)),
        build=Build(4, K, HASH[:40], HASH, HASH, HASH),
        inputs=tuple(Input(n, "registrations", "saic", K, 1, f"registrations_{n}.csv", HASH) for n in range(deliveries)),
        checks=(SourceChecks("registrations", 2, 60, 1, 9000, 4),),
        approvals=(Approval(2, title, Decimal(1234), True, "王芳", MOMENT, HASH),),
        release=RELEASE,
    )


def read(document: bytes) -> tuple[PdfReader, str]:
    reader = PdfReader(BytesIO(document))
    return reader, "".join("".join(page.extract_text().split()) for page in reader.pages)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_pdf_says_what_the_page_says(lang: str) -> None:
    sheet = made()
    reader, text = read(as_pdf(sheet, lang))
    said = content(sheet, lang)
    for words in (
        said.title,
        said.value,
        said.unit,
        said.cell,
        said.identifier,
        HASH,
        "王芳",
        getattr(sheet.indicator.definition, lang),
    ):
        assert "".join(words.split()) in text, words
    for block in said.blocks:
        cells = [cell for row in block.rows for cell in row] if isinstance(block, Table) else []
        assert [cell for cell in cells if "".join(cell.split()) not in text] == []
    assert reader.metadata is not None and reader.metadata.title == said.title


def test_every_font_of_a_pdf_is_in_it() -> None:
    reader, _ = read(as_pdf(made(), "zh"))
    fonts: dict[str, Any] = {}
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            (descendant,) = font.get_object()["/DescendantFonts"]
            fonts[font.get_object()["/BaseFont"]] = descendant.get_object()["/FontDescriptor"].get_object()
    assert any("NotoSansSC" in name for name in fonts)
    assert all({"/FontFile2", "/FontFile3"} & descriptor.keys() for descriptor in fonts.values())


def test_the_same_sheet_gives_the_same_bytes() -> None:
    assert as_pdf(made(), "zh") == as_pdf(made(), "zh")


def test_a_long_sheet_has_pages_and_repeats_the_heads_of_its_tables() -> None:
    reader, text = read(as_pdf(made(towns=40, deliveries=120), "zh"))
    assert len(reader.pages) > 3 and f"{len(reader.pages)}/{len(reader.pages)}" in text
    assert text.count("sha256") >= len(reader.pages) - 2


def test_what_comes_from_data_is_no_markup() -> None:
    evil = '#panic("x") *bold* $1$ <b> \\ "quoted" @ref'
    sheet = made(title=evil)
    assert "".join(evil.split()) in read(as_pdf(sheet, "zh"))[1]
    assert "<b>" not in as_html(sheet, "zh")
