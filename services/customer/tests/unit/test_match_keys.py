"""What two names say, and the keys by which a customer is found again (C5)."""

import pytest

from kehu_customer.customers.credit_code import credit_code
from kehu_customer.customers.errors import InvalidCreditCode
from kehu_customer.duplicates import names
from kehu_customer.duplicates.keys import Key, KeyKind, Subject, host_of, keys_of
from kehu_customer.duplicates.queries import locks_of


@pytest.mark.parametrize(
    ("name", "core", "place"),
    [
        ("深圳市华强集团有限公司", "华强", "深圳"),
        ("深圳華强（集團）股份有限公司", "华强", "深圳"),
        ("广东省深圳市华强有限责任公司", "华强", "深圳"),
        ("华为技术（深圳）有限公司", "华为技术", "深圳"),
        ("Shenzhen Huaqiang Group Co., Ltd.", "huaqiang", "深圳"),
        ("ＩＢＭ　中国", "ibm中国", ""),
        ("The Siemens AG", "siemens", ""),
        ("Müller & Söhne GmbH", "mullersohne", ""),
        ("Acme, Inc.", "acme", ""),
        ("ACME Corporation", "acme", ""),
        ("上海公司", "公司", "上海"),
        ("Limited", "limited", ""),
        ("b", "", ""),
        ("……", "", ""),
    ],
)
def test_a_company_name_says_its_core_and_its_place(name: str, core: str, place: str) -> None:
    said = names.company(name)
    assert (said.core, said.place) == (core, place)


def test_a_branch_keeps_its_name() -> None:
    assert names.company("华强有限公司北京分公司").core != names.company("华强有限公司").core


def test_a_person_is_not_from_the_place_the_name_begins_with() -> None:
    said = names.person("上海 明")
    assert (said.core, said.place) == ("上海明", "")


def test_chinese_and_pinyin_sound_alike() -> None:
    assert names.company("华强").sound == names.company("Huaqiang Ltd").sound == "huaqiang"


@pytest.mark.parametrize(
    ("website", "host"),
    [
        ("https://www.Huaqiang.com/cn/?a=1", "huaqiang.com"),
        ("huaqiang.com:8080", "huaqiang.com"),
        ("ｗｗｗ.huaqiang.com.", "huaqiang.com"),
        ("华强.中国", "华强.中国"),
        ("http://[", ""),
        ("  ", ""),
    ],
)
def test_a_website_is_known_by_its_host(website: str, host: str) -> None:
    assert host_of(website) == host


def test_domains_of_free_mail_and_those_a_tenant_ignores_are_no_keys() -> None:
    subject = Subject(
        "organisation", "甲乙", emails=("a@qq.com", "a@huaqiang.com", "a@partner.com")
    )
    keys = keys_of(subject, ["partner.com"])
    assert [one.key for one in keys if one.kind is KeyKind.DOMAIN] == ["huaqiang.com"]


def test_a_wrong_character_leaves_the_start_or_the_end() -> None:
    right = set(keys_of(Subject("organisation", "苏州恒远精密机械有限公司")))
    wrong = set(keys_of(Subject("organisation", "苏州恒远精密机戒有限公司")))
    assert right & wrong == {Key(KeyKind.START, "恒远精")}


def test_a_name_that_says_nothing_has_no_keys() -> None:
    assert keys_of(Subject("organisation", "b")) == []


def test_locks_are_of_the_strongest_keys_of_one_tenant_and_in_order() -> None:
    keys = keys_of(Subject("organisation", "深圳华强系统", "91440300708461136T", "huaqiang.com"))
    locks = locks_of("t1", keys)
    assert len(locks) == 2
    assert locks == sorted(locks)
    assert not set(locks) & set(locks_of("t2", keys))


@pytest.mark.parametrize(
    "typed", ["91440300708461136T", " 9144 0300-708461136t ", "９1440300708461136T"]
)
def test_a_credit_code_has_one_form(typed: str) -> None:
    assert credit_code(typed) == "91440300708461136T"


@pytest.mark.parametrize(
    "typed",
    ["91440300708461136U", "91440300708461163T", "9144030070846113", "9144030070846113OT", ""],
    ids=["wrong check", "swapped", "short", "letter O", "empty"],
)
def test_a_credit_code_that_is_none(typed: str) -> None:
    with pytest.raises(InvalidCreditCode):
        credit_code(typed)
