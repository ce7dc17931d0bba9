"""Decimals as people and JSON get them."""

from decimal import Decimal


def number(value: Decimal | None) -> str | None:
    """A decimal as its shortest plain text."""
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
