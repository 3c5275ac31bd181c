"""What the cells of a file mean (C6)."""

import re
from pathlib import Path

import pytest

from kehu_customer.customers.models import CustomerRole
from kehu_customer.imports.columns import HEADERS, OF_CONTACT, ROLES, suggest, values_of


def test_every_role_has_a_chinese_name() -> None:
    assert set(ROLES.values()) == set(CustomerRole)
    assert all(re.fullmatch(r"[\u4e00-\u9fff]+", name) for name in ROLES)


@pytest.mark.parametrize(
    ("cell", "roles"),
    [
        ("零售商、媒体", ["retailer", "media"]),
        ("政府;行业协会", ["public_body", "association"]),
        ("竞争对手", ["competitor"]),
        ("wholesaler", ["wholesaler"]),
        ("船东", ["船东"]),
    ],
)
def test_roles_are_read_by_their_chinese_names(cell: str, roles: list[str]) -> None:
    assert values_of([cell], [(0, "roles")], {}, "CNY") == {"roles": roles}


def test_the_chinese_label_of_each_column_suggests_its_meaning() -> None:
    known = {**HEADERS, **OF_CONTACT}
    labels = [names[0] for names in known.values()]
    assert suggest(labels, []) == dict(zip(labels, known, strict=True))


def test_the_header_line_of_the_guide_has_every_column() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")
    labels = [names[0] for names in {**HEADERS, **OF_CONTACT}.values()]
    assert f"\n{','.join(labels)}\n" in guide


def test_what_a_row_says_of_its_person_stays_apart_from_the_customer() -> None:
    columns = [(0, "name"), (1, "contact.name"), (2, "contact.buying_role")]
    assert values_of(["海川", "王海燕", "决策者"], columns, {}, "CNY") == {
        "name": "海川", "contact": {"name": "王海燕", "buying_role": "decision_maker"},
    }  # fmt: skip
