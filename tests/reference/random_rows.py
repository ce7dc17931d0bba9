"""Rows of an invented, awkward city: every case that the rulings speak of, often, and some rows that break a rule."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from .cells import check_character, codes
from .layouts import TAX_LOCAL

Row = dict[str, str]
TOWNS = ("520381001", "520381001", "520381002", "520381100", "520381200", "520381999", "")
EDGES = tuple(
    date.fromisoformat(day)
    for day in (
        *("2004-02-29", "2006-12-31", "2007-01-01", "2007-12-30", "2008-01-01", "2008-02-29", "2008-06-30"),
        *("2009-01-01", "2009-12-31", "2010-01-01", "2010-02-28", "2010-06-30", "2010-07-01", "2010-12-31"),
    )
)
CLASSES = ("0111", "5111", "5211", "6011", "6311", "6511", "6611", "6711", "7311", "8011", "")
SPOILT = {
    "registrations": "ENTTYPE=9999 ESTDATE=20100230 ESTDATE= TOWN=520381109 FOUNDERGROUP=01;09 REGSTATE=5 LEREPCERNO=123456"
    " REGCAP=-1 INDATE=19500101 CANDATE=19491231 UNISCID=XXXXXXXXXXXXXXXXXX PRIPID=",
    "tax_national": "PAID=99999999.00 RELIEFCODE=S09 TAXPAYER=L123 TAXPAYER=12 TAXTYPE=10103 PAIDDATE=20991231 REVENUE=1.234",
    "tax_local": "SJSE=99999999.00 JMDM=S9 NSRSBH=L123 ZSXM=10101 SSQS=20991231 ZFBZ=X",
    "loans": "事件=赠送 事件日期=20991231 金额=-5 借款人证件号=1234 事件序号=一 到期日=19990101 年利率=1.23456",
    "employment": "ACC031=4 AAE031=19600101 AAC002=52038119 ACC034=8 TOWN=520381110 AAE030=2010-02-30 AAC006=20991231",
    "training": "证件号=12 考核=优秀 开班日=20991231 补贴金额=x 创业日期=20991231 结班日=31122010",
    "survey": "WEIGHT=0 STATUS= S1=6 AGE=131 STRATUM= MOTIVE=3 WEIGHT=1.1234567",
    "population": "URBANLABOUR=-1 GEO=520381300 YEAR= STATUS=X",
}


class Invention:
    """Draws rows; persons, numbers of the register and names of towns are few, so that they meet often."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.ids = [self._id() for _ in range(24)]
        self.numbers = [f"5203816{n:08}" for n in range(16)] + ["520381NA0001X", "5203812000001"]
        self.draw: dict[str, Callable[[int], Row]] = {
            "registrations": self.entity,
            "tax_national": lambda n: self.voucher(n, "national"),
            "tax_local": lambda n: self.voucher(n, "local"),
            "loans": self.loan_event,
            "employment": self.spell,
            "training": self.course,
            "survey": self.answer,
            "population": self.population,
        }

    def row(self, source: str, number: int, *, spoilt: bool = True) -> Row:
        """The row of a number; the same number has the same key, where the key can be read, and else new cells."""
        row = self.draw[source](number)
        if spoilt and self.random.random() < 0.06:
            column, cell = self.random.choice(SPOILT[source].split()).split("=")
            row[column] = cell
        return row

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def day(self, first: int = 2006, last: int = 2010) -> date:
        if self.chance(0.4):
            return self.random.choice(EDGES)
        return date(first, 1, 1) + timedelta(days=self.random.randrange((date(last, 12, 31) - date(first, 1, 1)).days + 1))

    def later(self, day: date) -> date:
        """The same day, the next, an anniversary, its eve, or some time after."""
        years = self.random.randint(1, 5)
        there = date(day.year + years, day.month, min(day.day, monthrange(day.year + years, day.month)[1]))
        return self.random.choice(
            (day, day + timedelta(days=1), there, there - timedelta(days=1), day + timedelta(days=self.random.randrange(900)))
        )

    def text(self, day: date | None) -> str:
        return "" if day is None else day.strftime(self.random.choice(("%Y%m%d", "%Y-%m-%d")))

    def maybe(self, share: float, day: date) -> date | None:
        """The day, when it is not after the last of 2010."""
        return day if self.chance(share) and day <= date(2010, 12, 31) else None

    def groups(self) -> str:
        chosen = self.random.sample(sorted(codes("founder_group")), self.random.choice((0, 1, 1, 2, 3)))
        return ";".join(chosen)

    def money(self, most: int) -> str:
        return self.random.choice(
            ("", "0", "0.01", f"{self.random.randrange(most * 100) / 100:.2f}", f"{self.random.randrange(most)}")
        )

    def _id(self) -> str:
        born = date(1940, 1, 1) + timedelta(days=self.random.randrange(20_500))
        digits = f"520381{born:%Y%m%d}{self.random.randrange(1000):03}"
        kind = self.random.random()
        if kind < 0.1:
            return digits + "0X1"[("0X1".index(check_character(digits)) + 1) % 3 if check_character(digits) in "0X1" else 0]
        if kind < 0.15:
            return digits[:10] + "1340" + digits[14:] + "1"
        return digits + check_character(digits)

    def person(self, known: float = 0.85) -> str:
        """A resident id as a department may write it: 18 characters, a small x, or 15 digits."""
        if not self.chance(known):
            return ""
        number = self.random.choice(self.ids)
        right = number[:6] + number[8:17] if number[6:8] == "19" and check_character(number[:17]) == number[17] else number
        return self.random.choice((number, number, number.lower(), right))

    def regno(self, known: float = 0.8) -> str:
        return self.random.choice(self.numbers) if self.chance(known) else self.random.choice(("", "520389999999999"))

    def entity(self, n: int) -> Row:
        established = self.day()
        came = self.maybe(0.12, self.later(established))
        start = came or established
        cancelled, revoked = self.maybe(0.3, self.later(start)), self.maybe(0.2, self.later(start))
        left = self.maybe(0.15, self.random.choice((self.later(established), self.later(start), cancelled or self.later(start))))
        if came and left and left < established:
            left = None
        state = "3" if cancelled else "2" if revoked else "4" if left else "1"
        town = self.random.choice(TOWNS)
        return {
            "PRIPID": f"{'Pp'[n % 2]}{n // 2}", "REGNO": self.random.choice(self.numbers), "ENTNAME": f"商行{n}",
            "ENTTYPE": self.random.choice(("9500", "9500", "9500", "1130", "1150", "1151", "4540", "9100", "1110")),
            "ESTDATE": self.text(established), "REGSTATE": state, "CANDATE": self.text(cancelled), "REVDATE": self.text(revoked),
            "EXITREASON": self.random.choice(("1", "2", "3", "4", "5", "")) if cancelled or revoked else "",
            "INDATE": self.text(came),
            "OUTDATE": self.text(left), "INDUSTRYSTD": self.random.choice(("2002", "2011", "2017", "")),
            "INDUSTRYCO": self.random.choice(CLASSES), "LEREPCERNO": self.person(), "FOUNDERGROUP": self.groups(), "TOWN": town,
            "DOM": "" if town else self.random.choice(("赤水市大同镇一号", "复兴镇与大同镇之间", "某处", "市中街道")),
        }  # fmt: skip

    def spell(self, n: int) -> Row:
        key = Random(n)  # the key of a number is the same in every delivery
        start, form = key.choice(EDGES), self.random.choice("1112")
        last = self.maybe(0.5, self.random.choice((start, self.later(start))))
        return {
            "AAC001": f"{n % 23}", "AAB001": f"B{n % 7}" if key.random() < 0.85 else "", "AAE030": self.text(start),
            "AAE031": self.text(last), "AAC002": self.person(), "AAC004": self.random.choice(("1", "2", "")),
            "AAC006": self.text(self.random.choice((None, None, date(1955, 5, 5), date(1986, 1, 1), date(1995, 1, 1)))),
            "AAB003": self.regno(), "AAB004": "单位", "AAC008": self.random.choice(("1", "2", "3", "")), "ACC031": form,
            "ACC032": self.random.choice(("1", "1", "0", "")), "ACC033": self.random.choice("1234") if last else "",
            "ACC034": self.groups(), "TOWN": self.random.choice(TOWNS),
        }  # fmt: skip

    def voucher(self, n: int, office: str) -> Row:
        first = self.day(2008, 2011)
        last = first + timedelta(days=self.random.choice((0, 29, 90, 364, 500)))
        paid_on = self.random.choice((None, self.day(2009, 2010), self.day(2009, 2010)))
        due = self.random.randrange(1, 9000)
        relief = min(due, self.random.choice((0, 0, self.random.randrange(900))))
        number, plain = self.person(1), "520381000000001"
        row = {
            "VOUCHER": f"V{n}",
            "TAXPAYER": self.random.choice((f"L{number}", f"L{number}", number if len(number) == 18 else plain, plain, "")),
            "REGNO": self.regno(0.6),
            "NAME": "纳税人",
            "TAXTYPE": self.random.choice([tax for tax, of in codes("tax_type").items() if of == office]),
            "PERIODSTART": f"{first:%Y%m%d}" if self.chance(0.97) else "",
            "PERIODEND": f"{last:%Y%m%d}" if self.chance(0.97) else "",
            "REVENUE": self.money(90_000),
            "TAXDUE": f"{due}",
            "RELIEF": f"{relief}.00",
            "RELIEFCODE": self.random.choice(("S01", "S02", "S03", "S99")) if relief else self.random.choice(("", "S01")),
            "PAID": f"{due - relief}.{self.random.choice(('0', '00'))}" if self.chance(0.8) else self.random.choice(("", "0")),
            "PAIDDATE": "" if paid_on is None else f"{paid_on:%Y%m%d}",
            "VOID": self.random.choice("NNNNY"),
            "CORRECTION": self.random.choice(("0", "0", "1", "2", "")),
        }
        return row if office == "national" else dict(zip(TAX_LOCAL.split(), row.values(), strict=True))

    def loan_event(self, n: int) -> Row:
        """Six events a contract; the first is the 放款, but for one contract in eight."""
        contract, number = divmod(n, 6)
        issued = Random(contract).choice(EDGES[6:])
        due = date(issued.year + Random(contract).choice((0, 1, 2)), 12, 31)
        event = (
            "放款"
            if number == 0 and contract % 8
            else self.random.choice(("还款", "还款", "展期", "展期", "代偿", "追偿", "贴息", "逾期"))
        )
        when = issued if event == "放款" else self.random.choice((issued, due, due + timedelta(days=1), self.later(issued)))
        when = min(when, date(2010, 12, 31))
        new_due = due if event == "放款" else max(due, when) + timedelta(days=self.random.choice((0, 30, 180, 365)))
        return {
            "合同号": f"C{contract}", "事件序号": str(number), "事件": event, "事件日期": self.text(when),
            "金额": self.random.choice(("50000", "20000.5", "0")) if event == "放款" else self.money(20_000),
            "借款人证件号": self.person(), "人员类别": self.groups(), "注册号": self.regno(), "经办行": "信用社",
            "贷款类别": self.random.choice(("微利", "非微利", "")),
            "年利率": "5.3125", "到期日": self.text(new_due) if event in ("放款", "展期") and self.chance(0.93) else "",
        }  # fmt: skip

    def course(self, n: int) -> Row:
        last = self.random.choice((self.day(2009, 2010), date(2009, 7, 1), date(2010, 6, 30), date(2009, 8, 31), None))
        number = self.ids[n % len(self.ids)]
        result = self.random.choice(("合格", "合格", "合格", "不合格", "")) if last else ""
        venture = self.maybe(0.4, self.later(last)) if last else None
        return {
            "班次号": f"K{n // len(self.ids)}", "课程": self.random.choice(("GYB", "SYB", "IYB", "其他", "")), "姓名": "张三",
            "证件号": number, "人员类别": self.groups(), "开班日": self.text(last - timedelta(days=9)) if last else "20101201",
            "结班日": self.text(last),
            "考核": result, "创业日期": self.text(venture), "注册号": self.regno(), "TOWN": self.random.choice(TOWNS),
        }  # fmt: skip

    def answer(self, n: int) -> Row:
        """Two waves; stratum S4 has one PSU; PSU numbers are the same in all strata."""
        status, stratum = self.random.choice("001234"), f"S{n % 5}"
        return {
            "WAVE": "2010" if n % 3 else "2009", "SAMPLEID": f"{n}", "STRATUM": stratum,
            "PSU": "1" if stratum == "S4" else self.random.choice("123"),
            "WEIGHT": self.random.choice(("1", "2.5", "0.333333", f"{self.random.randrange(1, 10**8) / 10**6:.6f}")),
            "TOWN": self.random.choice(TOWNS),
            "AGE": self.random.choice(("", "15", "16", "17", "18", "25", "44", "64", "65", "90")),
            "SEX": self.random.choice(("1", "2", "")), "GROUP": self.groups(), "STATUS": status,
            "MOTIVE": self.random.choice(("1", "2", "")),
            **{question: self.random.choice(("", "1", "2", "3", "4", "5")) for question in ("S1", "S2", "S3")},
        }  # fmt: skip

    def population(self, n: int) -> Row:
        places = ("520381", "520381001", "520381002", "520381100", "520381999", "520381003")
        people = {c: self.random.choice(("", "0", "48000", "317")) for c in ("AGE1564", "AGE1560", "URBANLABOUR")}
        if n % len(places) == 0:
            people = {c: str(self.random.randrange(1, 60_000)) for c in people}
        return {"YEAR": "2009" if n < len(places) else "2010", "GEO": places[n % len(places)], "STATUS": "P", **people}
