"""Figures of the citizens' survey: weighted ratios with their standard errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction

from .fold import Facts
from .frame import NO_RATE, Attributes, Cell, Cells, Ground, Period, Place, band, rounded
from .units import Answer

Pair = tuple[Fraction, Fraction]  # what a respondent adds to numerator and denominator, not weighted
OUT: Pair = (Fraction(0), Fraction(0))


def of_answer(a: Answer) -> Attributes:
    return {"sex": (a.sex,), "age_band": (band(a.age),), "founder_group": a.groups}


def score(a: Answer) -> Fraction:
    """Mean of the answers on 0…100, rounded half up to 12 decimals."""
    return Fraction(rounded(Fraction(sum(25 * (x - 1) for x in a.answers), len(a.answers))))


def _aged(a: Answer, youngest: int) -> bool:
    return a.age is not None and youngest <= a.age <= 64


def _part(inside: bool, of: bool) -> Pair:
    return (Fraction(inside), Fraction(1)) if of else OUT


FORMULAS: dict[str, tuple[Callable[[Answer], Pair], int]] = {
    "SAT_IDX": (lambda a: (score(a), Fraction(1)) if a.answers else OUT, 1),
    "SAT_SHARE": (lambda a: (Fraction(sum(1 for x in a.answers if x >= 4)), Fraction(len(a.answers))), 100),
    "ACT_SVY": (lambda a: _part(a.status in ("2", "3", "4"), _aged(a, 16)), 100),
    "ACT_TEA": (lambda a: _part(a.status in ("2", "3"), _aged(a, 18)), 100),
    "ACT_INTENT": (lambda a: _part(a.status == "1", _aged(a, 16)), 100),
    "ACT_OPP_SHARE": (lambda a: _part(a.motive == "2", _aged(a, 16) and a.motive != ""), 100),
}


def survey(known: Facts, p: Period, ground: Ground) -> Cells:
    wave = [a for a in known.answers if a.wave == p.last.year]
    psus: dict[str, set[str]] = defaultdict(set)
    for a in wave:
        psus[a.stratum].add(a.psu)
    cells: Cells = {}
    for name, (formula, scale) in FORMULAS.items():
        members: dict[Place, list[tuple[Answer, Pair]]] = defaultdict(list)
        for a in wave:
            pair = formula(a)
            if pair != OUT:
                for place in ground.places(a.town, of_answer(a)):
                    members[place].append((a, pair))
        found = {place: _ratio(inside, psus, scale) for place, inside in members.items()}
        cells |= ground.cells(name, p, NO_RATE, found)
    return cells


def _ratio(members: list[tuple[Answer, Pair]], psus: dict[str, set[str]], scale: int) -> Cell:
    """Σ wy ÷ Σ wx, with the ultimate clusters' variance of z = Σ w(y − Rx) ÷ Σ wx of each PSU (ruling 42)."""
    total = sum((Fraction(a.weight) * y for a, (y, _) in members), Fraction(0))
    weights = sum((Fraction(a.weight) * x for a, (_, x) in members), Fraction(0))
    ratio = total / weights
    residuals: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for a, (y, x) in members:
        residuals[a.stratum, a.psu] += Fraction(a.weight) * (y - ratio * x) / weights
    variance = Fraction(0)
    for stratum, units in psus.items():
        n = len(units)
        if n > 1:
            z = [residuals.get((stratum, psu), Fraction(0)) for psu in units]
            centre = sum(z, Fraction(0)) / n
            variance += Fraction(n, n - 1) * sum(((x - centre) ** 2 for x in z), Fraction(0))
    error = scale * float(variance) ** 0.5
    return Cell(rounded(ratio * scale), total, weights, len(members), error, "ok")
