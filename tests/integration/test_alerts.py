"""Alerts on their way: a real mail server and a real web server hear of a night, in words of the catalogue."""

from __future__ import annotations

import email
import json
import os
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from ingest.errors import InboxUnreachable
from ingest.spec import all_specs
from tests.extracts import fixture_rows, resident_id, write_extract
from warehouse.alerts import Alert, alert_of, is_wanted
from warehouse.errors import BureauError
from warehouse.night import accept, note_failure, take_in
from warehouse.services import postgres
from warehouse.services.notifying import send, smtp_connection
from warehouse.services.ports import free_port
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings

pytestmark = pytest.mark.integration
SPECS = all_specs()
EVER = datetime(2000, 1, 1, tzinfo=UTC)
MEAN = "{{ 7001 * 6007 }} 张三.txt"


class Mail:
    """Messages that came in."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.messages.append((envelope, email.message_from_bytes(envelope.content)))
        return "250 OK"


@pytest.fixture
def mail() -> Iterator[tuple[Mail, int]]:
    heard, port = Mail(), free_port()
    controller = Controller(heard, hostname="127.0.0.1", port=port)
    controller.start()
    yield heard, port
    controller.stop()


@pytest.fixture
def web() -> Iterator[tuple[list[Any], str]]:
    posted: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield posted, f"http://127.0.0.1:{server.server_port}/send?key=s3cret"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A late delivery, a refused one, a stranger with a mean name, a missing source and one that broke off."""
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    prepare(settings)
    inbox, loans = Path(settings.inbox_url), fixture_rows("loans", "good")
    try:
        with warnings.catch_warnings():  # of the library's own imports
            warnings.simplefilter("ignore")
            import great_expectations  # noqa: F401
        write_extract(SPECS["loans"], loans, inbox, day=date(2010, 12, 29))
        write_extract(SPECS["loans"], loans, inbox, day=date(2010, 12, 30))
        write_extract(SPECS["loans"], loans, inbox, day=date(2010, 12, 30), sequence=2, changed={"rows": 99})
        (inbox / "pboc" / MEAN).write_bytes(b"x")
        for source in ("loans", "tax_local"):
            take_in(settings, source, date(2010, 12, 30))
            accept(settings, source, date(2010, 12, 30))
        note_failure(settings, "employment", date(2010, 12, 30), InboxUnreachable("hrss", "/srv/in", "no_folder", "none"))
        yield settings
    finally:
        postgres.stop(settings)


def night_alert(settings: Settings, is_built: bool = True) -> Alert:
    found = alert_of(settings, date(2010, 12, 30), EVER, is_built=is_built)
    assert found is not None
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_mail_and_web_hear_of_the_night(home: Settings, mail: tuple[Mail, int], web: tuple[list[Any], str]) -> None:
    heard, port = mail
    posted, url = web
    changed = {
        "alert_email_to": ["duty@stats.example", "chief@stats.example"],
        "alert_email_from": "warehouse@stats.example",
        "alert_smtp": f"smtp://127.0.0.1:{port}",
        "alert_webhook": SecretStr(url),
        "lang": "zh",
    }
    settings = home.model_copy(update=changed)
    assert is_wanted(settings) and not is_wanted(home), "off by default"
    alert = night_alert(settings)
    assert [(event.kind, event.source) for event in alert.events] == [
        ("failed", "employment"),
        ("refused", "loans"),
        ("refused", "unknown"),
        ("missing", "tax_local"),
        ("late", "loans"),
    ]
    before = dict(os.environ)
    try:
        assert send(settings, alert) == []
    finally:
        os.environ.clear()
        os.environ.update(before)
    ((envelope, message),) = heard.messages
    assert envelope.rcpt_tos == ["duty@stats.example", "chief@stats.example"]
    assert envelope.mail_from == "warehouse@stats.example"
    assert str(make_header(decode_header(message["Subject"]))) == "统计数据仓库 520381：2010-12-30 夜间任务，5 项需处理"
    body = b"".join(part.get_payload(decode=True) or b"" for part in message.walk() if not part.is_multipart()).decode()
    (post,) = posted
    assert post["msgtype"] == "text" and post["business_date"] == "2010-12-30"
    for text in (body, post["text"]["content"]):
        assert "拒收：loans，loans_520381_20101230_02.xlsx" in text
        assert "缺报：tax_local，应报日期 2010-12-30" in text
        assert "employment：夜间任务中断" in text and "文件夹或存储桶不存在" in text and "/srv/in" in text
        assert "迟到：loans，loans_520381_20101229_01.xlsx" in text
        assert "张三" not in text and "42055007" not in text and "{{" not in text
        assert resident_id("52038119700101001") not in text


def test_a_build_that_failed_is_told_first(home: Settings) -> None:
    assert night_alert(home, is_built=False).text.startswith("The indicators of 2010-12-30 were not published")


def test_a_quiet_night_says_nothing(home: Settings) -> None:
    elsewhere = home.model_copy(update={"region": "110000"})
    assert alert_of(elsewhere, date(2010, 12, 29), EVER, is_built=True) is None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_cannot_be_sent_fails_nothing_and_tells_no_secret(home: Settings, caplog: pytest.LogCaptureFixture) -> None:
    url = f"http://127.0.0.1:{free_port()}/send?key=s3cret"
    settings = home.model_copy(update={"alert_webhook": SecretStr(url), "alert_email_to": ["a@b.example"], "alert_smtp": "x"})
    before = dict(os.environ)
    try:
        assert send(settings, night_alert(settings)) == ["email", "webhook"]
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert "s3cret" not in "".join(record.getMessage() for record in caplog.records if record.name.startswith("warehouse"))


@pytest.mark.parametrize(
    ("url", "port", "ssl_off", "tls_off"),
    [
        ("smtp://mail.example", 25, True, True),
        ("smtp+starttls://me@mail.example", 587, True, False),
        ("smtps://me@mail.example:4650", 4650, False, True),
    ],
)
def test_a_mail_server_is_named_by_url(url: str, port: int, ssl_off: bool, tls_off: bool) -> None:
    given = json.loads(smtp_connection(Settings(alert_smtp=url, alert_smtp_password=SecretStr("p"))))
    assert (given["host"], given["port"]) == ("mail.example", port)
    assert (given["extra"]["disable_ssl"], given["extra"]["disable_tls"]) == (ssl_off, tls_off)


@pytest.mark.parametrize("url", ["mail.example", "https://mail.example", "smtp://", "smtp://me:word@mail.example"])
def test_what_is_no_mail_server_is_said(url: str) -> None:
    with pytest.raises(BureauError):
        smtp_connection(Settings(alert_smtp=url))
