"""Once a week: everything computed once more and held against what stands; red when anything differs."""

from airflow.sdk import DAG

from warehouse.orchestration import Prove, weekly
from warehouse.settings import load_settings

with DAG(
    "weekly_proof",
    dag_display_name="每周核验 weekly_proof",
    description="A full recompute against the ledger, posting by posting and figure by figure",
    schedule=weekly(load_settings()),
    catchup=False,
    max_active_runs=1,
    tags=["indicators"],
):
    Prove(task_id="prove")
