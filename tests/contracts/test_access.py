"""Roles grant scopes that exist, and scopes belong to services."""

import re

import pytest

from kehu_contracts.access import ROLES, SCOPES
from kehu_contracts.topics import SERVICES


@pytest.mark.parametrize("scope", SCOPES)
class TestScopes:
    def test_belongs_to_a_service(self, scope: str) -> None:
        assert re.fullmatch(r"[a-z-]+:[a-z-]+:[a-z]+", scope)
        assert scope.partition(":")[0] in SERVICES

    def test_has_a_description(self, scope: str) -> None:
        assert SCOPES[scope].endswith(".")

    def test_is_granted_below_the_administrator_or_is_set_up(self, scope: str) -> None:
        granted = frozenset[str]().union(
            *(scopes for role, scopes in ROLES.items() if role != "administrator")
        )
        for_administrators = (":directory:write", "marketing:audit:")
        assert scope in granted or any(part in scope for part in for_administrators)


class TestRoles:
    @pytest.mark.parametrize("role", ROLES)
    def test_grant_scopes_that_exist(self, role: str) -> None:
        assert ROLES[role] <= set(SCOPES)
        assert ROLES[role]

    def test_administrator_may_do_everything(self) -> None:
        assert ROLES["administrator"] == set(SCOPES)

    def test_managers_may_do_what_their_people_may(self) -> None:
        assert ROLES["sales_manager"] > ROLES["sales_representative"]
        assert ROLES["service_manager"] > ROLES["service_agent"]

    def test_who_writes_may_read(self) -> None:
        for role, scopes in ROLES.items():
            for scope in scopes:
                if scope.endswith(":write"):
                    assert scope.replace(":write", ":read") in scopes, role
