"""The few calls of Airflow's REST API that the product makes."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from warehouse.errors import BureauError

Json = dict[str, Any]
_PAGE = 100
UNFINISHED = ("queued", "running")
_PAUSES = (1.0, 5.0, 10.0)  # seconds before a question is asked again


class AirflowApi:
    """A client with a token of its own. Raises BureauError("services.api") when Airflow refuses or does not answer.

    Every call may be made twice: what it asks for is then there already. So one that gets no answer (a busy machine, a service
    that was just started again) is made again before that is an error; `when_silent` is called first, and may mend it.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        # No proxy of the surroundings: Airflow is on this machine.
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self._login = {"username": user, "password": password}
        self.when_silent: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        """Keeps connections open for the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Closes them."""
        self._http.close()

    def health(self) -> Json | None:
        """What Airflow says of its parts, or None while nobody answers."""
        try:
            answer = self._http.get("/api/v2/monitor/health", timeout=3)
        except httpx.TransportError:
            return None
        return dict(answer.json()) if answer.status_code == httpx.codes.OK else None

    def warm_execution_api(self) -> None:
        """Have the API for tasks made: its first call takes seconds, longer than a task has patience for."""
        try:
            self._http.get("/execution/health", timeout=60)
        except httpx.TransportError:
            return  # whoever waits for health sees what is wrong

    def dag_ids(self) -> set[str]:
        """All DAGs that are known and whose files are there."""
        return {dag["dag_id"] for dag in self._pages("/api/v2/dags", "dags") if not dag["is_stale"]}

    def import_errors(self) -> list[Json]:
        """DAG files that could not be read: `filename`, `stack_trace`."""
        return self._pages("/api/v2/importErrors", "import_errors")

    def create_run(self, dag_id: str, run_id: str, conf: Json) -> None:
        """Create a run; one of that id that is there already is left alone."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body, also=(httpx.codes.CONFLICT,))

    def runs(self, dag_id: str = "~", *, states: Sequence[str] = (), prefix: str = "") -> list[Json]:
        """Runs of a DAG ("~": of all) in one of `states` whose id begins with `prefix`, as Airflow describes them."""
        parameters: list[tuple[str, str]] = [("state", state) for state in states]
        if prefix:
            parameters.append(("run_id_pattern", f"{prefix}%"))
        rows = self._pages(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs", parameters)
        return [row for row in rows if row["dag_run_id"].startswith(prefix)]

    def end_run(self, dag_id: str, run_id: str) -> None:
        """Mark a run failed; its tasks that still run are stopped by Airflow."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", json={"state": "failed"}, also=(httpx.codes.NOT_FOUND,))

    def tasks(self, dag_id: str, run_id: str) -> list[Json]:
        """The task instances of a run: `task_id`, `state`, `try_number`, `start_date`, `end_date`, `duration`."""
        return self._pages(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")

    def _pages(self, path: str, name: str, parameters: Sequence[tuple[str, str]] = ()) -> list[Json]:
        rows: list[Json] = []
        while True:
            window = [("limit", str(_PAGE)), ("offset", str(len(rows)))]
            answer = self._call("GET", path, params=[*parameters, *window]).json()
            rows += answer[name]
            if not answer[name] or len(rows) >= answer["total_entries"]:
                return rows

    def _call(self, method: str, path: str, *, also: Sequence[int] = (), **rest: Any) -> httpx.Response:
        for pause in (*_PAUSES, None):
            try:
                answer = self._asked(method, path, **rest)
                break
            except httpx.TransportError as error:
                if pause is None:
                    reason = str(error) or type(error).__name__
                    raise BureauError("services.api", what=f"{method} {path}", reason=reason) from error
                self.when_silent()
                time.sleep(pause)
        if answer.is_success or answer.status_code in also:
            return answer
        raise BureauError("services.api", what=f"{method} {path}", reason=f"{answer.status_code} {answer.text[:300]}")

    def _asked(self, method: str, path: str, **rest: Any) -> httpx.Response:
        if "Authorization" not in self._http.headers:
            self._log_in()
        answer = self._http.request(method, path, **rest)
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # the token has run out
            self._log_in()
            answer = self._http.request(method, path, **rest)
        return answer

    def _log_in(self) -> None:
        self._http.headers.pop("Authorization", None)
        answer = self._http.post("/auth/token", json=self._login)
        if not answer.is_success:
            raise BureauError("services.api", what="POST /auth/token", reason=f"{answer.status_code} {answer.text[:300]}")
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
