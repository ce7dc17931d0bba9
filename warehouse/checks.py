"""What each rule said of each delivery: `ledger.check_result` with the sentences and owners of the rules. No cell is in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from psycopg.rows import class_row

from warehouse.query import session
from warehouse.rules import rules_on
from warehouse.settings import Settings
from warehouse.texts import catalogue, t

if TYPE_CHECKING:
    from expectations import Rule

Result = Literal["passed", "failed", "not_judged", "error"]


@dataclass(frozen=True)
class Check:
    """One rule of one delivery.

    result    `failed` is the department's to mend; `error`: the check broke off, which is ours (`error`: the exception's type);
              `not_judged`: there was too little to compare with
    status    what became of the delivery
    share     failed / checked; the rule fails above `threshold`
    observed, lower, upper, detail   what was measured, the usual range, and of what, where a rule compares with history
    """

    source: str
    business_date: date | None
    file_name: str
    delivery_id: int
    status: str
    rule: str
    result: Result
    severity: str
    owner: str
    columns: str | None
    checked: int | None
    failed: int | None
    share: float | None
    threshold: float | None
    seconds: float | None
    observed: float | None
    lower: float | None
    upper: float | None
    detail: str | None
    error: str | None
    sentence: str


@dataclass(frozen=True)
class _Row:
    source: str
    region: str
    business_date: date | None
    file_name: str
    delivery_id: int
    status: str
    rule: str
    severity: str
    column_name: str | None
    checked: int | None
    failed: int | None
    share: float | None
    threshold: float | None
    seconds: float | None
    passed: bool
    error: str | None
    judged: bool
    observed: float | None
    lower: float | None
    upper: float | None
    detail: str | None


NIGHT = """
    case
        when d.business_date is not null and not starts_with(coalesce(d.reason, ''), 'file.future_date') then d.business_date
        else coalesce(
            (
                select max(n.business_date) from ledger.delivery as n
                where n.region = d.region and n.received_at <= d.received_at
                    and not starts_with(coalesce(n.reason, ''), 'file.future_date')
            ),
            d.received_at::date
        )
    end
"""
"""The night that a delivery `d` belongs to: its business date; of one that says none, or a day to come, the newest known then."""
_QUERY = f"""
    with judged as (
        select d.*, {NIGHT} as night from ledger.delivery as d
        where
            d.region = %(region)s and d.source = coalesce(%(source)s, d.source)
            and exists (select from ledger.check_result as c where c.delivery_id = d.delivery_id)
    )
    select
        d.source, d.region, d.business_date, d.file_name, d.delivery_id, d.status, r.rule, r.severity, r.column_name,
        r.checked, r.failed, r.share::double precision, r.threshold::double precision, r.seconds, r.passed, r.error, r.judged,
        r.observed::double precision, r.lower::double precision, r.upper::double precision, r.detail
    from judged as d
    inner join ledger.check_result as r using (delivery_id)
    where d.night = coalesce(%(day)s, (select max(l.night) from judged as l where l.source = d.source))
    order by d.source, d.business_date, d.sequence, d.delivery_id, r.rule
"""


def checks(settings: Settings, lang: str, day: date | None = None, source: str | None = None) -> list[Check]:
    """What the rules said of the deliveries of a night, by its business date (None: of each source's newest that was checked).

    Read as bureau_evaluator.
    """
    asked: dict[str, Any] = {"region": settings.region, "source": source, "day": day}
    with session(settings, "bureau_evaluator") as connection, connection.cursor(row_factory=class_row(_Row)) as cursor:
        rows = cursor.execute(_QUERY.encode(), asked).fetchall()
    rules = _rules(rows)
    return [_check(row, rules.get((row.source, row.business_date, row.region), {}).get(row.rule), lang) for row in rows]


def _rules(rows: Iterable[_Row]) -> "dict[tuple[str, date | None, str], dict[str, Rule]]":
    from ingest.spec import all_specs

    specs = all_specs()
    wanted = {(row.source, row.business_date, row.region) for row in rows}
    return {
        (source, day, region): {rule.id: rule for rule in rules_on(source, day, region)}
        for source, day, region in wanted
        if source in specs and day is not None
    }


def _check(row: _Row, rule: "Rule | None", lang: str) -> Check:
    chinese = lang == "zh"
    if rule is not None:
        sentence, owner = (rule.sentence_zh, rule.owner_zh) if chinese else (rule.sentence_en, rule.owner_en)
    else:  # of reading, which has its sentences in the catalogue; or of another version
        key = f"refusal.{row.rule}"
        sentence, owner = t(key, lang) if key in catalogue() else row.rule, _department(row.source, lang)
    if row.error is not None:
        result: Result = "error"
        owner = t("checks.ours", lang)
    elif not row.judged:
        result = "not_judged"
    else:
        result = "passed" if row.passed else "failed"
    return Check(
        source=row.source,
        business_date=row.business_date,
        file_name=row.file_name,
        delivery_id=row.delivery_id,
        status=row.status,
        rule=row.rule,
        result=result,
        severity=row.severity,
        owner=owner,
        columns=row.column_name,
        checked=row.checked,
        failed=row.failed,
        share=row.share,
        threshold=row.threshold,
        seconds=row.seconds,
        observed=row.observed,
        lower=row.lower,
        upper=row.upper,
        detail=row.detail,
        error=row.error,
        sentence=sentence,
    )


def _department(source: str, lang: str) -> str:
    from ingest.spec import all_specs

    spec = all_specs().get(source)
    return "" if spec is None else getattr(spec.owner, lang)


def beside(one: Check, lang: str) -> str:
    """What stands behind a rule's sentence or counts: the usual range, or our error."""
    if one.error is not None:
        return t("checks.error", lang, kind=one.error)
    if one.observed is None or one.lower is None or one.upper is None:
        return ""
    values = {"observed": f"{one.observed:.6g}", "lower": f"{one.lower:.6g}", "upper": f"{one.upper:.6g}"}
    return t("checks.usual", lang, detail=one.detail or one.rule, **values)
