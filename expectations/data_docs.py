"""Great Expectations' own Data Docs of deliveries that were checked: a page each, `validations/<source>/<day>/…/<name>.html`.

What the rules found comes in as sentences, counts and types of exceptions; there is no cell in it, so there is none in a page. A
rule that could not be asked stands there as an exception, apart from those that are broken.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from expectations.errors import CheckError


@dataclass(frozen=True)
class Finding:
    """One rule. `said`: what is agreed; `observed`: what was found, in words; `error`: type of the exception that it raised."""

    rule: str
    said: str
    result: Literal["passed", "failed", "not_judged", "error"]
    observed: str
    error: str | None = None


@dataclass(frozen=True)
class Page:
    """What the rules found in one delivery; `name` is that of its file in the site, `asset` of what was checked."""

    source: str
    day: date
    name: str
    asset: str
    findings: tuple[Finding, ...]

    @property
    def place(self) -> PurePosixPath:
        """Where the page is, from the site's folder."""
        return PurePosixPath("validations", self.source, f"{self.day}", f"{self.day:%Y%m%d}T000000.000000Z", f"{self.name}.html")


def render(site: Path, pages: Iterable[Page], words: Mapping[str, str]) -> None:
    """Write the pages into the site's folder. `words` are put in the place of the engine's English ones.

    Raises CheckError for a page that the engine did not write.
    """
    from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier, ValidationResultIdentifier
    from great_expectations.render.renderer.site_builder import SiteBuilder

    from expectations.engine import context

    made = context()
    builder = SiteBuilder(
        made,
        {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site)},
        show_how_to_buttons=False,
        site_section_builders={
            "expectations": "None",
            "profiling": "None",
            "validations": {
                "class_name": "DefaultSiteSectionBuilder",
                "source_store_name": made.validation_results_store_name,
                "view": {"module_name": "expectations.data_docs_view", "class_name": "PlainPageView", "words": dict(words)},
            },
        },
    )
    store = made.stores[made.validation_results_store_name]
    for page in pages:
        key = ValidationResultIdentifier(ExpectationSuiteIdentifier(page.source), _run(page.day), page.name)
        store.set(key, _validation(page))
        try:
            builder.site_section_builders["validations"].build([key])
        finally:
            store.remove_key(key)
        if not (site / page.place).is_file():  # the engine only logs what keeps it from rendering
            raise CheckError(f"no page of {page.asset} was rendered", {})


def _run(day: date) -> Any:
    from great_expectations.core.run_identifier import RunIdentifier

    return RunIdentifier(day.isoformat(), datetime.combine(day, time(), UTC))


def _validation(page: Page) -> Any:
    """The engine's record of a validation: of each rule its expectation, counts and the exception, if any."""
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult

    judged = [one for one in page.findings if one.result != "not_judged"]
    held, total = sum(one.result == "passed" for one in judged), len(judged)
    return ExpectationSuiteValidationResult(
        success=held == total,
        results=[_result(one) for one in page.findings],
        suite_name=page.source,
        statistics={
            "evaluated_expectations": total,
            "successful_expectations": held,
            "unsuccessful_expectations": total - held,
            "success_percent": 100 * held / total if total else None,
        },
        suite_parameters={},
        meta={"run_id": _run(page.day), "batch_spec": {"data_asset_name": _plain(page.asset)}},
    )


def _result(one: Finding) -> Any:
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult

    from expectations.expect_rule_to_hold import ExpectRuleToHold

    said = f"<code>{html.escape(one.rule)}</code> {_plain(one.said)}"
    judged = ExpectRuleToHold(rule=one.rule, counts_table="-", description=said, meta={"rule": one.rule})
    raised = one.result == "error"
    return ExpectationValidationResult(
        success=one.result in ("passed", "not_judged"),
        expectation_config=judged.configuration,
        result={} if raised else {"observed_value": _plain(one.observed)},
        exception_info={
            "raised_exception": raised,
            "exception_message": one.error or "",
            "exception_traceback": one.error or "",
        },
        meta={},
    )


def _plain(text: str) -> str:
    """Text that the engine's templates, which escape nothing, show as it is."""
    return html.escape(text).replace("$", "$$")
