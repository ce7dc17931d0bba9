"""Alerts on their way: Airflow's own notifiers for e-mail and webhook, given their connections from the settings."""

import html
import json
import logging
import os
from typing import Any
from urllib.parse import unquote, urlsplit

from warehouse.alerts import Alert
from warehouse.errors import BureauError
from warehouse.settings import Settings

log = logging.getLogger(__name__)

SMTP, WEBHOOK = "bureau_alert_smtp", "bureau_alert_webhook"
_SECONDS = 30
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


def send(settings: Settings, alert: Alert) -> list[str]:
    """Send an alert to everybody whom the settings name; gives the ways that failed ("email", "webhook").

    A way that fails is logged by its kind of error alone: messages can hold addresses and tokens. It fails nothing else.
    """
    failed = []
    for way, is_set, notifier in (
        ("email", bool(settings.alert_email_to), _email),
        ("webhook", settings.alert_webhook is not None, _webhook),
    ):
        if not is_set:
            continue
        try:
            notifier(settings)(_context(alert))
        except Exception as error:
            log.error("the alert could not be sent by %s: %s", way, type(error).__name__)
            failed.append(way)
    return failed


def _context(alert: Alert) -> dict[str, Any]:
    """What the notifiers' templates see. The alert's words go in as values: they are never read as templates."""
    return {"dag": None, "alert": alert, "alert_html": f"<pre>{html.escape(alert.text)}</pre>"}


def _email(settings: Settings) -> Any:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    os.environ[f"AIRFLOW_CONN_{SMTP.upper()}"] = smtp_connection(settings)
    return SmtpNotifier(
        smtp_conn_id=SMTP,
        from_email=settings.alert_email_from,
        to=list(settings.alert_email_to),
        subject="{{ alert.subject }}",
        html_content="{{ alert_html }}",
    )


def _webhook(settings: Settings) -> Any:
    from airflow.providers.http.notifications.http import HttpNotifier

    assert settings.alert_webhook is not None
    given = {"conn_type": "http", "host": settings.alert_webhook.get_secret_value()}
    os.environ[f"AIRFLOW_CONN_{WEBHOOK.upper()}"] = json.dumps(given)
    return HttpNotifier(
        http_conn_id=WEBHOOK,
        json={
            "msgtype": "text",
            "text": {"content": "{{ alert.subject }}\n{{ alert.text }}"},
            "subject": "{{ alert.subject }}",
            "business_date": "{{ alert.business_date }}",
        },
        extra_options={"timeout": _SECONDS},
    )


def smtp_connection(settings: Settings) -> str:
    """The mail server as Airflow's connection, JSON. Raises BureauError for a URL that is none of a mail server."""
    parts = urlsplit(settings.alert_smtp)
    if parts.scheme not in _PORTS or not parts.hostname or parts.password:
        raise BureauError("alert.bad_smtp")
    password = settings.alert_smtp_password
    return json.dumps(
        {
            "conn_type": "smtp",
            "host": parts.hostname,
            "port": parts.port or _PORTS[parts.scheme],
            "login": unquote(parts.username) if parts.username else None,
            "password": password.get_secret_value() if password else None,
            "extra": {
                "disable_ssl": parts.scheme != "smtps",
                "disable_tls": parts.scheme != "smtp+starttls",
                "timeout": _SECONDS,
                "retry_limit": 2,
            },
        }
    )
