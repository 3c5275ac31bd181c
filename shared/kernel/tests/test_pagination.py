"""What lists ask the database."""

import pytest
from sqlalchemy import column

from kehu_kernel.pagination import one_of


@pytest.mark.parametrize(("values", "condition"), [(["a"], "kind = :"), (["a", "b"], "kind IN (")])
def test_of_a_single_value_an_index_keeps_its_order(values: list[str], condition: str) -> None:
    assert condition in str(one_of(column("kind"), values))
