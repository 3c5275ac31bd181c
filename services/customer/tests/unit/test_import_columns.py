"""What the cells of a file mean (C6)."""

import re

import pytest

from kehu_customer.customers.models import CustomerRole
from kehu_customer.imports.columns import HEADERS, ROLES, suggest, values_of


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
    labels = [names[0] for names in HEADERS.values()]
    assert suggest(labels, []) == dict(zip(labels, HEADERS, strict=True))
