"""When a part is down: nothing acknowledged is lost, nothing happens twice, the answer says so."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from kehu_local.processes import Running
from kehu_local.testing import System, User, eventually


def process(system: System, name: str) -> Running:
    return next(one for one in system.supervisor.running() if one.name == name)


@contextmanager
def killed(system: System, name: str) -> Iterator[None]:
    """Kill a process as a crash would; in the end start it again."""
    process(system, name).kill()
    try:
        yield
    finally:
        system.restart()


def create_customer(user: User, name: str) -> httpx.Response:
    return user.http.post(
        "/customer/v1/customers",
        json={"kind": "person", "name": name},
        headers={"Idempotency-Key": name},
    )


def names_known_to_analytics(user: User) -> list[str]:
    page = user.get("/analytics/v1/values", limit=200)
    return sorted(item["customer_name"] for item in page["items"])


@pytest.mark.timeout(300)
class TestKafkaDown:
    @pytest.mark.durability
    def test_commands_are_taken_and_their_events_follow(self, system: System, user: User) -> None:
        user.post("/analytics/v1/values/defaults", {"currency": "CNY"})
        assert create_customer(user, "before").status_code == 201
        eventually(lambda: names_known_to_analytics(user) == ["before"])
        with killed(system, "broker"):
            for number in range(20):
                assert create_customer(user, f"during-{number:02}").status_code == 201
            assert user.get("/customer/v1/customers", count="exact")["count"] == 21
        assert create_customer(user, "later").status_code == 201
        expected = sorted(["before", "later", *(f"during-{number:02}" for number in range(20))])
        eventually(lambda: names_known_to_analytics(user) == expected, within=120)


@pytest.mark.timeout(300)
class TestPostgresDown:
    def test_is_told_and_a_repeated_command_has_one_effect(
        self, system: System, user: User
    ) -> None:
        assert create_customer(user, "first").status_code == 201
        with killed(system, "postgres"):
            answer = create_customer(user, "second")
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "unavailable"
            assert answer.headers["retry-after"]

        def repeated() -> bool:
            return create_customer(user, "second").status_code == 201

        eventually(repeated, within=60)
        assert create_customer(user, "second").headers["idempotency-replayed"] == "true"
        assert user.get("/customer/v1/customers", count="exact")["count"] == 2


@pytest.mark.timeout(300)
class TestServiceDown:
    def test_gateway_says_which_one(self, system: System, user: User) -> None:
        with killed(system, "service-desk"):
            answer = user.http.get("/service-desk/v1/requests")
            assert answer.status_code == 502
            assert answer.headers["content-type"] == "application/problem+json"
            assert "service-desk" in answer.json()["detail"]
            assert user.http.get("/customer/v1/customers").status_code == 200
        eventually(lambda: user.http.get("/service-desk/v1/requests").status_code == 200)

    def test_analytics_killed_while_events_flow_counts_each_once(
        self, system: System, user: User
    ) -> None:
        user.post("/analytics/v1/values/defaults", {"currency": "CNY"})
        for number in range(10):
            create_customer(user, f"a-{number}")
        with killed(system, "analytics"):
            for number in range(10):
                create_customer(user, f"b-{number}")
        eventually(lambda: len(names_known_to_analytics(user)) == 20, within=90)
        time.sleep(1)
        assert len(names_known_to_analytics(user)) == 20

    def test_conversion_goes_on_after_every_service_in_it_was_killed(
        self, system: System, user: User
    ) -> None:
        user.post(
            "/sales/v1/methods",
            {
                "code": "m",
                "name": "标准",
                "is_default": True,
                "stages": [{"code": "a", "name": "接触", "planned_days": 5, "success_rate": 10}],
            },
        )
        lead = user.post(
            "/marketing/v1/leads",
            {
                "topic": "新项目",
                "source": "other",
                "customer_name": "大连远航",
                "contact_name": "赵六",
            },
        )
        with killed(system, "sales"):
            answer = user.http.post(f"/marketing/v1/leads/{lead['id']}/convert", json={})
            assert answer.status_code == 202
            process(system, "marketing").kill()
        done = eventually(lambda: self._completed(user, lead["id"]), within=120)
        assert done["customer_id"]
        assert done["opportunity_id"]
        assert user.get("/customer/v1/customers", count="exact")["count"] == 1
        assert user.get("/customer/v1/contacts", count="exact")["count"] == 1
        assert user.get("/sales/v1/opportunities", count="exact")["count"] == 1

    @staticmethod
    def _completed(user: User, lead_id: str) -> dict[str, Any] | None:
        conversion = user.get(f"/marketing/v1/leads/{lead_id}/conversion")
        return conversion if conversion["state"] == "completed" else None
