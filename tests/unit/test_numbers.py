"""Numbers and days in the JSON of commands."""

import json
from datetime import date
from decimal import Decimal

from warehouse.numbers import as_json


def test_json_has_decimals_to_the_last_digit_and_days_as_days() -> None:
    document = {
        "value": Decimal("12.3400"),
        "none": None,
        "days": [date(2010, 12, 31)],
        "zero": Decimal(0),
        "large": Decimal("1E+3"),
    }
    assert json.loads(as_json(document)) == {
        "value": "12.34", "none": None, "days": ["2010-12-31"], "zero": "0", "large": "1000"
    }  # fmt: skip
