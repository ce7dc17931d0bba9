"""For every rule of every source there is a minimal broken delivery that only this rule catches; with the rule off, none does."""

from __future__ import annotations

import shutil

import psycopg
import pytest

from expectations import DeliveryFacts, checking, rules_of
from expectations import checkpoint as checkpoint_module
from expectations.checkpoint import Checkpoint
from expectations.rules import Rule
from ingest.accept import Verdict
from ingest.context import LoadContext
from ingest.spec import SourceSpec, all_specs
from tests.extracts import DAY
from tests.integration.expectations.hunt import deliver, hunt
from tests.integration.expectations.mutations import broken_delivery
from tests.integration.ingest.conftest import clean
from warehouse.services import postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.integration
SPECS = all_specs()


def caught(verdict: Verdict) -> set[str]:
    return {one.rule for one in verdict.checks if not one.passed}


def caught_without(checks: Checkpoint, facts: DeliveryFacts, rules: tuple[Rule, ...], off: Rule) -> set[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint_module, "rules_of", lambda *_: tuple(rule for rule in rules if rule.id != off.id))
        return caught(checks.check(facts))


def hold(server: Settings, ctx: LoadContext, spec: SourceSpec) -> None:
    """Deliver for each rule what it alone catches, and ask again without the rule: the other rules do not see it."""
    tries = hunt(ctx, spec)
    rules = rules_of(spec, DAY, ctx.region)
    found, silent = {}, {}
    with psycopg.connect(postgres.conninfo(server), autocommit=True) as connection, checking(ctx.conninfo, spec) as checks:
        for rule in rules:
            facts = broken_delivery(ctx, spec, rule, tries, checks)
            found[rule.id] = caught(checks.check(facts))
            silent[rule.id] = caught_without(checks, facts, rules, rule)
            clean(connection, [spec])
            shutil.rmtree(ctx.inbox)  # a file of an earlier day would be taken in once more
    assert found == {rule: {rule} for rule in found}
    assert len(found) == len(rules) > 20
    assert {rule: others for rule, others in silent.items() if others} == {}


def test_every_rule_of_a_small_source_catches_what_no_other_does(server: Settings, ctx: LoadContext) -> None:
    hold(server, ctx, SPECS["registry_export"])


@pytest.mark.long
@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_every_rule_catches_what_no_other_does(server: Settings, ctx: LoadContext, spec: SourceSpec) -> None:
    hold(server, ctx, spec)


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_every_row_rule_is_broken_by_a_row_that_breaks_nothing_else(ctx: LoadContext, spec: SourceSpec) -> None:
    """The rows of the matrix together in one delivery."""
    rules = [rule for rule in rules_of(spec, DAY, ctx.region) if rule.kind in ("row", "fault")]
    tries = hunt(ctx, spec)
    facts = deliver(ctx, spec, [tries.breaking(rule.id) for rule in rules])
    with checking(ctx.conninfo, spec) as checks:
        verdict = checks.check(facts)
    failed = {one.rule: (one.checked, one.failed) for one in verdict.checks}
    assert {rule.id: failed[rule.id] for rule in rules} == {rule.id: (len(rules), 1) for rule in rules}
