"""A person's word on a release, asked for on Airflow's page and written down in the warehouse."""

from typing import Any

import psycopg
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context

from warehouse.releases.moves import listed, moves_of
from warehouse.releases.register import FACTS, decide, find_undecided
from warehouse.services.postgres import conninfo
from warehouse.settings import load_settings
from warehouse.texts import t


class DecideRelease(ApprovalOperator):  # type: ignore[misc]
    """Waits (without a worker) for approval or rejection of the release that the run's params name, and records it."""

    def execute(self, context: Context) -> Any:
        """Say what is to be decided, then wait. Raises BureauError when the release is unknown or was decided before."""
        settings = load_settings()
        with psycopg.connect(conninfo(settings, role="bureau_evaluator")) as connection:
            release = find_undecided(connection, int(context["params"]["release"]))
            moved = moves_of(connection, release, settings.release_band_pct)
        facts = [(name, getattr(release, name)) for name in FACTS]
        self.body = "\n".join(
            f"- {t(f'release.field.{name}', settings.lang)}: {value}" for name, value in facts if value is not None
        )
        if moved:
            band, figures = settings.release_band_pct, listed(moved, "- ")
            self.body += "\n\n" + t("release.moves", settings.lang, count=len(moved), band=band, figures=figures)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Raises BureauError when the release was decided meanwhile."""
        answer = super().execute_complete(context, event)
        person = answer["responded_by_user"] or {}
        approved = answer["chosen_options"] == [self.APPROVE]
        with psycopg.connect(conninfo(load_settings(), role="bureau_owner"), autocommit=True) as connection:
            decide(connection, int(context["params"]["release"]), approved, f"airflow:{person.get('name') or person.get('id')}")
        return answer
