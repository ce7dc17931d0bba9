"""The evidence sheet as a PDF that keeps (PDF/A-2u), set by Typst with Noto Sans SC: nothing of the system is needed.

The same sheet gives the same bytes: the moment of the document is the one that its build's knowledge ends with.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime, time
from importlib.util import find_spec
from pathlib import Path

from warehouse.sheet.content import content
from warehouse.sheet.drawings import qr
from warehouse.sheet.read import Sheet
from warehouse.texts import t

_TEMPLATE = Path(__file__).with_name("sheet.typ")


def as_pdf(sheet: Sheet, lang: str) -> bytes:
    """The whole document."""
    import typst

    said = content(sheet, lang)
    document = {
        **asdict(said),
        "lang": lang,
        "qr": qr(said.identifier),
        "identifier_label": t("sheet.identifier", lang),
    }
    made = typst.compile(
        _TEMPLATE,
        format="pdf",
        font_paths=[font_folder()],
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(document, ensure_ascii=False)},
        pdf_standards="a-2u",
        timestamp=datetime.combine(sheet.build.business_date, time(), UTC),
    )
    assert isinstance(made, bytes)
    return made


def font_folder() -> Path:
    """Where the Chinese font lies; the package that brings it is not imported (it wants matplotlib)."""
    spec = find_spec("zhplot")
    assert spec is not None and spec.origin is not None, "zhplot is a dependency"
    return Path(spec.origin).parent / "fonts"
