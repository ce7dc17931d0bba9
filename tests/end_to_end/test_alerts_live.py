"""A night's alerts, from Airflow's own task to a mail server and a web hook, and nothing of them when the night was quiet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingest.spec import all_specs
from tests.end_to_end.homes import Home
from tests.extracts import fixture_rows, write_extract
from tests.integration.test_alerts import Mail, mail, web

DAY, NEXT = date(2010, 12, 28), date(2010, 12, 29)
pytestmark = [pytest.mark.end_to_end, pytest.mark.long, pytest.mark.timeout(900)]
__all__ = ["mail", "web"]


@pytest.fixture
def home(tmp_path: Path, mail: tuple[Mail, int], web: tuple[list[Any], str]) -> Iterator[Home]:
    given = {
        "BUREAU_ALERT_EMAIL_TO": '["duty@stats.example"]',
        "BUREAU_ALERT_SMTP": f"smtp://127.0.0.1:{mail[1]}",
        "BUREAU_ALERT_WEBHOOK": web[1],
        "BUREAU_INBOXES": f'{{"stats": "{tmp_path}/nowhere"}}',
        "BUREAU_LANG": "zh",
    }
    home = Home(tmp_path / "home", **given)
    try:
        yield home
    finally:
        home.run("down")
    assert home.processes() == []


def deliver(home: Home, day: date, **changed: object) -> None:
    """Good deliveries of every source but those of stats; `changed` is another manifest for the loans."""
    for spec in all_specs().values():
        if spec.department != "stats":
            kind = "full" if "delta" not in spec.kinds else "delta"
            rows, other = fixture_rows(spec.name, "good"), dict(changed) if spec.name == "loans" else {}
            write_extract(spec, rows, Path(home.settings.inbox_url), day, kind=kind, changed=other)


def test_a_night_is_told_once_by_mail_and_web(
    home: Home, mail: tuple[Mail, int], web: tuple[list[Any], str], tmp_path: Path
) -> None:
    heard, posted = mail[0].messages, web[0]
    deliver(home, DAY, rows=99)
    ended = home.run("nightly", "--date", DAY.isoformat())
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "夜间任务中断" in ended.stdout and f"{tmp_path}/nowhere" in ended.stdout
    ((envelope, message),) = heard
    assert envelope.rcpt_tos == ["duty@stats.example"]
    body = b"".join(part.get_payload(decode=True) or b"" for part in message.walk() if not part.is_multipart()).decode()
    (post,) = posted
    for text in (body, post["text"]["content"]):
        assert "拒收：loans，loans_520381_20101228_01.xlsx" in text
        assert "survey：夜间任务中断" in text and "文件夹或存储桶不存在" in text

    (tmp_path / "nowhere").mkdir()
    for spec in all_specs().values():
        if spec.department == "stats":
            path = write_extract(spec, fixture_rows(spec.name, "good"), tmp_path / "made", NEXT)
            for one in (path, path.with_suffix(".manifest.json")):
                one.rename(tmp_path / "nowhere" / one.name)
    deliver(home, NEXT)
    ended = home.run("nightly", "--date", NEXT.isoformat())
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (len(posted), len(heard)) == (1, 1), "a quiet night says nothing"
    logs = [path for path in home.settings.logs.parent.rglob("*.log") if path.is_file()]
    assert logs and not [path for path in logs if "s3cret" in path.read_text(encoding="utf-8", errors="replace")]
