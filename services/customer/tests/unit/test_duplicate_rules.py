"""When two records are told to be one customer (C5)."""

import pytest

from kehu_customer.duplicates.keys import KeyKind, Subject
from kehu_customer.duplicates.rules import DuplicateReason as Reason
from kehu_customer.duplicates.rules import DuplicateVerdict as Verdict
from kehu_customer.duplicates.rules import Matching, matching_of

DEFAULT = matching_of(None)
CODE, OTHER_CODE = "91440300708461136T", "91110000802100433B"


def company(name: str, code: str | None = None) -> Subject:
    return Subject("organisation", name, code)


def compared(one: Subject, other: Subject, *shared: KeyKind) -> tuple[Verdict, list[Reason]]:
    score, reasons = DEFAULT.compare(one, other, frozenset(shared))
    assert DEFAULT.compare(other, one, frozenset(shared))[0] == score  # whoever comes first
    return DEFAULT.verdict(score), reasons


@pytest.mark.parametrize(
    ("one", "other", "verdict", "reason"),
    [
        ("深圳华强有限公司", "深圳華強股份有限公司", Verdict.REFUSE, Reason.SAME_NAME),
        ("Acme Inc.", "ACME, Incorporated", Verdict.REFUSE, Reason.SAME_NAME),
        ("深圳华强有限公司", "华强有限公司", Verdict.WARN, Reason.SAME_NAME_LESS_PRECISE),
        ("华强集团有限公司", "华强有限公司", Verdict.WARN, Reason.SAME_NAME_LESS_PRECISE),
        ("深圳华强有限公司", "Shenzhen Huaqiang Co., Ltd.", Verdict.WARN, Reason.SAME_SOUND),
        ("苏州恒远机械有限公司", "苏州恒源机械有限公司", Verdict.WARN, Reason.SAME_SOUND),
        ("Fabrikam Logistics", "Fabrikam Logistcs", Verdict.WARN, Reason.SIMILAR_NAME),
        ("深圳华强有限公司", "北京华强有限公司", Verdict.NONE, Reason.SAME_NAME_ELSEWHERE),
        ("苏州恒远精密机械", "苏州恒达精密机械", Verdict.NONE, Reason.SIMILAR_NAME),
    ],
)
def test_two_company_names(one: str, other: str, verdict: Verdict, reason: Reason) -> None:
    assert compared(company(one), company(other)) == (verdict, [reason])


def test_two_that_are_numbered_differently_are_two() -> None:
    assert compared(company("第一机床厂"), company("第二机床厂")) == (Verdict.NONE, [])


def test_an_equal_name_of_a_person_alone_says_nothing() -> None:
    one = Subject("person", "张敏")
    assert compared(one, one)[0] is Verdict.NONE
    assert compared(one, one, KeyKind.PHONE)[0] is Verdict.WARN
    assert compared(one, one, KeyKind.PHONE, KeyKind.EMAIL)[0] is Verdict.REFUSE


def test_a_person_is_no_company() -> None:
    assert compared(Subject("person", "华强"), company("华强"), KeyKind.PHONE) == (Verdict.NONE, [])


def test_the_same_credit_code_is_enough() -> None:
    found = compared(company("旧名称", CODE), company("完全不同", CODE))
    assert found == (Verdict.REFUSE, [Reason.SAME_CREDIT_CODE])


def test_other_credit_codes_speak_against_equal_names() -> None:
    found = compared(company("深圳华强", CODE), company("深圳华强", OTHER_CODE), KeyKind.DOMAIN)
    assert found[0] is Verdict.NONE
    assert Reason.OTHER_CREDIT_CODE in found[1]


def test_weak_evidence_adds_up() -> None:
    one, other = company("深圳华强"), company("华强")
    assert compared(one, other)[0] is Verdict.WARN
    assert compared(one, other, KeyKind.DOMAIN)[0] is Verdict.REFUSE


def test_a_tenant_can_decide_otherwise() -> None:
    strict = matching_of({"points": {"phone": 95}, "warn_from": 10})
    one, other = company("甲公司一号"), company("乙公司二号")
    assert (
        strict.verdict(strict.compare(one, other, frozenset({KeyKind.PHONE}))[0]) is Verdict.REFUSE
    )
    never = Matching(DEFAULT.points, refuse_from=101, warn_from=101, other_credit_code=0)
    assert never.verdict(never.compare(one, one, frozenset())[0]) is Verdict.NONE
