"""Decimals as people and JSON get them."""

import json
from decimal import Decimal


def number(value: Decimal | None) -> str | None:
    """A decimal as its shortest plain text."""
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_json(document: object) -> str:
    """A document as JSON; decimals as their shortest plain text, days and moments as theirs."""
    return json.dumps(document, ensure_ascii=False, indent=1, default=_plain)


def _plain(value: object) -> str | None:
    return number(value) if isinstance(value, Decimal) else str(value)
