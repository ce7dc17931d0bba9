"""The indicators for people, made from their definitions: `python -m warehouse.handbook` writes `docs/<lang>/indicators.md`.

A test finds the pages stale.
"""

from pathlib import Path

from warehouse.indicators import Indicator, Part, load_indicators
from warehouse.settings import PROJECT
from warehouse.texts import LANGUAGES, t


def path(lang: str) -> Path:
    """Where a language's page is."""
    return PROJECT / "docs" / lang / "indicators.md"


def render(lang: str) -> str:
    """The page: what all indicators share, then each of them."""
    indicators = load_indicators()
    parts = [t("handbook.head", lang), *(_section(indicators[name], lang) for name in sorted(indicators))]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(one: Indicator, lang: str) -> str:
    comma = t("handbook.comma", lang)
    lines = {
        "unit": getattr(one.unit, lang),
        "formula": _formula(one, lang),
        "periods": comma.join(t(f"handbook.period.{period}", lang) for period in one.periods),
        "breakdowns": comma.join(f"`{name}`" for name in ("total", *one.breakdowns)),
        "needs": comma.join(f"`{name}`" for name in one.needs),
        "source": getattr(one.source_of_definition, lang) + (t("handbook.own_reading", lang) if one.own_reading else ""),
    }
    facts = "\n".join(f"- {t(f'handbook.{name}', lang)}{text}" for name, text in lines.items())
    title = f"## {one.indicator} · {getattr(one.name, lang)} ({one.method_version})"
    texts = [getattr(text, lang) + t("handbook.stop", lang) for text in (one.meaning, one.definition)]
    return "\n\n".join([title, *texts, facts])


def _formula(one: Indicator, lang: str) -> str:
    text = _part(one.numerator, lang)
    if one.denominator is not None:
        text += f" ÷ {_part(one.denominator, lang)}"
    if one.scale != 1:
        text += f" × {one.scale}"
    return text


def _part(part: Part, lang: str) -> str:
    signed = [("− " if sign < 0 else "+ ") + f"`{account}`" for account, sign in part.accounts.items()]
    body = " ".join(signed).removeprefix("+ ")
    sector = f", sector={'/'.join(part.sector)}" if part.sector else ""
    return f"{t(f'handbook.{part.accumulation}', lang)}({body}{sector})"


if __name__ == "__main__":
    for language in LANGUAGES:
        path(language).write_text(render(language), encoding="utf-8")
