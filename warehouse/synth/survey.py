"""The city's survey of founders, a wave a year, and the population's rows."""

from datetime import date, timedelta

from warehouse.synth.days import compact
from warehouse.synth.deliver import Deliveries
from warehouse.synth.people import draw_groups
from warehouse.synth.places import KIND, REGION, TOWNS
from warehouse.synth.rng import Weighted, stream

RESPONDENTS, PER_PSU = 2000, 25
SHARE = {"A": 0.45, "B": 0.38, "C": 0.17}
PEOPLE = {"A": 85_000, "B": 119_000, "C": 33_000}
STATUS = Weighted([("0", 72.0), ("1", 9.0), ("2", 3.0), ("3", 6.0), ("4", 10.0)])
MEAN = {2009: 3.25}  # of an answer; one tenth of a point higher is about 2.5 on the index
LATER_MEAN = 3.5
POPULATION_2009 = {
    "RESIDENT": 237_000,
    "AGE1564": 158_000,
    "AGE1560": 149_000,
    "AGE1664": 156_000,
    "AGE1864": 148_000,
    "URBANLABOUR": 48_000,
}


def deliver_survey(seed: int, shard: int, size: float, waves: list[int], out: Deliveries) -> None:
    """Both waves' respondents of a shard: strata by kind of town, PSUs numbered within their stratum."""
    rng = stream(seed, shard, "survey")
    for wave in waves:
        serial = 0
        for stratum, share in SHARE.items():
            count = round(RESPONDENTS * size * share)
            towns = [town[0] for town in TOWNS if KIND[town[0]] == stratum]
            psus = max(2, round(count / PER_PSU))
            where = [(towns[n % len(towns)], rng.gauss(0, 0.12)) for n in range(psus)]
            weight = PEOPLE[stratum] * size / max(count, 1)
            for number in range(count):
                serial += 1
                psu = number % psus
                town, tilt = where[psu]
                status = STATUS.draw(rng)
                motive = rng.choice("1222") if status in "234" and rng.random() < 0.97 else ""
                mean = MEAN.get(wave, LATER_MEAN) + tilt
                answers = [_answer(rng.gauss(mean, 0.95)) if rng.random() < 0.96 else "" for _ in "123"]
                visited = date(wave, 10, 8) + timedelta(days=rng.randrange(30))
                jobs = str(int(rng.expovariate(0.5))) if status in "34" else ""
                group = draw_groups(rng)
                out.put(
                    "survey",
                    out.nights[0],
                    [
                        str(wave),
                        f"{shard:02d}{serial:06d}",
                        stratum,
                        f"{shard * 1000 + psu + 1}",
                        f"{weight * rng.uniform(0.7, 1.3):.6f}",
                        town,
                        str(16 + int(49 * rng.random())) if rng.random() < 0.94 else str(rng.randrange(65, 80)),
                        rng.choice("12"),
                        group,
                        status,
                        motive,
                        jobs,
                        *answers,
                        compact(visited),
                    ],
                )


def _answer(value: float) -> str:
    return str(min(5, max(1, round(value))))


def deliver_population(scale: float, years: list[int], out: Deliveries) -> None:
    """A row for each town and year, and the city's, their sum; the newest year is preliminary."""
    whole = sum(town[3] for town in TOWNS)
    for year in years:
        growth = 1.018 ** (year - 2009)
        rows: list[tuple[str, list[int]]] = []
        for code, _, units, people, _ in TOWNS:
            of_town = {k: round(v * scale * growth * people / whole) for k, v in POPULATION_2009.items()}
            of_town["URBANLABOUR"] = round(POPULATION_2009["URBANLABOUR"] * scale * growth * (units + people) / (100 + whole))
            rows.append((code, list(of_town.values())))
        city = (REGION, [sum(column) for column in zip(*(cells for _, cells in rows), strict=True)])
        for geo, numbers in [city, *rows]:
            out.put("population", out.nights[0], [str(year), geo, *map(str, numbers), "P" if year == years[-1] else "F"])
