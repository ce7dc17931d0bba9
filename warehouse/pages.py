"""Pages that stand alone: one HTML file, nothing to fetch, to be read on a screen and to be printed on A4.

Chinese typography is in the style: a serif for the text and a sans for headings, strict line breaks, figures of equal width,
A4 with heads of tables repeated.
"""

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.7 "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", SimSun, Georgia, serif; color: #1a1a1a;
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; line-break: strict; text-spacing-trim: normal; }
h1, h2, th { font-family: "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", Arial, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; } caption { text-align: left; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid #ddd; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, .hash { font-family: "Noto Sans Mono", Consolas, monospace; font-size: .82em; overflow-wrap: anywhere; }
.figure { font-size: 2.2rem; font-variant-numeric: tabular-nums; } .aside { float: right; margin: 0 0 1rem 1rem; }
.note { color: #555; font-size: .85rem; } .wide { overflow-x: auto; } svg text { font-family: inherit; }
@page { size: A4; margin: 20mm 18mm; }
@media print { body { margin: 0; max-width: none; font-size: 10.5pt; } h2 { break-after: avoid; } tr, svg { break-inside: avoid; }
  thead { display: table-header-group; } .wide { overflow: visible; } .wide svg { width: 100%; height: auto; } }
"""


def page(title: str, lang: str, body: Iterable[str]) -> str:
    """A whole page; `body` are pieces of HTML, already escaped."""
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def heading(text: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text; `kind` is a class of the style."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Iterable[int] = ()) -> str:
    """A table of texts; `numbers` are the columns that stand at the right."""
    right = set(numbers)
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    lines = []
    for row in rows:
        cells = (
            f'<td class="number">{_text(cell)}</td>' if place in right else f"<td>{_text(cell)}</td>"
            for place, cell in enumerate(row)
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(lines) + "\n</tbody>\n</table>"


def _text(cell: object) -> str:
    return "" if cell is None else escape(str(cell))
