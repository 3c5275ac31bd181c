"""Ports for servers that a test starts."""

import random

from kehu_local.ports import free_port


def test_a_port_is_given_once_however_often_chance_begins_anew() -> None:
    given = []
    for _ in range(100):
        random.seed(17)
        given.append(free_port())
    assert len(set(given)) == len(given)
