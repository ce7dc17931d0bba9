"""One DAG per source, made from its spec: take in what came, then judge it."""

from datetime import timedelta

from airflow.sdk import DAG, get_parsing_context

from ingest.spec import load_spec, source_names
from warehouse.orchestration import Accept, TakeIn, note_failure, parameters, schedule
from warehouse.settings import load_settings

settings = load_settings()

only = get_parsing_context().dag_id  # a task reads this file too, for its own DAG alone

for name in source_names():
    if only not in (None, name):
        continue
    spec = load_spec(name)
    with DAG(
        spec.name,
        dag_display_name=f"{spec.title.zh} {spec.name}",
        description=spec.title.en,
        schedule=schedule(settings),
        catchup=False,
        max_active_runs=1,
        params=parameters(),
        tags=["source", spec.department],
        default_args={
            "pool": "heavy",
            "retries": 2,
            "retry_delay": timedelta(seconds=5),
            "on_failure_callback": note_failure,
        },
    ):
        TakeIn(task_id="take_in", source=spec.name) >> Accept(task_id="accept", source=spec.name)
