"""One delivery, checked: the scan counts, Great Expectations judges, a verdict comes back. No cell value is in any of it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import psycopg

from expectations.across import count_across
from expectations.errors import ENGINE, CheckError
from expectations.facts import DeliveryFacts
from expectations.keys import count_keys
from expectations.predicates import Lists, Place
from expectations.rules import Rule, rules_of
from expectations.scan import SCHEMA, scan, write_counts
from expectations.standing import before
from expectations.usual import Usual, bands_of, by_rule, history, least_of, measure, measures_of
from ingest.accept import Refusal, Verdict
from ingest.ddl import counts_name, partition_name
from ingest.ledger import CheckResult
from ingest.spec import SourceSpec

COUNTED = {"element_count", "unexpected_count", "observed_value"}
"""What may be taken from a result."""


class Checkpoint:
    """Checks deliveries of one source, over one connection of its own and one of the engine's, both opened when first needed.

    A context manager; belongs to one process and must not cross a fork. `conninfo` names the role to take (bureau_loader).
    """

    def __init__(self, conninfo: str, spec: SourceSpec) -> None:
        self._conninfo = conninfo
        self._spec = spec
        self._lists = Lists.from_seeds()
        self._open = ExitStack()
        self._connection: psycopg.Connection[Any] | None = None
        self._source: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self._open.close()
        self._connection, self._source = None, None

    def check(self, delivery: DeliveryFacts) -> Verdict:
        """Check the loaded, stand-alone table of one delivery.

        Leaves `raw.<source>__d<id>__failures` and `…__counts` for `ingest.accept`. Raises CheckError when a check could not be
        made, never for what a delivery has wrong. May be run again.
        """
        spec = self._spec
        rules = rules_of(spec, delivery.business_date, delivery.region, self._lists)
        place = Place(delivery.region, delivery.business_date, self._lists)
        measures = measures_of(spec, place)
        try:
            connection = self._connected()
            with connection.transaction():
                # Nobody has analysed what was just loaded: taken for one row, it would be read anew for each of the others
                connection.execute("set local enable_nestloop = off")
                scanned = scan(connection, spec, delivery.delivery_id, rules)
                past = before(connection, spec, delivery)
                started = perf_counter()
                rows, keys = count_keys(connection, spec, delivery, past)
                counting = perf_counter() - started
                across, seconds = count_across(connection, spec, delivery, past)
                counts = {rule: (rows, failed) for rule, failed in scanned.failed.items()} | keys | across
                write_counts(connection, spec, delivery.delivery_id, counts)
                started = perf_counter()
                observed = measure(connection, spec, delivery, measures, place)
                bands = bands_of(measures, history(connection, spec, delivery, past), delivery.rows, least_of(spec))
                measuring = perf_counter() - started
        except psycopg.Error as error:
            # The server's message may quote a cell; its code may not
            kind = f"{type(error).__name__} {error.sqlstate}"
            raise CheckError(f"{spec.name}, delivery {delivery.delivery_id}: {kind}", {ENGINE: kind}) from None
        started = perf_counter()
        judged = self.judge(delivery, rules, by_rule(measures, observed, bands))
        judging = (perf_counter() - started) / len(rules)
        seconds |= dict.fromkeys(scanned.failed, scanned.seconds / len(scanned.failed))
        seconds |= dict.fromkeys(keys, counting / len(keys))
        seconds |= {one.rule: measuring / len(measures) for one in measures}
        return _verdict(rules, judged, {rule.id: judging + seconds.get(rule.id, 0.0) for rule in rules}, observed)

    def judge(self, delivery: DeliveryFacts, rules: Sequence[Rule], usual: Mapping[str, Usual]) -> dict[str, dict[str, Any]]:
        """What the engine makes of the scan: by rule id its `success` and counts. Raises CheckError when one raised."""
        from great_expectations.validator.v1_validator import Validator

        from expectations.engine import batch_definition
        from expectations.suite import suite_of

        spec = self._spec
        counts = f"{SCHEMA}.{counts_name(spec, delivery.delivery_id)}"
        where = f"{spec.name}, delivery {delivery.delivery_id}"
        try:
            with warnings.catch_warnings():
                # What the engine's own use of its libraries is warned of is not ours to mend, nor a failed check
                warnings.simplefilter("ignore", DeprecationWarning)
                with batch_definition(self._engine(), SCHEMA, partition_name(spec, delivery.delivery_id)) as batch:
                    suite = suite_of(spec, delivery, rules, counts, usual)
                    outcome = Validator(batch, result_format="BASIC").validate_expectation_suite(suite)
        except Exception as error:
            kind = type(error).__name__
            raise CheckError(f"{where}: the engine failed with {kind}", {ENGINE: kind}) from None
        return dict(_read(outcome.results, where))

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = self._open.enter_context(psycopg.connect(self._conninfo, autocommit=True))
            # What a crash would lose is found out again; what accepting commits is on the disk, and this before it
            self._connection.execute("set synchronous_commit = off")
        return self._connection

    def _engine(self) -> Any:
        from expectations.engine import data_source

        if self._source is None:
            self._source = self._open.enter_context(data_source(self._conninfo, f"{SCHEMA}.{self._spec.name}"))
        return self._source


def _read(results: Iterable[Any], where: str) -> Iterable[tuple[str, dict[str, Any]]]:
    results = list(results)
    kinds = {result.expectation_config.meta["rule"]: exceptions(result.exception_info) for result in results}
    if raised := {rule: ", ".join(sorted(types)) for rule, types in kinds.items() if types}:
        said = "; ".join(f"checking {rule} raised {types}" for rule, types in sorted(raised.items()))
        raise CheckError(f"{where}: {said}", raised)
    for result in results:
        rule = result.expectation_config.meta["rule"]
        counts = {name: value for name, value in result.result.items() if name in COUNTED and isinstance(value, int)}
        yield rule, {"success": bool(result.success), **counts, **result.result.get("details", {})}


def exceptions(info: dict[str, Any] | None) -> set[str]:
    """Types of the exceptions in an `exception_info`, which is one record, or one a metric. Messages stay out: they may quote."""
    if not info:
        return set()
    records = [info] if "raised_exception" in info else list(info.values())
    return {_type(record) for record in records if record.get("raised_exception")}


def _type(record: dict[str, Any]) -> str:
    last = (record.get("exception_traceback") or "").strip().splitlines()[-1:]
    name = last[0].split(":", 1)[0].rsplit(".", 1)[-1] if last else ""
    return name if name.isidentifier() else "an exception"


def _verdict(
    rules: Sequence[Rule], judged: dict[str, dict[str, Any]], seconds: Mapping[str, float], measures: Mapping[str, float]
) -> Verdict:
    checks: list[CheckResult] = []
    for rule in rules:
        found = judged[rule.id]
        whole = rule.kind == "delivery"
        failed = int(not found["success"]) if whole else found["unexpected_count"]
        checked = 1 if whole else found["element_count"]
        checks.append(
            CheckResult(
                rule.id,
                rule.severity,
                rule.column_name,
                checked,
                failed,
                failed / checked if checked else 0.0,
                rule.threshold,
                seconds[rule.id],
                found["success"],
                judged=checked > 0 or rule.kind not in ("across", "usual"),
                **{name: found.get(name) for name in ("observed", "lower", "upper", "detail")},
            )
        )
    broken = [(rule, result) for rule, result in zip(rules, checks, strict=True) if not result.passed]
    refusals = tuple(Refusal(rule.id, "", rule.sentence_en) for rule, _ in broken if rule.severity == "refuse")
    warnings = sum(rule.severity == "warn" for rule, _ in broken)
    return Verdict(refusals, warnings, tuple(checks), dict(measures))
