"""What lies in a department's folder of the inbox: a local folder or any URL that fsspec knows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, BinaryIO, Literal, cast

import fsspec

from ingest.normalise import is_day
from ingest.spec import SourceSpec

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
    """The folder of one department. `url` is the inbox; the department's name is added."""

    def __init__(self, url: str, department: str) -> None:
        self._fs, root = fsspec.core.url_to_fs(url)
        self._folder = f"{root.rstrip('/')}/{department}"

    def files(self) -> dict[str, dict[str, Any]]:
        """Name → fsspec's info of every plain file of the folder; nothing when the folder is not there."""
        self._fs.invalidate_cache(self._folder)
        try:
            entries = self._fs.ls(self._folder, detail=True)
        except FileNotFoundError:
            return {}
        named = ((entry["name"].rpartition("/"), entry) for entry in entries)
        return {
            name: entry
            for (parent, _, name), entry in named
            if name not in ("", ".", "..") and (entry["type"] == "file" or entry.get("islink")) and self._is_here(parent)
        }

    def open(self, file_name: str) -> BinaryIO:
        """The bytes of a file of this folder."""
        if "/" in file_name or "\\" in file_name or file_name in ("", ".", ".."):
            raise ValueError("a file name has no folder")
        return cast(BinaryIO, self._fs.open(f"{self._folder}/{file_name}", "rb"))

    def manifest(self, stem: str) -> bytes:
        """The bytes of a delivery's manifest (a megabyte at most: a longer one will not parse)."""
        with self.open(stem + MANIFEST) as file:
            return file.read(_MANIFEST_LIMIT)

    def _is_here(self, parent: str) -> bool:
        here: str = self._fs._strip_protocol(self._folder)
        there: str = self._fs._strip_protocol(parent)
        return here.rstrip("/") == there.rstrip("/")


def scan(inbox: Inbox, spec: SourceSpec) -> list[Found]:
    """Every delivery of the source in the folder, by business date, sequence and name."""
    files = inbox.files()
    endings = (f".{spec.extension}", f".{spec.extension}{ZIP}", ZIP)
    stems = {stem_of(name, endings) for name in files if name.startswith(f"{spec.name}_")} - {None}
    found = [_found(stem, endings, files) for stem in stems if stem is not None]
    return sorted(found, key=lambda f: (f.business_date or date.min, f.sequence or 0, f.file_name))


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
    if any(entry and entry.get("islink") for entry in (data, manifest)):
        return Found("link", name, stem, **whole)
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
    if data is None:
        return Found("incomplete", name, stem, **whole)
    if len(there) > 1:
        return Found("several", name, stem, **whole)
    return Found(state if manifest is not None else "waiting", name, stem, **whole)


def _changed_at(entry: dict[str, Any]) -> datetime | None:
    when = entry.get("mtime") or entry.get("LastModified") or entry.get("modified")
    if isinstance(when, int | float):
        return datetime.fromtimestamp(when, UTC)
    return when if isinstance(when, datetime) and when.tzinfo else None
