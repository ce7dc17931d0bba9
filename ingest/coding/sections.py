"""The industry section (GB/T 4754-2017, A–T) of a business scope, by a maintained dictionary (`data/section_terms.csv`).

1. Formulas that say nothing of the business (what law forbids or permits, licences, terms, exceptions in brackets) are cut off.
2. The scope is read clause by clause (; 。 and line ends): its first item is the main business. In a clause terms are found,
   the longest first. The first term of priority 1 (煤炭开采, 房地产开发) or 2 (销售) decides, but one of 2 yields to a later
   one of 1 that grows, digs or makes (sections A–C: who sells what they make is a producer), unless a colon follows it
   (销售:钢材、…). One of 3 names goods or is a weak hint and decides only when nothing else does; but two goods before a
   service (百货、五金、家电维修) are the first items, and trade is the business.
3. The first clause with a term of priority 1 or 2 decides. Without one the enterprise's name is asked (its last term of priority
   1, else of 2: the head of a Chinese name stands last); then what was of priority 3. Nothing: unknown. `said_by` tells which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ingest.coding.terms import DATA, Found, Terms, plain, rows
from ingest.errors import SpecError

_COLUMNS = ("term", "section", "priority", "where", "note")
_FORMULA = re.compile(
    r"法律、?法规、?国务院决定规定(?:禁止的不得经营|应当许可(?:\(审批\))?的?,?经审批机关批准后凭许可(?:\(审批\))?文件经营"
    r"|无需许可(?:\(审批\))?的?,?(?:市场主体自主选择经营)?)"
    r"|依法须经批准的项目,?[^。;)]*|国家法律、?法规[^;。,]*|[以上]+述?经营范围.*|(?:一般|许可|前置)(?:经营)?项目:?|经营范围:"
)
_BRACKETS = re.compile(r"\([^()]*\)")
_CONDITION = re.compile(r"法律、?法规|除外|不含|^\(除|有效期|许可|审批|批准|截止|至20\d\d|筹建|筹设")
_CLAUSE = re.compile(r"[;。\n*]+")
_LEGAL_FORM = re.compile(r"(?:股份|有限|责任|公司|集团|\(集团\)|分公司|总)+$")


_PRODUCERS = ("A", "B", "C")


@dataclass(frozen=True)
class Section:
    """`section` is a letter, None when nothing says one; `by` the term that decided."""

    section: str | None
    by: str | None = None
    said_by: Literal["scope", "name"] | None = None


UNKNOWN = Section(None)


def business(scope: str) -> str:
    """What a scope says of the business: without the formulas of law and without conditions in brackets."""
    text = plain(scope)
    if "法" in text or "项目" in text or "经营范围" in text:
        text = _FORMULA.sub(";", text)
    if "(" in text:
        text = _BRACKETS.sub(lambda found: ";" if _CONDITION.search(found[0]) else found[0], text)
    return text


@dataclass(frozen=True)
class _Term:
    term: str
    section: str
    priority: int


class Sections:
    """The dictionary, ready for asking. Made once, asked often: an answer costs some ten microseconds."""

    def __init__(self, folder: Path = DATA) -> None:
        where: dict[str, dict[str, _Term]] = {"scope": {}, "name": {}}
        for row in rows("section_terms.csv", _COLUMNS, folder):
            places = ("scope", "name") if row["where"] == "both" else (row["where"],)
            if not re.fullmatch("[A-T]?", row["section"]) or row["priority"] not in ("1", "2", "3") or places[0] not in where:
                raise SpecError(f"section_terms.csv: {row}")
            term = _Term(plain(row["term"]), row["section"], int(row["priority"]))
            for place in places:
                if where[place].setdefault(term.term, term) != term:
                    raise SpecError(f"section_terms.csv: {term.term!r} stands twice with different sections")
        self._scope = Terms((term, what) for term, what in where["scope"].items())
        self._name = Terms((term, what) for term, what in where["name"].items())

    def section(self, scope: str | None, name: str | None = None) -> Section:
        """The section of a business by its scope and, where that does not say, by the enterprise's name."""
        weak: _Term | None = None
        for clause in _CLAUSE.split(business(scope or "")):
            best = self._best(clause)
            if best is not None and best.priority < 3:
                return Section(best.section, best.term, "scope")
            weak = weak or best
        if (head := self._head(plain(name or ""))) is not None:
            return Section(head.section, head.term, "name")
        return UNKNOWN if weak is None else Section(weak.section, weak.term, "scope")

    def says_something(self, scope: str) -> bool:
        """Whether anything is left of a scope once its formulas are cut off."""
        return bool(re.sub(r"[\W_]+", "", business(scope)))

    def _best(self, clause: str) -> _Term | None:
        best: _Term | None = None
        goods = 0
        for found in self._scope.find(clause):
            term = found.what
            if not term.section:
                continue
            goods += term.priority == 3
            if best is None:
                best = term
            elif best.priority == 3 and term.priority < 3:
                best = term if goods < 2 or term.section in _PRODUCERS else replace(best, priority=2)
            elif best.priority == 2 and term.priority == 1 and term.section in _PRODUCERS:
                return term
            if best.priority == 1 or (best is term and term.priority == 2 and clause.startswith(":", found.end)):
                return best
        return best

    def _head(self, name: str) -> _Term | None:
        found: list[Found[_Term]] = list(self._name.find(_LEGAL_FORM.sub("", name)))
        for priority in (1, 2):
            for one in reversed(found):
                if one.what.section and one.what.priority == priority:
                    return one.what
        return None
