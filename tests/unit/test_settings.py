from pathlib import Path

import pytest

from warehouse import settings as module
from warehouse.errors import BureauError
from warehouse.settings import PROJECT, load_settings


def _toml(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    file = folder / "bureau.toml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "CONFIG_FILE", file)


def test_environment_goes_before_the_file_and_the_file_before_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _toml(monkeypatch, tmp_path, 'region = "520302"\nlang = "zh"\n')
    monkeypatch.setenv("BUREAU_LANG", "en")
    found = load_settings()
    assert (found.region, found.lang, found.timezone) == ("520302", "en", "Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "key", "word"),
    [
        ('regoin = "520302"', "settings.unknown_key", "regoin"),
        ('region = "5203"', "settings.bad_value", "region"),
        ('cutoff_hours = "soon"', "settings.bad_value", "cutoff_hours"),
        ("region = ", "settings.unreadable", "bureau.toml"),
    ],
)
def test_wrong_file_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, key: str, word: str) -> None:
    _toml(monkeypatch, tmp_path, text)
    with pytest.raises(BureauError, match=word) as caught:
        load_settings()
    assert caught.value.key == key
    assert word in caught.value.text("zh")


def test_home_is_the_same_from_every_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUREAU_HOME", "else where")
    assert load_settings().home == PROJECT / "else where"
    assert load_settings().inbox_url == str(PROJECT / "else where" / "inbox")
