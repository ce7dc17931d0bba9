"""A person approves or rejects a release on Airflow's page; `./bureau release create` made it, and nobody sees it before."""

from airflow.sdk import DAG, Param

from warehouse.services.approval import DecideRelease

with DAG(
    "approve_release",
    dag_display_name="批准发布 approve_release",
    description="A person decides whether a release is shown",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={"release": Param(1, type="integer", minimum=1, title="Release")},
    tags=["release"],
):
    DecideRelease(
        task_id="decide",
        subject="发布 Release {{ params.release }}",
        body="./bureau release show {{ params.release }}",
    )
