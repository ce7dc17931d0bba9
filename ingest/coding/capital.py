"""Registered capital as registries write it: `10(万元)`, `1,000(万元人民币)`, `50(万美元)`, `2.1万元人民币`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from ingest.coding.terms import DATA, plain, rows
from ingest.errors import SpecError

_AMOUNT = re.compile(r"([0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,18})(\.[0-9]{1,8})?\(?([^0-9()]*)\)?")
_DIGITS = 14  # before the point: what decimal(18,4) holds


@dataclass(frozen=True)
class Capital:
    """`amount` in units of 10,000 (万) of the currency, at most four decimals; `currency` its ISO 4217 numeric code."""

    amount: Decimal
    currency: str


class Currencies:
    """How registries name currencies, from `data/currency.csv` (name, currency)."""

    def __init__(self, folder: Path = DATA) -> None:
        self._codes = {}
        for row in rows("currency.csv", ("name", "currency"), folder):
            if not re.fullmatch(r"[0-9]{3}", row["currency"]):
                raise SpecError(f"currency.csv: {row['name']!r} has no numeric code: {row['currency']!r}")
            self._codes[row["name"]] = row["currency"]

    def read(self, text: str | None) -> Capital | None:
        """The capital that the text says, None when it says none that is sure.

        The unit must be written: 万 or 万元 alone is 人民币, a bare number says neither currency nor thousands and is not
        read. An amount in single units (`500000元`) becomes 万 where four decimals hold it; a decimal that they do not
        hold, and a number of more than 14 digits, are not read.
        """
        match = _AMOUNT.fullmatch(plain(text or ""))
        if match is None:
            return None
        whole, decimals, unit = match.groups()
        in_ten_thousands = "万" in unit
        currency = self._codes.get(unit.replace("万", "", 1))
        if currency is None or (not in_ten_thousands and not unit):
            return None
        amount = Decimal(whole.replace(",", "") + (decimals or ""))
        if not in_ten_thousands:
            amount = amount.scaleb(-4)
        amount = amount.normalize()
        exponent = amount.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -4 or amount.adjusted() >= _DIGITS:
            return None
        return Capital(amount + Decimal(0), currency)


@lru_cache(maxsize=1)
def currencies() -> Currencies:
    """The project's own list."""
    return Currencies()
