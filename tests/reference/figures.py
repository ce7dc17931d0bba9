"""Every cell of every indicator, counted in plain loops from what is known at K."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from .activity import Evidence, demography
from .catalogue import SECTORS
from .cells import successors, towns
from .entities import counts, new_rate
from .fold import facts
from .frame import Cells, Ground, periods
from .jobs import jobs_at_young, net_jobs, new_jobs
from .links import Links
from .loans import contracts, loans
from .population import density, founders
from .survey import survey
from .survival import hazard, survival
from .tax import linked, taxes
from .training import coverage, success, trained


def compute(inbox: Path, k: date, region: str = "520381", received: set[str] | None = None) -> Cells:
    """Every cell at knowledge day k of the deliveries in the inbox (of those named in `received` alone, when given)."""
    known = facts(inbox, k, region, received)
    ground = Ground(region, tuple(towns(region, k)), successors(region, k))
    startups = [e for e in known.entities if e.sector in SECTORS]
    links = Links(known.entities)
    evidence = Evidence(known, links)
    lent = contracts(known, links, ground)
    taxed = linked(known, links)
    cells: Cells = {}
    for p in periods(2009, k):
        cells |= counts(startups, p, ground)
        cells |= new_jobs(known, links, p, ground)
        cells |= net_jobs(known, p, ground)
        cells |= jobs_at_young(known, links, p, ground)
        cells |= loans(lent, p, ground)
        cells |= taxes(taxed, p, ground)
        if p.grain != "M":
            cells |= trained(known, p, ground)
        if p.grain == "Y":
            cells |= new_rate(startups, p, ground)
            cells |= demography(startups, evidence, p, ground)
            cells |= survival(startups, evidence, p, ground)
            cells |= hazard(startups, p, ground)
            cells |= founders(startups, known.population, p, ground)
            cells |= density(startups, known.population, p, ground)
            cells |= survey(known, p, ground)
            cells |= success(known, p, ground)
            cells |= coverage(known, p, ground)
    return cells
