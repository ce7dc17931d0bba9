"""What goes wrong in the demo: a refused delivery, quarantined rows and their mending, late corrections, planted names."""

from datetime import date, timedelta

from warehouse.synth.days import compact
from warehouse.synth.deliver import Deliveries, Refusal
from warehouse.synth.entities import Entity, registration_row
from warehouse.synth.layout import LAYOUTS
from warehouse.synth.loans import Loans
from warehouse.synth.people import PLANTED_NAMES, Person, native_region, resident_id

Changes = dict[str, str]
# What a clerk got wrong in the night of the third day, and what mends it in the fourth; no mending stays open.
REGISTER_FAULTS: tuple[tuple[Changes, bool], ...] = (
    ({"ENTTYPE": "9999"}, True),
    ({"LEREPCERNO": "证件待补"}, True),
    ({"REGSTATE": "3", "CANDATE": "19890101", "EXITREASON": "1"}, True),
    ({"ENTNAME": ""}, False),
    ({"TOWN": "520381109"}, False),
    ({"FOUNDERGROUP": "02;09"}, False),
)
JOB_FAULTS: tuple[tuple[Changes, bool], ...] = (
    ({"ACC031": "9"}, True),
    ({"AAC002": "52213119"}, True),
    ({"AAE031": "19990101", "ACC033": "3", "AAC008": "3"}, False),
)


def planted_people(seed: int) -> tuple[Person, ...]:
    """The people with unmistakable names, and valid ids of their own (sequence numbers above those of the city)."""
    people = []
    for place, name in enumerate(PLANTED_NAMES):
        birth = date(1938, 1, 1) + timedelta(days=(seed * 7 + place * 11) % 365)
        ident = resident_id(f"{native_region(birth.year)}{birth:%Y%m%d}{990 + place}")
        people.append(Person(ident, name, "2" if place % 2 else "1", birth, "03", place == 1))
    return tuple(people)


def planted_ids(seed: int) -> tuple[str, ...]:
    """The ids of the planted people, 18 digits; where an old card is used, its 15 digits too."""
    people = planted_people(seed)
    return tuple(p.ident for p in people) + tuple(p.short for p in people if p.old)


class Demo:
    """Plans the faults after the first night: refusal in the 2nd, bad rows in the 3rd, mending and late rows in the 4th."""

    def __init__(self, seed: int, nights: list[date]) -> None:
        if len(nights) < 4:
            raise ValueError("the demo's faults need four working days")
        self._second, self._third, self._fourth = nights[1:4]
        self._people = planted_people(seed)
        self.refusal = Refusal("tax_national", self._second, "PAID")

    def plant(self, entities: list[Entity]) -> None:
        """Give some households to the planted people, name included: other sources follow from it."""
        places = [e for e in entities if e.sector == "individual" and e.est.year >= 2009 and e.end is None and not e.left]
        places = [e for e in places if e.noise >= 100 and e.known <= self._second - timedelta(days=1)]
        for person, entity in zip(self._people * 2, places[:: max(1, len(places) // 12)], strict=False):
            old = entity.founder
            entity.name = entity.name.replace(old.name, person.name) if old.name in entity.name else f"赤水市{person.name}副食店"
            entity.founder, entity.blank_cert, entity.bad_cert = person, False, False

    def deliver(self, entities: list[Entity], loans: Loans, out: Deliveries) -> None:
        """Put the demo's own rows among the nights."""
        mine = [e for e in entities if e.founder in self._people]
        self._register_faults(entities, out)
        self._job_faults(mine, out)
        for entity in mine[:4]:
            loans.contract(entity.founder, entity, max(date(2010, 3, 15), entity.est))
        for entity in mine[:6]:
            self._spell(entity, out)
            self._seat(entity, out)
        self._late(entities, mine, out)

    def _register_faults(self, entities: list[Entity], out: Deliveries) -> None:
        columns = LAYOUTS["registrations"].columns
        fresh = [e for e in entities if e.end is None and e.est.year == 2010 and e.known <= self._third and not e.left]
        for place, (changes, mended) in enumerate(REGISTER_FAULTS):
            entity = fresh[-1 - place]
            if entity.founder not in self._people:
                entity.founder = self._people[place % len(self._people)]
            right = registration_row(entity, self._third)
            wrong = [changes.get(column, cell) for column, cell in zip(columns, right, strict=True)]
            out.put("registrations", self._third, wrong)
            if mended:
                out.put("registrations", self._fourth, registration_row(entity, self._fourth))

    def _job_faults(self, mine: list[Entity], out: Deliveries) -> None:
        columns = LAYOUTS["employment"].columns
        for place, (changes, mended) in enumerate(JOB_FAULTS):
            right = self._job(mine[-1 - place], f"52039900000{place:03d}", date(2010, 12, 1))
            wrong = [changes.get(column, cell) for column, cell in zip(columns, right, strict=True)]
            out.put("employment", self._third, wrong)
            if mended:
                out.put("employment", self._fourth, right)

    def _job(self, e: Entity, number: str, start: date) -> list[str]:
        p, start = e.founder, max(start, e.est)
        who = [number, p.short if p.old else p.ident, p.name, p.sex, compact(p.birth)]
        return [*who, e.unit, e.regno, e.name, compact(start), "", "1", "2", "1", "", p.group, e.town]

    def _spell(self, e: Entity, out: Deliveries) -> None:
        number = f"520398{int(e.pripid[-8:]):08d}"
        out.put("employment", max(e.known, date(2010, 2, 1)), self._job(e, number, date(2010, 2, 1)))

    def _seat(self, e: Entity, out: Deliveries) -> None:
        p = e.founder
        row = ["CS2010990001", "赤水市就业培训中心", "SYB", p.name, p.ident, p.group, "20101208", "20101222", "合格"]
        out.put("training", date(2010, 12, 27), [*row, f"CS99{e.pripid[-6:]}", "600.00", "", "", "", e.town])

    def _late(self, entities: list[Entity], mine: list[Entity], out: Deliveries) -> None:
        """Corrections that change closed months: an exit's day, exits nobody reported, a founder; and a late voucher."""
        ended = [e for e in entities if e.end and e.end.year == 2010 and e.end.month in (9, 10) and e.reason == "1"]
        ended = [e for e in ended if e.end_known < self._third and (e.indate or e.est) < date(2010, 5, 1)]
        for entity in ended[:4]:
            entity.end = date(2010, 7, 15)
        forgotten = [e for e in entities if e.alive(self._fourth) and e.est < date(2009, 6, 1) and e.noise >= 100]
        forgotten = [e for e in forgotten if not e.indate and e.founder not in self._people and e.sector == "individual"]
        for entity in forgotten[:5]:
            entity.end, entity.reason, entity.end_known = date(2010, 6, 18), "1", self._fourth
        moved = [e for e in forgotten[5:9] if "03" not in e.founder.group]
        for place, entity in enumerate(moved):
            entity.founder = self._people[place % len(self._people)]
        for entity in [*ended[:4], *forgotten[:5], *moved]:
            out.put("registrations", self._fourth, registration_row(entity, self._fourth))
        owner = next(e for e in mine if e.est < date(2010, 4, 1))
        out.put("tax_national", self._fourth, _voucher(owner, 1, "20100331", "20100412"))  # the late one
        out.put(
            "tax_national", self._second, _voucher(owner, 2, "20101130", "20101215")
        )  # the refused one has something to spoil


def _voucher(e: Entity, number: int, end: str, paid: str) -> tuple[str, ...]:
    head = (f"G20109900{number:08d}", "L" + e.founder.ident, "", e.name, "10101", f"{end[:6]}01", end)
    return (*head, "48000.00", "1440.00", "0.00", "", "1440.00", paid, "N", "0")
