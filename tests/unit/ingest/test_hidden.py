from __future__ import annotations

import pytest

from ingest.hidden import is_usable, mask_household_name, mask_household_text, mask_ids, mask_within
from ingest.pseudonym import Pseudonymiser
from ingest.readers import Batch
from ingest.spec import all_specs
from ingest.transform import Transformer
from tests.extracts import cells, fixture_rows, resident_id

SPECS = all_specs()
SPEC = SPECS["registrations"]
ANN = resident_id("52038119700101001")


def test_a_full_name_is_masked_within_a_business_name() -> None:
    assert mask_within(["张三丰", "李", ""], ["赤水市张三丰副食店", "李记", "张三丰店"]) == [
        "赤水市张**副食店",
        "李记",
        "张三丰店",
    ]


@pytest.mark.parametrize("owner", ["", "张", "/", "不详", "待补", "……", "Zhang San"])
def test_names_that_tell_nothing(owner: str) -> None:
    assert not is_usable(owner)
    assert mask_household_name(owner, "赤水市张三丰副食店") == "**店"
    assert mask_household_name(owner, "张三丰") == "张**"


@pytest.mark.parametrize(
    ("owner", "masked"),
    [
        ("张三丰", "赤水市张**副食店"),
        ("张 三丰", "赤水市张**副食店"),
        ("张三峰", "赤水市张**副食店"),
        ("章三丰", "赤水市章**副食店"),
        ("张丰三", "赤水市张**副食店"),
        ("张三", "赤水市张**丰副食店"),
        ("张丰", "赤水市张**副食店"),
        ("张三小丰", "赤水市张**副食店"),
        ("李四", "赤水市张三丰副食店"),
        ("张四海", "赤水市张三丰副食店"),
    ],
)
def test_the_owner_within_a_households_name_also_when_misspelt(owner: str, masked: str) -> None:
    assert mask_household_name(owner, "赤水市张三丰副食店") == masked


def test_of_an_address_without_an_owner_the_places_stay() -> None:
    assert mask_household_text("贵州省赤水市大同镇张三丰家") == "贵州省赤水市大同镇**"
    assert mask_household_text("张三丰代写书信") == "**"


def test_ids_typed_into_texts() -> None:
    wrong = ANN[:17] + ("0" if ANN[17] != "0" else "1")
    short = ANN[:6] + ANN[8:17]
    assert mask_ids([f"店主{ANN}，电话1380", "", wrong, f"1{ANN}"], False) == ["店主**，电话1380", "", wrong, f"1{ANN}"]
    assert mask_ids([short, "520381600000015"], False) == [short, "520381600000015"]
    assert mask_ids([f"证号{short}", "520381600000015", ANN.lower()], True) == ["证号**", "520381600000015", "**"]
    assert mask_ids([f"店主{wrong}", "999999999999999999"], True) == ["店主**", "999999999999999999"], (
        "a slip of the pen is an id"
    )


def transformed(source: str, **cells_now: str) -> dict[str, str]:
    spec = SPECS[source]
    row = fixture_rows(source, "good")[0] | cells_now
    batch = Transformer(spec, Pseudonymiser(b"k" * 32), frozenset()).apply(Batch(cells(spec, [row]), {}, [1]))
    return {name: column[0] for name, column in zip(spec.raw_columns, batch.columns, strict=True)}


@pytest.mark.parametrize("source", ["registrations", "employment", "loans", "training", "survey", "tax_local", "tax_national"])
def test_an_id_typed_into_any_column_is_not_stored(source: str) -> None:
    for column in SPECS[source].columns:
        for typed in (ANN, ANN.lower(), f"　{ANN}", f"L{ANN}"):
            out = transformed(source, **{column.delivered: typed})
            assert ANN[:17] not in str(out), column.name


def test_an_id_typed_into_a_key_leaves_a_key_that_links() -> None:
    pseudonym = Pseudonymiser(b"k" * 32).pseudonym(ANN)
    assert transformed("employment", AAC001=ANN)["aac001"] == pseudonym
    assert transformed("employment", AAC001=f"HT-{ANN.lower()}")["aac001"] == f"HT-{pseudonym}"
    wrong = ANN[:17] + ("0" if ANN[17] != "0" else "1")
    assert transformed("employment", AAC001=wrong)["aac001"] == wrong, "any number of 18 digits may be a key"


@pytest.mark.parametrize("kind", ["9500", "4540", "1130"])
def test_a_household_without_its_owner_leaves_no_name(kind: str) -> None:
    base = fixture_rows("registrations", "good")[0] | {"ENTTYPE": kind, "OPSCOPE": f"张三丰{ANN}零售", "DOM": "大同镇张三丰家"}
    rows = [base | {"LEREP": "", "ENTNAME": "张三丰副食店"}, base | {"LEREP": "张三丰", "ENTNAME": "大同张三丰副食店"}]
    batch = Transformer(SPEC, Pseudonymiser(b"k" * 32), frozenset()).apply(Batch(cells(SPEC, rows), {}, [1, 2]))
    out = dict(zip(SPEC.raw_columns, batch.columns, strict=True))
    assert ANN not in str(out)
    known = [out[name][1] for name in ("entname", "dom", "opscope")]
    assert known == ["大同张**副食店", "大同镇张**家", "张****零售"]
    unknown = [out[name][0] for name in ("entname", "dom", "opscope")]
    if kind == "1130":
        assert unknown == ["张三丰副食店", "大同镇张三丰家", "张三丰**零售"], "a legal person's name is public"
    else:
        assert unknown == ["**店", "大同镇**", "**"]
