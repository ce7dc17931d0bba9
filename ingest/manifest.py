"""The manifest beside a delivery: read strictly, compared with the file's name."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ingest.errors import DeliveryRefused
from ingest.inbox import Found
from ingest.spec import SourceSpec

_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


class Manifest(BaseModel):
    """What a department says about a file. `totals` are exact sums by delivered column name."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    source: str
    region: str = Field(pattern=r"^[0-9]{6}$")
    business_date: date
    sequence: int = Field(ge=0, le=99)
    kind: Literal["full", "delta"]
    rows: int = Field(ge=0, lt=2**32)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    totals: dict[str, Decimal] = Field(default_factory=dict)
    department: str

    @field_validator("business_date", mode="before")
    @classmethod
    def _iso(cls, value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise ValueError("a date is written YYYY-MM-DD")
        return date.fromisoformat(value)

    @field_validator("sha256", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("totals", mode="before")
    @classmethod
    def _exact(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not all(isinstance(v, str) and _DECIMAL.fullmatch(v) for v in value.values()):
            raise ValueError("totals are decimals written as strings")
        return {name: Decimal(text) for name, text in value.items()}


def is_cut_off(data: bytes) -> bool:
    """Whether a manifest is no whole JSON text: what one looks like that is still being written."""
    try:
        json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError):
        return True
    except RecursionError:
        return False
    return False


def read_manifest(data: bytes) -> Manifest:
    """Parse a manifest. Raises DeliveryRefused `manifest.unreadable` naming the key (never a value)."""
    try:
        return Manifest.model_validate(json.loads(data.decode("utf-8-sig"), object_pairs_hook=_no_key_twice))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise DeliveryRefused("manifest.unreadable", "manifest", "it is no JSON object in UTF-8") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = str(first["loc"][0]) if first["loc"] else ""
        known = place in Manifest.model_fields  # a key that is none of ours may be anything, a person's id too
        raise DeliveryRefused("manifest.unreadable", place if known else "manifest", first["msg"]) from None
    except ValueError as error:
        raise DeliveryRefused("manifest.unreadable", "manifest", str(error)) from None


def agree(manifest: Manifest, spec: SourceSpec, region: str, business_date: date, sequence: int) -> None:
    """Compare a manifest with its file's name and folder and with the spec. Raises DeliveryRefused."""
    for place, said, found in (
        ("source", manifest.source, spec.name),
        ("region", manifest.region, region),
        ("business_date", manifest.business_date, business_date),
        ("sequence", manifest.sequence, sequence),
        ("department", manifest.department, spec.department),
    ):
        if said != found:
            raise DeliveryRefused("manifest.name", place, "manifest and file name or folder do not agree")
    if manifest.kind not in spec.kinds:
        raise DeliveryRefused("manifest.kind", "kind", f"this source is not delivered as {manifest.kind}")
    numbers = {column.delivered for column in spec.columns if column.is_number}
    for name in manifest.totals:
        if name not in numbers:
            raise DeliveryRefused("manifest.totals", "totals", "a total is given of something that is no number column")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("a key stands twice")
    return keys


def agreed(found: Found, spec: SourceSpec, region: str, today: date, data: bytes) -> Manifest:
    """The manifest, after everything about it that needs no look into the data file. Raises DeliveryRefused."""
    if found.region is None or found.business_date is None or found.sequence is None:
        raise DeliveryRefused("file.name", "file name", "the name is not <source>_<region>_<yyyymmdd>_<nn>")
    if found.region != region:
        raise DeliveryRefused("file.region", "file name", f"this warehouse is of region {region}")
    manifest = read_manifest(data)
    agree(manifest, spec, found.region, found.business_date, found.sequence)
    if found.business_date > today:
        raise DeliveryRefused("file.future_date", "business_date", "the business date is after the day on which it came")
    return manifest


def mark_of(data: bytes) -> str:
    """What tells a manifest from another one: the beginning of its sha256, as `ledger.delivery.manifest` keeps it."""
    return hashlib.sha256(data).hexdigest()[:12]


def names_bytes(data: bytes, sha256: str) -> bool:
    """Whether a manifest can be read and says this sha256."""
    try:
        return read_manifest(data).sha256 == sha256
    except DeliveryRefused:
        return False


def other_bytes() -> DeliveryRefused:
    """The refusal of bytes that are not the manifest's."""
    return DeliveryRefused("manifest.sha256", "sha256", "the bytes of the data file are not those of the manifest")


def unlike_the_manifest(data: bytes, sha256: str) -> DeliveryRefused | None:
    """Bytes that are not the manifest's explain whatever else was found wrong in them."""
    try:
        return None if read_manifest(data).sha256 == sha256 else other_bytes()
    except DeliveryRefused:
        return None
