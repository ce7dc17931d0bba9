"""What the house's expectations have in common."""

from __future__ import annotations

from typing import Any

from great_expectations.compatibility import pydantic
from great_expectations.expectations.expectation import BatchExpectation


class KeptExpectation(BatchExpectation):  # type: ignore[misc]  # the engine brings no types
    """An expectation that does not change once it is made."""

    _made: Any = pydantic.PrivateAttr(default=None)

    @property
    def configuration(self) -> Any:
        """The engine's record of the expectation, made once: it asks some thirty times a validation, and building the record was
        more than half of a validation's time."""
        if self._made is None:
            self._made = super().configuration
        return self._made
