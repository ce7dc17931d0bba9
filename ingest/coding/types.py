"""The legal form of an entity of a listing that leaves most types blank, by `data/entity_type.csv`.

1. How the unified social credit code begins, where that says it (households, cooperatives).
2. The listing's own type, word for word.
3. Without a type: the last term of the name that the dictionary has (…有限公司第二分公司 is a branch). Nothing: unknown.
"""

from __future__ import annotations

from pathlib import Path

from ingest.coding.terms import DATA, Terms, plain, rows
from ingest.errors import SpecError

_COLUMNS = ("kind", "text", "enttype", "note")


class EntityTypes:
    """The dictionary, ready for asking."""

    def __init__(self, folder: Path = DATA) -> None:
        found: dict[str, dict[str, str]] = {"code": {}, "type": {}, "name": {}}
        for row in rows("entity_type.csv", _COLUMNS, folder):
            if row["kind"] not in found or not row["text"]:
                raise SpecError(f"entity_type.csv: {row}")
            found[row["kind"]][plain(row["text"])] = row["enttype"]
        self._codes, self._types, self._names = found["code"], found["type"], Terms(found["name"].items())

    def code(self, uscc: str | None, enttype: str | None, name: str | None) -> str | None:
        """A code of list `entity_type`, None when nothing says one."""
        if (by_code := self._codes.get((uscc or "")[:2])) is not None:
            return by_code or None
        said = plain(enttype or "")
        if said and said != "N/A":
            return self._types.get(said) or None
        last = ""
        for term in self._names.find(plain(name or "")):
            last = term.what
        return last or None
