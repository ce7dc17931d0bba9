"""Deliveries in a zip: one data file, called as the delivery is, and nothing more than the zip says."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path

import pytest

from ingest.errors import DeliveryRefused
from ingest.inbox import Inbox, scan
from ingest.readers.packed import unpacked
from ingest.spec import SourceSpec, all_specs
from ingest.strangers import strangers

SPECS = all_specs()
REG, LOCAL, LOANS, TRAINING = (SPECS[name] for name in ("registrations", "tax_local", "loans", "training"))
STEM = "registrations_520381_20101231_01"
ENCRYPTED = 1


def content_of(spec: SourceSpec, path: Path, stem: str = STEM) -> bytes:
    with unpacked(spec, path, stem) as data:
        if isinstance(data, Path):
            return data.read_bytes()
        return b"".join(iter(lambda: data.read(7), b""))


def refusal(spec: SourceSpec, path: Path) -> tuple[str, str]:
    with pytest.raises(DeliveryRefused) as caught:
        content_of(spec, path)
    return caught.value.rule, caught.value.place


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the archive would have it."""
    (tmp_path / "incoming").mkdir()
    (tmp_path / "ab").mkdir()
    return tmp_path / "ab" / "abc"


def pack(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    with zipfile.ZipFile(path, "w", method) as container:
        for name, content in members.items():
            container.writestr(name, content)
    return path.read_bytes()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_one_data_file_is_read_and_nothing_stays_behind(path: Path, method: int) -> None:
    pack(path, {f"{STEM}.csv": b"PRIPID,REGNO\r\n1,2\r\n"}, method)
    assert content_of(REG, path) == b"PRIPID,REGNO\r\n1,2\r\n"
    pack(path, {f"{STEM}.dbf": b"table"}, method)
    assert content_of(LOCAL, path) == b"table"
    assert list((path.parent.parent / "incoming").iterdir()) == []


def test_what_a_zip_may_not_be(path: Path) -> None:
    name = f"{STEM}.csv"
    for members, rule in (
        ({}, "file.several"),
        ({name: b"x", "more.csv": b"y"}, "file.several"),
        ({"other.csv": b"x"}, "file.member_name"),
        ({f"../{name}": b"x"}, "file.member_name"),
        ({f"folder/{name}": b"x"}, "file.member_name"),
        ({f"{name}/": b""}, "file.member_name"),
        ({f"{STEM}.zip": b"x"}, "file.member_name"),
    ):
        pack(path, members)
        assert refusal(REG, path)[0] == rule, members
    pack(path, {name: b"a,b" * 1000}, zipfile.ZIP_LZMA)
    assert refusal(REG, path) == ("file.container", "member 1")
    whole = pack(path, {name: bytes(range(256)) * 100})
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal(REG, path) == ("file.container", "file")
    path.write_bytes(b"PRIPID,REGNO\r\n")
    assert refusal(REG, path) == ("file.container", "file")


def test_a_damaged_or_encrypted_member(path: Path) -> None:
    whole = bytearray(pack(path, {f"{STEM}.csv": b"abc" * 10}, zipfile.ZIP_STORED))
    whole[whole.index(b"abcabc")] ^= 1
    path.write_bytes(whole)
    assert refusal(REG, path) == ("file.container", "member 1")
    whole = bytearray(pack(path, {f"{STEM}.csv": b"abc"}))
    whole[whole.index(b"PK\x01\x02") + 8] |= ENCRYPTED
    path.write_bytes(whole)
    assert refusal(REG, path) == ("file.encrypted", "member 1")


def test_a_symbolic_link_in_a_zip_is_not_followed(path: Path) -> None:
    member = zipfile.ZipInfo(f"{STEM}.csv")
    member.create_system, member.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "w") as container:
        container.writestr(member, b"/etc/passwd")
    assert refusal(REG, path) == ("file.member_name", "member 1")


def test_a_bomb_is_refused_before_it_is_unpacked(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container, container.open(f"{STEM}.csv", "w") as member:
        for _ in range(70):
            member.write(b"\n" * 1_000_000)
    tracemalloc.start()
    assert refusal(REG, path) == ("file.too_big", "member 1")
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_zip_that_says_less_than_it_holds_gives_no_more_than_it_says(path: Path) -> None:
    whole = bytearray(pack(path, {f"{STEM}.csv": b"\n" * 1_000_000}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = whole.index(mark) + offset
        whole[place : place + 4] = (10).to_bytes(4, "little")
    path.write_bytes(whole)
    assert refusal(REG, path) == ("file.container", "member 1")


def test_an_inbox_with_zips(tmp_path: Path) -> None:
    folder = tmp_path / "saic"
    folder.mkdir()
    stems = [f"registrations_520381_20101231_0{n}" for n in range(1, 6)]
    for stem, endings in zip(stems, [(".csv.zip",), (".zip",), (".zip", ".csv"), (), (".csv.zip",)], strict=True):
        for ending in (*endings, *([".manifest.json"] if stem != stems[4] else [])):
            (folder / f"{stem}{ending}").touch()
    found = scan(Inbox(str(tmp_path), "saic"), REG)
    assert [(one.state, one.file_name.removeprefix(one.stem), one.is_packed) for one in found] == [
        ("complete", ".csv.zip", True),
        ("complete", ".zip", True),
        ("several", ".csv", False),
        ("incomplete", ".csv", False),
        ("waiting", ".csv.zip", True),
    ]


def test_strangers_are_what_no_source_of_the_department_claims() -> None:
    names = [
        "training_520381_20101231_01.xlsx", "training_520381_20101231_01.manifest.json", "trainings_520381_20101231_01.xlsx",
        "training_520381_20101231_01.xls", "loans_520381_20101231_01.manifest.json", "employment_x.csv.zip", "employment_x.zip",
        ".employment_x.csv.swp", "~$training.xlsx", "employment_x.csv.part", "说明.doc", "EMPLOYMENT_520381_20101231_01.CSV",
    ]  # fmt: skip
    assert strangers(names, [SPECS["training"], SPECS["employment"]]) == [
        "EMPLOYMENT_520381_20101231_01.CSV",
        "loans_520381_20101231_01.manifest.json",
        "training_520381_20101231_01.xls",
        "trainings_520381_20101231_01.xlsx",
        "说明.doc",
    ]
