"""One way to write a number or address, and the rules about primary and verified ones."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kehu_customer.contact_points import normal
from kehu_customer.contact_points.errors import (
    AddressPartsMisplaced,
    ContactPointNotUsed,
    InvalidEmailAddress,
    InvalidPhoneNumber,
    OnePartyNeeded,
    PrimaryPointMustBeActive,
    PrimaryPointNeeded,
)
from kehu_customer.contact_points.models import ContactPoint, PointKind
from kehu_kernel import ids
from kehu_kernel.errors import DomainError

VERIFIED_ON = date(2026, 11, 20)


def a_point(**fields: Any) -> ContactPoint:
    mobile = {"contact_id": ids.new_id(), "kind": PointKind.MOBILE, "is_primary": False}
    return ContactPoint(**mobile | {"active": True} | fields)


def a_verified_mobile() -> ContactPoint:
    point = a_point()
    point.write("138 0000 0000", None, region="CN")
    point.verify(VERIFIED_ON, "zhang.min")
    return point


class TestPhone:
    @pytest.mark.parametrize(
        ("typed", "region", "e164", "extension"),
        [
            ("138 0000 0000", "CN", "+8613800000000", None),
            ("+86 138-0000-0000", "DE", "+8613800000000", None),
            ("008613800000000", "CN", "+8613800000000", None),
            ("(0512) 6280-0000 x12", "CN", "+8651262800000", "12"),
            ("030 901820", "DE", "+4930901820", None),
            ("(202) 555-0143", "US", "+12025550143", None),
            ("１３８００００００００", "CN", "+8613800000000", None),
        ],
    )
    def test_however_it_is_typed(
        self, typed: str, region: str, e164: str, extension: str | None
    ) -> None:
        assert normal.phone(typed, region) == (e164, extension)

    @pytest.mark.parametrize("typed", ["call me", "110", "62 800", "+999 1234567", "1" * 30, "+"])
    def test_no_number(self, typed: str) -> None:
        with pytest.raises(InvalidPhoneNumber):
            normal.phone(typed, "CN")

    @settings(deadline=None)
    @given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", " ", "-"]))
    def test_its_normal_form_is_its_own_in_every_region(self, mobile: str, gap: str) -> None:
        found = normal.phone(f"{mobile[:3]}{gap}{mobile[3:7]}{gap}{mobile[7:]}", "CN")
        assert found.value == f"+86{mobile}"
        assert normal.phone(found.value, "US") == found

    @settings(deadline=None)
    @given(
        st.from_regex(r"((\+|00)?86)?[ -]?1[0-9]{2}[ -]?[0-9]{3,5}[ -]?[0-9]{3,5}", fullmatch=True),
        st.sampled_from(["CN", "US", "DE"]),
    )
    def test_what_is_read_quickly_is_what_the_library_says(self, typed: str, region: str) -> None:
        assert said(normal.phone, typed, region) == said(normal.phone_by_library, typed, region)


class TestEmail:
    @pytest.mark.parametrize(
        ("typed", "found"),
        [
            ("Zhao.Lixin@Example.COM", "zhao.lixin@example.com"),
            ("zhao@苏州.公司", "zhao@苏州.公司"),
        ],
    )
    def test_without_regard_to_capitals(self, typed: str, found: str) -> None:
        assert normal.email(typed) == (found, None)

    @settings(deadline=None, max_examples=300)
    @given(
        st.from_regex(
            r"[a-zA-Z0-9._+-]{1,70}@([a-zA-Z0-9-]{1,65}\.){1,3}(com|CN|net|org|cn1|local|c)",
            fullmatch=True,
        )
    )
    def test_what_is_read_quickly_is_what_the_library_says(self, typed: str) -> None:
        assert said(normal.email, typed) == said(normal.email_by_library, typed)

    @pytest.mark.parametrize(
        "typed",
        ["a@b.cn\n", "a@ab--c.cn", "a@xn--a.cn", "-a@b.cn", "a@-b.cn", "a.@b.cn", "a@ſ.com",
         "a@com",         f"{'a' * 64}@b.cn", f"a@{'b' * 64}.cn"],
    )  # fmt: skip
    def test_also_at_the_edges(self, typed: str) -> None:
        assert said(normal.email, typed) == said(normal.email_by_library, typed)

    @pytest.mark.parametrize("typed", ["zhao", "zhao@", "a@b@c.com", "a..b@example.com", "a@b_c.d"])
    def test_no_address(self, typed: str) -> None:
        with pytest.raises(InvalidEmailAddress):
            normal.email(typed)


def said(read: Callable[..., normal.Normal], *typed: str) -> normal.Normal | str:
    """Return what a function reads, or how it refuses."""
    try:
        return read(*typed)
    except DomainError as error:
        return error.code


class TestAddress:
    def test_without_regard_to_capitals_width_and_spaces(self) -> None:
        parts = {"city": "苏州市", "country": "CN"}
        one = normal.address("金鸡湖大道１３５５号  A座", parts)
        assert one == normal.address(" 金鸡湖大道1355号 a座", dict(reversed(parts.items())))
        assert one != normal.address("金鸡湖大道1355号 A座", parts | {"city": "无锡市"})


class TestWrite:
    def test_a_verified_number_in_another_way(self) -> None:
        point = a_verified_mobile()
        point.write("+86 138 0000 0000", None, region="DE")
        assert (point.verified_on, point.verified_by) == (VERIFIED_ON, "zhang.min")
        assert point.value == "+86 138 0000 0000"

    def test_another_number_has_to_be_verified_anew(self) -> None:
        point = a_verified_mobile()
        point.write("139 0000 0000", None, region="CN")
        assert (point.verified_on, point.verified_by) == (None, None)

    def test_a_number_with_a_city(self) -> None:
        with pytest.raises(AddressPartsMisplaced):
            a_point().write("138 0000 0000", {"city": "苏州市"}, region="CN")


class TestStanding:
    def test_an_unused_one_cannot_be_primary(self) -> None:
        with pytest.raises(PrimaryPointMustBeActive):
            a_point(active=False).make_primary()

    def test_an_unused_one_cannot_be_verified(self) -> None:
        with pytest.raises(ContactPointNotUsed):
            a_point(active=False).verify(VERIFIED_ON, "zhang.min")

    def test_the_primary_one_while_there_are_others(self) -> None:
        point = a_point(is_primary=True)
        with pytest.raises(PrimaryPointNeeded):
            point.deactivate(others=True)
        assert point.active

    def test_the_only_one(self) -> None:
        point = a_point(is_primary=True)
        point.deactivate(others=False)
        assert (point.active, point.is_primary) == (False, False)

    @pytest.mark.parametrize("parties", [{}, {"customer_id": 1, "contact_id": 2}])
    def test_of_nobody_or_of_two(self, parties: dict[str, int]) -> None:
        with pytest.raises(OnePartyNeeded):
            ContactPoint(**parties).require_one_party()
