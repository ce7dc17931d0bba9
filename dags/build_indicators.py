"""One run a night: once every source's night has ended, or at the cut-off with what is there, build the indicators."""

from datetime import timedelta

from airflow.sdk import DAG

from warehouse.orchestration import Build, DataDocs, WaitForSources, alert_not_built, parameters, schedule
from warehouse.settings import load_settings

with DAG(
    "build_indicators",
    dag_display_name="计算指标 build_indicators",
    description="The indicators as known at the end of the business day",
    schedule=schedule(load_settings()),
    catchup=False,
    max_active_runs=1,
    params=parameters(),
    tags=["indicators"],
    default_args={"retries": 1, "retry_delay": timedelta(seconds=5), "on_failure_callback": alert_not_built},
):
    sources = WaitForSources(task_id="wait_for_sources")
    sources >> Build(task_id="build")
    sources >> DataDocs(task_id="data_docs", on_failure_callback=None)
