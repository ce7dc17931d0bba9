"""The site of what the rules found, by night and source: Great Expectations' Data Docs from the ledger, in `<home>/data_docs`.

Only pages that are not there yet are rendered, those of older nights are removed (setting `data_docs_nights`). What the ledger
has of a check is counts, shares and types of exceptions, so that is all a page can show.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from psycopg.rows import class_row

from warehouse import pages
from warehouse.alerts import agreed_name
from warehouse.checks import NIGHT, Check, beside, checks
from warehouse.files import locked, write_whole
from warehouse.guard import FigureCheck, figure_checks
from warehouse.query import session
from warehouse.settings import Settings
from warehouse.texts import catalogue, t

if TYPE_CHECKING:
    from expectations.data_docs import Finding, Page

FIGURES = "figures"  # what stands for a source where the figures of a build were judged
_WORDS = "docs.word."
_LAYOUT = 1  # of the pages: another one renders all of them anew

_CHECKED = f"""
    with judged as (
        select d.*, {NIGHT} as night_of from ledger.delivery as d
        where d.region = %(region)s and exists (select from ledger.check_result as c where c.delivery_id = d.delivery_id)
    ),
    night as (select distinct night_of from judged order by 1 desc limit %(nights)s),
    found as (
        select d.source, d.night_of as day, d.delivery_id as number, d.file_name as what, d.status, r.rule, r.error,
            r.error is null and r.judged and r.passed as passed, r.error is null and r.judged and not r.passed as failed,
            r.error is null and not r.judged as not_judged,
            concat_ws('|', r.rule, r.checked, r.failed, r.passed, r.judged, r.error, r.observed, r.lower, r.upper) as line
        from ledger.check_result as r
        inner join judged as d using (delivery_id)
        inner join night using (night_of)
        union all
        select %(figures)s, b.business_date, b.build_id, null, b.status, c.rule, null, c.passed, not c.passed, false,
            concat_ws('|', c.rule, c.checked, c.failed)
        from ledger.build_check as c
        inner join ledger.build as b using (build_id)
        where b.business_date >= (select min(night_of) from night)
    )
    select
        source, day, number, what, status, count(*) filter (where passed) as passed, count(*) filter (where failed) as failed,
        count(*) filter (where not_judged) as not_judged, count(error) as errors,
        left(md5(string_agg(line, chr(10) order by rule)), 8) as digest
    from found group by 1, 2, 3, 4, 5
    order by day desc, source, number
"""


@dataclass(frozen=True)
class _Line:
    """A delivery, or a build, in the index; `number` is its own, `digest` that of what the rules found in it."""

    source: str
    day: date
    number: int
    what: str | None
    status: str
    passed: int
    failed: int
    not_judged: int
    errors: int
    digest: str

    def asset(self, lang: str) -> str:
        """How it is called: by its file where that has the agreed name (another may say anything)."""
        if self.source == FIGURES:
            return t("docs.build", lang, number=self.number)
        return agreed_name(self.what or "") or t("docs.delivery", lang, number=self.number)


def index_of(settings: Settings) -> Path:
    """Where the site begins; it need not be there."""
    return settings.home / "data_docs" / "index.html"


def refresh(settings: Settings) -> Path | None:
    """Bring the site up to what the ledger says; its index, or None when the setting wants no site."""
    site = index_of(settings).parent
    if settings.data_docs_nights == 0:
        return None
    with locked(settings.run / "data_docs.lock"):
        asked = {"region": settings.region, "nights": settings.data_docs_nights, "figures": FIGURES}
        with session(settings, "bureau_evaluator") as connection, connection.cursor(row_factory=class_row(_Line)) as cursor:
            lines = cursor.execute(_CHECKED.encode(), asked).fetchall()
        site.mkdir(parents=True, exist_ok=True)
        _write_missing(settings, site, lines)
        lang = settings.lang
        write_whole(index_of(settings), pages.page(t("docs.title", lang), lang, _index(lines, lang)), 0o644)
        wanted = {site / _place(line, lang) for line in lines}
        for old in set(site.glob("validations/**/*.html")) - wanted:
            old.unlink()
        for folder in sorted(site.glob("validations/**/"), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()
    return index_of(settings)


def _write_missing(settings: Settings, site: Path, lines: Iterable[_Line]) -> None:
    lang = settings.lang
    missing = [line for line in lines if not (site / _place(line, lang)).is_file()]
    if not missing:
        return
    from expectations.data_docs import render

    words = {key.removeprefix(_WORDS): texts[lang] for key, texts in catalogue().items() if key.startswith(_WORDS)}
    instead = {t(f"{_WORDS}{name}", "en"): text for name, text in words.items()}
    render(site, _pages(settings, missing), instead if lang != "en" else {})


def _pages(settings: Settings, missing: Iterable[_Line]) -> "Iterator[Page]":
    lang = settings.lang
    for day, lines in groupby(missing, key=lambda line: line.day):
        of_deliveries, of_builds = checks(settings, lang, day), figure_checks(settings, day)
        for line in lines:
            if line.source == FIGURES:
                findings = [_of_figures(one, lang) for one in of_builds if one.build_id == line.number]
            else:
                findings = [_of_delivery(one, lang) for one in of_deliveries if one.delivery_id == line.number]
            yield _page(line, lang, findings)


def _page(line: _Line, lang: str, findings: "Iterable[Finding]" = ()) -> "Page":
    from expectations.data_docs import Page

    name = f"{'b' if line.source == FIGURES else 'd'}{line.number}-{line.digest}-{lang}{_LAYOUT}"
    order = ("error", "failed", "passed", "not_judged")
    return Page(line.source, line.day, name, line.asset(lang), tuple(sorted(findings, key=lambda one: order.index(one.result))))


def _place(line: _Line, lang: str) -> Path:
    return Path(_page(line, lang).place)


def _of_delivery(one: Check, lang: str) -> "Finding":
    from expectations.data_docs import Finding

    said = t("docs.rule", lang, severity=t(f"checks.severity.{one.severity}", lang), sentence=one.sentence, owner=one.owner)
    counts = f"{one.failed or 0:,} / {one.checked or 0:,}{beside(one, lang)}"
    return Finding(
        one.rule, said, one.result, t("checks.result.not_judged", lang) if one.result == "not_judged" else counts, one.error
    )


def _of_figures(one: FigureCheck, lang: str) -> "Finding":
    from expectations.data_docs import Finding

    result: Literal["passed", "failed"] = "passed" if one.passed else "failed"
    return Finding(one.rule, t(f"guard.{one.rule}", lang), result, f"{one.failed:,} / {one.checked:,}")


def _index(lines: Iterable[_Line], lang: str) -> Iterator[str]:
    yield pages.heading(t("docs.title", lang), 1)
    yield pages.paragraph(t("docs.about", lang), "note")
    columns = ("source", "what", "status", "passed", "failed", "not_judged", "errors")
    head = "".join(f"<th>{escape(t(f'docs.column.{name}', lang))}</th>" for name in columns)
    for day, group in groupby(lines, key=lambda line: line.day):
        yield pages.heading(t("docs.night", lang, date=day))
        yield f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>"
        for line in group:
            status = f"{'guard' if line.source == FIGURES else 'nightly'}.status.{line.status}"
            link = f'<a href="{escape(_place(line, lang).as_posix())}">{escape(line.asset(lang))}</a>'
            counts = (line.passed, line.failed, line.not_judged, line.errors)
            cells = [escape(line.source), link, escape(t(status, lang))]
            numbers = "".join(f'<td class="number">{count:,}</td>' for count in counts)
            yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}{numbers}</tr>"
        yield "</tbody>\n</table>"
