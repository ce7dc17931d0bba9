"""What lies in a department's folder of the inbox, wherever that is."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO, Literal

from ingest.normalise import is_day
from ingest.spec import SourceSpec
from ingest.transport import Transport
from ingest.transport_place import Place

MANIFEST = ".manifest.json"
ZIP = ".zip"
_STEM = re.compile(r"(?P<source>[a-z][a-z0-9_]*)_(?P<region>[0-9]{6})_(?P<date>[0-9]{8})_(?P<sequence>[0-9]{2})")
_MANIFEST_LIMIT = 1 << 20


@dataclass(frozen=True)
class Found:
    """One delivery of a source as it lies in the inbox.

    state       `complete`; `waiting` (no manifest yet); `incomplete` (manifest without data); `misnamed` (complete, but the name
                is not `<source>_<region>_<yyyymmdd>_<nn>`); `link` (a symbolic link: never followed); `several` (data files of
                one name with different endings).
    stem        the name without its ending (`.csv`, `.csv.zip` or `.zip`): data file and manifest have it in common.
    size        bytes of the data file; None without one.
    changed_at  when the newer of the two files was last written, if the place says so.
    """

    state: Literal["complete", "waiting", "incomplete", "misnamed", "link", "several"]
    file_name: str
    stem: str
    region: str | None = None
    business_date: date | None = None
    sequence: int | None = None
    size: int | None = None
    changed_at: datetime | None = None

    @property
    def is_packed(self) -> bool:
        """Whether the data file is in a zip."""
        return self.file_name.endswith(ZIP)


class Inbox:
    """The folder of one department, with a connection of its own: a context, or to be closed.

    `place` is the inbox, a folder or URL to which the department's name is added, or a Place. Every method raises
    InboxUnreachable. The folder is listed once; `look_again` lists it anew.
    """

    def __init__(self, place: str | Place, department: str) -> None:
        self._transport = Transport(Place(place) if isinstance(place, str) else place, department)
        self._listing: dict[str, dict[str, Any]] | None = None

    def __enter__(self) -> Inbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._transport.close()

    def files(self) -> dict[str, dict[str, Any]]:
        """Name → fsspec's info of every file and link of the folder; nothing when a shared inbox has no folder of it yet."""
        if self._listing is None:
            try:
                return self.look_again()
            except FileNotFoundError:
                if self._transport.is_missing():
                    raise self._transport.no_folder() from None
                self._listing = {}
        return self._listing

    def look_again(self) -> dict[str, dict[str, Any]]:
        """What `files` gives, as it is now. Raises FileNotFoundError when the folder is not there."""
        self._listing = {
            name: entry
            for _, name, entry in self._transport.list()
            if is_plain(name) and (entry["type"] in ("file", "link") or entry.get("islink"))
        }
        return self._listing

    def open(self, file_name: str) -> BinaryIO:
        """The bytes of a file of this folder, streamed. Raises LinkFound: links are not followed."""
        if not is_plain(file_name):
            raise ValueError("a file name has no folder")
        return self._transport.open(file_name)

    def manifest(self, stem: str) -> bytes:
        """The bytes of a delivery's manifest (a megabyte at most: a longer one will not parse)."""
        with self.open(stem + MANIFEST) as file:
            return file.read(_MANIFEST_LIMIT)

    def version(self, file_name: str) -> str | None:
        """What changes whenever the file does, where the place has such a thing: a time that the sender can set is none."""
        return self._transport.version(file_name)

    def detailed(self, found: Found) -> Found:
        """With size and time of change, where the listing did not say them (an index page)."""
        if found.size is not None:
            return found
        data, manifest = (self._transport.info(name) for name in (found.file_name, found.stem + MANIFEST))
        changed = [when for entry in (data, manifest) if (when := _changed_at(entry))]
        return replace(found, size=data.get("size"), changed_at=max(changed) if len(changed) == 2 else None)

    def has_settled(self, found: Found, seconds: float) -> bool:
        """Whether data file and manifest have not changed since they were listed, and not in the last `seconds`.

        Where nothing says when they changed, or that was just now, it waits so long and looks once more.
        """
        if seconds <= 0:
            return True
        before = self._state(found)
        if found.size is not None and before != (found.size, found.changed_at):
            return False
        now = datetime.now(UTC)
        age = (now - before[1]).total_seconds() if before[1] else 0.0
        if age >= seconds:
            return True
        time.sleep(min(seconds, seconds - age))
        return self._state(found) == before

    def _state(self, found: Found) -> tuple[int | None, datetime | None]:
        entries = [self._transport.info(name) for name in (found.file_name, found.stem + MANIFEST)]
        changed = [when for entry in entries if (when := _changed_at(entry))]
        return entries[0].get("size"), max(changed, default=None)


def is_plain(name: str) -> bool:
    """Whether this is the name of a file in the folder itself: no path, nothing that leads elsewhere."""
    return name not in ("", ".", "..") and not set("/\\?#\0") & set(name)


def scan(inbox: Inbox, spec: SourceSpec) -> list[Found]:
    """Every delivery of the source in the folder, by business date, sequence and name."""
    files = inbox.files()
    endings = endings_of(spec)
    stems = {stem_of(name, endings) for name in files if name.startswith(f"{spec.name}_")} - {None}
    found = [_found(stem, endings, files) for stem in stems if stem is not None]
    return sorted(found, key=lambda f: (f.business_date or date.min, f.sequence or 0, f.file_name))


def endings_of(spec: SourceSpec) -> tuple[str, ...]:
    """Those that a data file of the source may have, plain or packed."""
    return (f".{spec.extension}", f".{spec.extension}{ZIP}", ZIP)


def stem_of(name: str, endings: tuple[str, ...]) -> str | None:
    """A name without its ending; None when it is no data file of these endings and no manifest."""
    ending = next((ending for ending in (MANIFEST, *endings) if name.endswith(ending)), None)
    return None if ending is None else name.removesuffix(ending)


def _found(stem: str, endings: tuple[str, ...], files: dict[str, dict[str, Any]]) -> Found:
    there = [stem + ending for ending in endings if stem + ending in files]
    name = there[0] if there else stem + endings[0]
    data, manifest = files.get(name), files.get(stem + MANIFEST)
    changed = [when for entry in (data, manifest) if entry and (when := _changed_at(entry))]
    size = data.get("size") if data else None
    whole: dict[str, Any] = {"size": size, "changed_at": max(changed, default=None)}
    match = _STEM.fullmatch(stem)
    if match and is_day(match["date"][:4], match["date"][4:6], match["date"][6:]):
        whole |= {
            "region": match["region"],
            "business_date": datetime.strptime(match["date"], "%Y%m%d").date(),
            "sequence": int(match["sequence"]),
        }
        state: Literal["complete", "misnamed"] = "complete"
    else:
        state = "misnamed"
    if any(entry and (entry.get("islink") or entry["type"] == "link") for entry in (data, manifest)):
        return Found("link", name, stem, **whole)
    if data is None:
        return Found("incomplete", name, stem, **whole)
    if len(there) > 1:
        return Found("several", name, stem, **whole)
    return Found(state if manifest is not None else "waiting", name, stem, **whole)


def _changed_at(entry: dict[str, Any]) -> datetime | None:
    said = (entry.get(name) for name in ("mtime", "LastModified", "modified", "Last-Modified"))
    when = next((one for one in said if one is not None), None)  # 0 is a time as well: packers write it
    if isinstance(when, int | float):
        return datetime.fromtimestamp(when, UTC)
    if isinstance(when, str):
        try:
            return parsedate_to_datetime(when)
        except ValueError:
            return None
    return when if isinstance(when, datetime) and when.tzinfo else None
