"""How jobs, runs and datasets are named in events (OpenLineage's Naming.md), and the event itself.

Jobs are in the namespace `bureau://<region>`; tables in `postgres://<host>:<port>` as `<database>.<schema>.<table>` (the embedded
server's port changes: it is named after the region); delivered files in `inbox://<region>` as `<department>/<file>`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from psycopg.conninfo import conninfo_to_dict

from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

if TYPE_CHECKING:
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import DatasetFacet, InputDatasetFacet, JobFacet, OutputDatasetFacet, RunFacet

PRODUCER = "https://openlineage.io/producer/bureau-warehouse"
"""OpenLineage wants a URI; nothing need answer there."""


@dataclass(frozen=True)
class Names:
    """The namespaces of a warehouse; `database` goes before the names of tables."""

    jobs: str
    tables: str
    files: str
    database: str

    @staticmethod
    def of(settings: Settings) -> "Names":
        """Those of these settings."""
        given = conninfo_to_dict(conninfo(settings))
        place = f"embedded-{settings.region}" if settings.embedded else f"{given.get('host')}:{given.get('port', 5432)}"
        return Names(f"bureau://{settings.region}", f"postgres://{place}", f"inbox://{settings.region}", str(given["dbname"]))

    def job(self, name: str, kind: str, integration: str, facets: "Mapping[str, JobFacet] | None" = None) -> "Job":
        """A batch job; `kind` and `integration` are OpenLineage's words (`QUERY`, `DBT`, …)."""
        from openlineage.client.event_v2 import Job
        from openlineage.client.facet_v2 import job_type_job

        said = job_type_job.JobTypeJobFacet("BATCH", integration, kind, producer=PRODUCER)
        return Job(self.jobs, name, {"jobType": said, **(facets or {})})

    def run(self, what: str, facets: "Mapping[str, RunFacet] | None" = None) -> "Run":
        """A run whose id follows from what it is: told twice it is the same run."""
        from openlineage.client.event_v2 import Run

        return Run(str(uuid5(NAMESPACE_URL, f"{self.jobs}/{self.tables}/{what}")), dict(facets or {}))

    def read(
        self,
        table: str,
        facets: "Mapping[str, InputDatasetFacet] | None" = None,
        about: "Mapping[str, DatasetFacet] | None" = None,
    ) -> "InputDataset":
        """A table (`schema.table`) that is read; `about` says what it is, `facets` what was seen in it."""
        from openlineage.client.event_v2 import InputDataset

        return InputDataset(self.tables, f"{self.database}.{table}", dict(facets or {}), facets=dict(about or {}))

    def written(
        self,
        table: str,
        facets: "Mapping[str, OutputDatasetFacet] | None" = None,
        about: "Mapping[str, DatasetFacet] | None" = None,
    ) -> "OutputDataset":
        """A table that is written."""
        from openlineage.client.event_v2 import OutputDataset

        return OutputDataset(self.tables, f"{self.database}.{table}", dict(facets or {}), facets=dict(about or {}))


@dataclass(frozen=True)
class Told:
    """A run from its beginning to its end; `failure` None: it went well."""

    run: "Run"
    job: "Job"
    began: datetime
    ended: datetime
    inputs: "Sequence[InputDataset]" = ()
    outputs: "Sequence[OutputDataset]" = ()
    failure: str | None = None

    def events(self) -> "list[RunEvent]":
        """START, and COMPLETE or FAIL with everything that is known."""
        from openlineage.client.event_v2 import RunState
        from openlineage.client.facet_v2 import error_message_run

        if self.failure is not None:
            assert self.run.facets is not None
            self.run.facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(self.failure, "PYTHON", producer=PRODUCER)
        ending = RunState.COMPLETE if self.failure is None else RunState.FAIL
        return [self._event(RunState.START, self.began), self._event(ending, max(self.began, self.ended))]

    def _event(self, state: "RunState", moment: datetime) -> "RunEvent":
        from openlineage.client.event_v2 import RunEvent, RunState

        is_end = state != RunState.START
        return RunEvent(
            eventTime=moment.astimezone(UTC).isoformat(timespec="milliseconds"),
            run=self.run,
            job=self.job,
            eventType=state,
            inputs=list(self.inputs) if is_end else [],
            outputs=list(self.outputs) if is_end else [],
            producer=PRODUCER,
        )
