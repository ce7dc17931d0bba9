"""What can be set, from `BUREAU_*` in the environment or `bureau.toml`, and the folders that follow from it."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from warehouse.connections import Connection
from warehouse.errors import BureauError

PROJECT = Path(__file__).resolve().parent.parent
CONFIG_FILE = PROJECT / "bureau.toml"


class Settings(BaseSettings):
    """All settings of one warehouse. Frozen: a process has one set of settings for its whole life.

    The environment (`BUREAU_HOME`, …) goes before `bureau.toml`, which goes before the defaults here.
    """

    model_config = SettingsConfigDict(
        env_prefix="BUREAU_", frozen=True, extra="forbid", env_ignore_empty=True, hide_input_in_errors=True
    )

    home: Path = Field(default=PROJECT / ".bureau", description="Folder that holds everything that is written.")
    database_url: SecretStr | None = Field(default=None, description="A real PostgreSQL; without it the embedded one serves.")
    region: str = Field(default="520381", pattern=r"^\d{6}$", description="Code of the city (GB/T 2260).")
    inbox: str = Field(default="", description="Folder or URL where departments drop files; default <home>/inbox.")
    inboxes: dict[str, str] = Field(default={}, description="By department, its own folder or URL; goes before `inbox`.")
    connections: dict[str, Connection] = Field(default={}, description="By name, how to get in where an inbox's URL says so.")
    inbox_settle_seconds: float = Field(
        default=5.0,
        ge=0,
        description="A file unlike its manifest that changed so lately is still being written: it is waited for.",
    )
    archive_keep_days: int | None = Field(
        default=None, ge=1, description="Days after which `archive prune` may remove files that nothing needs; default: never."
    )
    compact_after_months: int = Field(
        default=2,
        ge=0,
        description="Closed months whose deliveries keep tables of their own; older months become one table each.",
    )
    data_docs_nights: int = Field(
        default=60, ge=0, description="Business days whose checks stand as pages in <home>/data_docs; 0: none."
    )
    timezone: str = "Asia/Shanghai"
    schedule: str = Field(default="0 2 * * *", description="When the nightly runs start (cron, in `timezone`).")
    cutoff_hours: float = Field(default=4.0, gt=0, description="Hours after the start when the build stops waiting.")
    holidays: list[date] = Field(default=[], description="Days on which no department delivers, beside the public holidays.")
    working_days: list[date] = Field(default=[], description="Weekends and holidays that are worked, beside those announced.")
    series_start: date = Field(default=date(2009, 1, 1), description="First day of the published series.")
    release_band_pct: Decimal = Field(
        default=Decimal(25), gt=0, description="A release in which a total moved by more than so many percent needs a reason."
    )
    release_dates: dict[str, datetime] = Field(
        default={}, description="By period (2010, 2010-Q4, 2010-12), when its figures are due; goes before the release calendar."
    )
    airflow_port: int | None = Field(default=None, ge=1, le=65535, description="Port of Airflow; default: a free one.")
    airflow_url: str | None = Field(
        default=None, description="Where Airflow answers when its services are not this home's own processes (containers)."
    )
    airflow_password: SecretStr | None = Field(default=None, description="Password of Airflow's admin; default: generated.")
    pseudonym_key_file: Path | None = Field(default=None, description="File with the key of the pseudonyms (hex).")
    pseudonym_key: SecretStr | None = Field(default=None, description="The key itself (hex); goes before the file.")
    alert_email_to: list[str] = Field(default=[], description="Who hears by e-mail of what a night left to look at.")
    alert_email_from: str = Field(default="bureau@localhost", description="Sender of the e-mails.")
    alert_smtp: str = Field(default="smtp://localhost", description="Mail server: smtp://, smtp+starttls:// or smtps://.")
    alert_smtp_password: SecretStr | None = Field(default=None, description="Password of the mail server's user.")
    alert_webhook: SecretStr | None = Field(default=None, description="URL that alerts are posted to as JSON.")
    openlineage_url: str | None = Field(
        default=None, pattern=r"^(file|https?)://", description="Where lineage events go: file:///path, or the URL of a server."
    )
    openlineage_api_key: SecretStr | None = Field(default=None, description="Key of that server.")
    register_source: Literal["registrations", "registry_export"] = Field(
        default="registrations", description="The source that fills the register; the other one is kept and feeds no figure."
    )
    lang: Literal["en", "zh"] = "en"

    @field_validator("home", "pseudonym_key_file")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        """Relative paths are the project's: the same from whatever folder a command is called."""
        return None if value is None else (PROJECT / value.expanduser()).absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order of precedence: the call, the environment, the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, CONFIG_FILE)

    @property
    def embedded(self) -> bool:
        """Whether the embedded PostgreSQL serves this home."""
        return self.database_url is None

    @property
    def inbox_url(self) -> str:
        """Where deliveries are looked for: a path or an fsspec URL."""
        return self.inbox or str(self.home / "inbox")

    @property
    def archive(self) -> Path:
        """Delivered files, byte for byte, named by sha256."""
        return self.home / "archive"

    @property
    def places(self) -> Path:
        """Where rows of long archived files begin: made when first asked for, may be deleted at any time."""
        return self.home / "places"

    @property
    def secrets(self) -> Path:
        """Passwords and keys; the folder has mode 0700, its files 0600."""
        return self.home / "secrets"

    @property
    def logs(self) -> Path:
        """Logs of all services and commands."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Ports, process ids and locks."""
        return self.home / "run"

    @property
    def dbt_target(self) -> Path:
        """Where dbt writes its artefacts."""
        return self.home / "dbt"

    @property
    def postgres(self) -> Path:
        """The embedded server's own folder."""
        return self.home / "postgres"


def load_settings(**overrides: Any) -> Settings:
    """The settings in force; `overrides` go before everything. Raises BureauError naming the setting that is wrong."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise BureauError("settings.unknown_key", name=name, file=str(CONFIG_FILE)) from error
        raise BureauError("settings.bad_value", name=name, reason=first["msg"]) from error
    except ValueError as error:  # tomllib.TOMLDecodeError and values that pydantic-settings cannot read
        raise BureauError("settings.unreadable", file=str(CONFIG_FILE), reason=str(error)) from error


def make_folders(settings: Settings) -> None:
    """Make the folders of the home, its own inbox too when no other is set; secrets only for the owner."""
    own_inbox = [] if settings.inbox else [Path(settings.inbox_url)]
    for folder in (settings.home, settings.logs, settings.run, settings.archive, *own_inbox):
        folder.mkdir(parents=True, exist_ok=True)
    settings.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.secrets.chmod(0o700)
