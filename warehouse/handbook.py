"""The indicators for people, made from their definitions: `python -m warehouse.handbook` writes `docs/<lang>/indicators.md`, the
index, a page for each indicator in `docs/<lang>/indicators/`, and one for each extract (`warehouse.extract_pages`).

A test finds the pages stale.
"""

from collections.abc import Iterator
from pathlib import Path

from warehouse import extract_pages
from warehouse.accounts import account_words
from warehouse.indicators import Indicator, Part, load_indicators
from warehouse.settings import PROJECT
from warehouse.texts import LANGUAGES, t


def index_path(lang: str) -> Path:
    """Where a language's index is."""
    return PROJECT / "docs" / lang / "indicators.md"


def page_path(indicator: str, lang: str) -> Path:
    """Where the page of an indicator is."""
    return PROJECT / "docs" / lang / "indicators" / f"{indicator.lower()}.md"


def pages(lang: str) -> dict[Path, str]:
    """All pages of a language: the index and one for each indicator."""
    indicators = load_indicators()
    found = {index_path(lang): _index(indicators, lang)}
    return found | {page_path(name, lang): _page(one, lang) for name, one in indicators.items()}


def strangers(lang: str) -> Iterator[Path]:
    """Pages of indicators and extracts that there are not any longer."""
    yield from sorted(set(index_path(lang).with_suffix("").glob("*.md")) - pages(lang).keys())
    yield from sorted(set(extract_pages.folder(lang).glob("*.md")) - extract_pages.pages(lang).keys())


def write() -> None:
    """Write all pages, and remove those of indicators that are gone."""
    for lang in LANGUAGES:
        for stranger in strangers(lang):
            stranger.unlink()
        for path, text in (pages(lang) | extract_pages.pages(lang)).items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")


def _index(indicators: dict[str, Indicator], lang: str) -> str:
    rows = [
        f"| [{name}](indicators/{name.lower()}.md) | {getattr(one.name, lang)} | {getattr(one.unit, lang)} "
        f"| {_periods(one, lang)} | {getattr(one.meaning, lang)}{' ◇' if one.own_reading else ''} |"
        for name, one in sorted(indicators.items())
    ]
    return "\n".join([t("handbook.head", lang).strip(), "", t("handbook.columns", lang), "|---|---|---|---|---|", *rows]) + "\n"


def _page(one: Indicator, lang: str) -> str:
    other = next(language for language in LANGUAGES if language != lang)
    comma, stop = t("handbook.comma", lang), t("handbook.stop", lang)
    facts = {
        "other_name": getattr(one.name, other),
        "unit": getattr(one.unit, lang),
        "periods": _periods(one, lang),
        "breakdowns": comma.join(f"`{name}`" for name in ("total", *one.breakdowns)),
        "needs": comma.join(f"`{name}`" for name in one.needs),
        "version": one.method_version,
        "source": getattr(one.source_of_definition, lang),
    }
    caveats = [t("handbook.own_reading", lang)] if one.own_reading else []
    caveats += [getattr(one.caveat, lang) + stop] if one.caveat else []
    caveats += [t("handbook.standard_error", lang)] if one.standard_error else []
    caveats += [t("handbook.late_final", lang, years=one.final_after_years)] if one.final_after_years else []
    blocks = [
        f"# {one.indicator} · {getattr(one.name, lang)}",
        t("handbook.made", lang).strip(),
        getattr(one.meaning, lang) + stop,
        "## " + t("handbook.definition", lang),
        getattr(one.definition, lang) + stop,
        "\n".join(f"- {t(f'handbook.{name}', lang)}{text}" for name, text in facts.items()),
        "## " + t("handbook.formula", lang),
        "\n".join(_formula(one, lang)),
        *(["## " + t("handbook.caveats", lang), "\n".join(f"- {text}" for text in caveats)] if caveats else []),
        "## " + t("handbook.where", lang),
        t("handbook.look", lang, indicator=one.indicator, period=_example(one)).strip(),
    ]
    return "\n\n".join(blocks) + "\n"


def _formula(one: Indicator, lang: str) -> list[str]:
    """The formula in words: what each part adds up, and what the value is made of."""
    lines = [f"- {t('handbook.numerator', lang)}{_part(one.numerator, lang)}"]
    value = t("handbook.numerator_short", lang)
    if one.denominator is not None:
        lines.append(f"- {t('handbook.denominator', lang)}{_part(one.denominator, lang)}")
        value += f" ÷ {t('handbook.denominator_short', lang)}"
    if one.scale != 1:
        value += f" × {one.scale}"
    return [*lines, f"- {t('handbook.value', lang)}{value}"]


def _part(part: Part, lang: str) -> str:
    comma = t("handbook.comma", lang)
    terms = [f"{'−' if sign < 0 else '+'} {_account(name, lang)}" for name, sign in part.accounts.items()]
    text = t(f"handbook.{part.accumulation}", lang) + " ".join(terms).removeprefix("+ ")
    if part.sector:
        text += t("handbook.only_sectors", lang, sectors=comma.join(part.sector))
    if part.lag_years:
        text += t("handbook.lag", lang, years=part.lag_years)
    if part.undivided is not None:
        text += t("handbook.undivided", lang, breakdowns=comma.join(f"`{name}`" for name in part.undivided))
    return text


def _account(name: str, lang: str) -> str:
    """An account by its words and its name in the ledger; a test asks for the words of each."""
    words = account_words().get(name)
    return f"{getattr(words, lang)} (`{name}`)" if words else f"`{name}`"


def _periods(one: Indicator, lang: str) -> str:
    return t("handbook.comma", lang).join(t(f"handbook.period.{period}", lang) for period in one.periods)


def _example(one: Indicator) -> str:
    return "2010" if "Y" in one.periods else "2010-Q4"


if __name__ == "__main__":
    write()
