"""What is found by what: the rules of search, without a database (C15)."""

import pytest

from kehu_customer.search.asking import Part, Question, Step, Way, steps_of
from kehu_customer.search.ranking import Found, Match, best
from kehu_customer.search.reasons import SearchManner
from kehu_customer.search.terms import Party, Source, numbers_of, spoken, terms_of

ALL = frozenset(Part)


def on_record(name: str, **fields: object) -> tuple[set[str], Found]:
    """Return the terms of a company, and what ranking sees of it."""
    terms = terms_of(Source("organisation", Party(name)))
    values: dict[str, object] = {
        "id": None, "kind": "organisation", "name": name, "sound": " ".join(spoken(name)),
        "codes": (), "website": None, "former": False,
    }  # fmt: skip
    return terms, Found(**values | fields)  # type: ignore[arg-type]


def is_found(step: Step, terms: set[str]) -> bool:
    """Whether a look into the index finds what has these terms."""
    return step.all_of <= terms and (not step.any_of or bool(step.any_of & terms))


def search(typed: str, name: str, **fields: object) -> Match | None:
    """Return why a company of this name is found by what was typed; None if it is not."""
    terms, found = on_record(name, **fields)
    question = Question(typed)
    ways = [step.way for step in steps_of(question, ALL) if is_found(step, terms)]
    return best(question, ways, found)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("华伟技术", "华为技术有限公司"),
        ("华为枝术", "华为技术有限公司"),
        ("深圳华伟技术有限公司", "华为技术有限公司"),
        ("恒运精密机械", "苏州恒远精密机械有限公司"),
        ("海康威视数据", "杭州海康威视数字技术股份有限公司"),
        ("海康卫视", "杭州海康威视数字技术股份有限公司"),
        ("Acme Corpration", "Acme Corporation"),
        ("Amce Corporation", "Acme Corporation"),
        ("Mircosoft", "Microsoft (China) Co., Ltd."),
        ("Microsft", "Microsoft (China) Co., Ltd."),
        ("Siemens Energie", "Siemens Energy AG"),
    ],
)
def test_one_or_two_wrong_letters_are_forgiven(typed: str, name: str) -> None:
    match = search(typed, name)
    assert match is not None
    assert match.manner in {SearchManner.TYPO, SearchManner.SOUND, SearchManner.SOUND_START}


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("华为技术", "华强电子有限公司"),
        ("Acme", "Apex Tools Ltd"),
        ("hwjs", "华强电子有限公司"),
        ("zhongguo", "华强电子有限公司"),
        ("中石油", "中石化股份有限公司"),
        ("Delta", "Dalian Steel"),
    ],
)
def test_what_is_another_name_is_not_found(typed: str, name: str) -> None:
    assert search(typed, name) is None


def test_the_surer_a_match_the_higher_it_ranks() -> None:
    name = "深圳市华强电子科技有限公司"
    order = [
        search(typed, name)
        for typed in (name, "华强", "电子", "huaqiangdianzikeji", "huaqiang", "hqdz", "华弱电子")
    ]
    scores = [match.score if match else 0 for match in order]
    assert scores == sorted(scores, reverse=True)
    assert len({*scores}) == len(scores)


def test_a_former_customer_ranks_below_one_that_is_less_alike() -> None:
    former = search("华强", "华强电子有限公司", former=True)
    present = search("华强", "新华强电子有限公司")
    assert former
    assert present
    assert former.score < present.score


@pytest.mark.parametrize("typed", ["有限公司", "公司", "，。", "()", "股份有限公司"])
def test_what_every_name_has_asks_for_no_part_of_a_name(typed: str) -> None:
    ways = {step.way for step in steps_of(Question(typed), ALL)}
    assert not ways & {Way.START, Way.INSIDE}


def test_a_part_that_may_not_be_read_is_not_looked_into() -> None:
    ways = {step.way for step in steps_of(Question("13800001234"), {Part.CUSTOMERS})}
    assert not ways & {Way.PHONE, Way.ADDRESS, Way.CONTACT_INSIDE}


def test_two_tenants_have_different_numbers_for_one_term() -> None:
    assert numbers_of("one", ["=c1"]) != numbers_of("two", ["=c1"])
    assert all(-(2**31) <= number < 2**31 for number in numbers_of("one", map(str, range(1000))))
