"""The evidence sheet as a page that stands alone, for the screen and A4."""

from html import escape

from warehouse.pages import heading, page, paragraph, table
from warehouse.sheet.content import Block, Heading, Paragraph, Picture, content
from warehouse.sheet.drawings import qr
from warehouse.sheet.read import Sheet
from warehouse.texts import t


def as_html(sheet: Sheet, lang: str) -> str:
    """The whole page."""
    said = content(sheet, lang)
    body = [
        f'<div class="aside">{qr(said.identifier)}</div>',
        heading(said.title, 1),
        paragraph(said.cell, "note"),
        f'<p class="figure">{escape(said.value)} <small>{escape(said.unit)}</small></p>',
        *(_html(block) for block in said.blocks),
        f'<p class="note">{escape(t("sheet.identifier", lang))} <code>{escape(said.identifier)}</code></p>',
    ]
    return page(said.title, lang, body)


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return heading(block.text)
    if isinstance(block, Paragraph):
        return paragraph(block.text, "note" if block.is_note else "")
    if isinstance(block, Picture):
        return block.svg
    return table(block.columns, block.rows, block.numbers)
