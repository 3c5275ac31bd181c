"""One customer's way through all five services: lead, opportunity, service, value (1.3 to 1.5)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from kehu_local.testing import System, User, eventually, refused

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()  # where the tenants' days are cut
EARLIER = (TODAY - timedelta(days=30)).isoformat()
LATER = (TODAY - timedelta(days=10)).isoformat()
CNY = "CNY"


def set_up(user: User) -> dict[str, str]:
    """A sales person, a product, a method with a strict gate, and the default value model."""
    department = user.post("/customer/v1/departments", {"code": "sz", "name": "深圳分公司"})["id"]
    employee = user.post(
        "/customer/v1/employees", {"code": "e1", "name": "韩梅梅", "department_id": department}
    )["id"]
    product = user.post(
        "/sales/v1/products",
        {"code": "p1", "name": "企业版", "list_price": {"amount": "20000.00", "currency": CNY}},
    )["id"]
    user.post(
        "/sales/v1/methods",
        {
            "code": "solution",
            "name": "解决方案销售",
            "is_default": True,
            "stages": [
                {
                    "code": "understand", "name": "了解情况",
                    "planned_days": 10, "success_rate": 10,
                    "conditions": {"control": "strict", "activities": 1},
                },
                {"code": "sign", "name": "签约", "planned_days": 10, "success_rate": 90},
            ],
        },
    )  # fmt: skip
    user.post("/analytics/v1/values/defaults", {"currency": CNY})
    return {"employee": employee, "product": product}


def convert(user: User, employee: str) -> dict[str, Any]:
    """A lead with typed names becomes a customer, a contact and an opportunity."""
    lead = user.post(
        "/marketing/v1/leads",
        {
            "topic": "咨询企业版", "source": "seminar", "customer_name": "深圳华强系统集成有限公司",
            "contact_name": "王工", "owner_id": employee, "created_on": EARLIER,
        },
    )  # fmt: skip
    path = f"/marketing/v1/leads/{lead['id']}"
    assert user.http.post(f"{path}/convert", json={}).status_code == 202
    user.http.post(f"{path}/convert", json={})  # pressed twice
    eventually(lambda: user.get(f"{path}/conversion")["state"] == "completed")
    return user.get(path)


class TestJourney:
    def test_from_lead_to_value(self, user: User) -> None:
        made = set_up(user)
        lead = convert(user, made["employee"])
        assert user.get("/customer/v1/customers", count="exact")["count"] == 1
        customer = user.get(f"/customer/v1/customers/{lead['customer_id']}")
        assert customer["state"] == "prospect"
        contacts = user.get("/customer/v1/contacts", customer_id=customer["id"])["items"]
        assert [contact["id"] for contact in contacts] == [lead["contact_id"]]

        opportunity = self._sell(user, lead["opportunity_id"], customer, made)
        assert opportunity["lead_id"] == lead["id"]

        self._serve(user, customer["id"], made["employee"])

        rate = eventually(lambda: self._win_rate(user))
        assert (rate["won"], rate["lost"]) == (1, 0)
        graded = eventually(
            lambda: self._graded(user, customer["id"]),
        )
        assert user.get(f"/analytics/v1/values/{customer['id']}")["grade"] == graded["value_grade"]
        levels = user.get("/analytics/v1/pyramid")["levels"]
        assert [level["customers"] for level in levels].count(1) == 1
        eventually(lambda: self._all_is_told(user, customer["id"]))

    def _sell(
        self, user: User, opportunity_id: str, customer: dict[str, Any], made: dict[str, str]
    ) -> dict[str, Any]:
        path = f"/sales/v1/opportunities/{opportunity_id}"
        opportunity = user.get(path)
        assert opportunity["customer_id"] == customer["id"]
        version = user.http.get(path).headers["etag"]
        lines = [{"product_id": made["product"], "quantity": "3"}]
        changed = user.http.patch(path, json={"lines": lines}, headers={"If-Match": version})
        assert changed.json()["expected_revenue"] == {"amount": "60000.00", "currency": CNY}

        user.post(f"{path}/submit", {"evaluator_id": made["employee"]})
        user.post(f"{path}/evaluate", {"result": "pass"})
        unmet = refused(
            user.http.post(f"{path}/promote", json={}), 422, "promotion-conditions-unmet"
        )
        assert unmet["conditions"][0]["required"] == 1
        eventually(lambda: self._stage_shows(user, "understand"))
        user.post(
            "/sales/v1/activities",
            {
                "opportunity_id": opportunity_id,
                "kind": "visit",
                "topic": "拜访客户",
                "minutes": 90,
                "cost": {"amount": "260.00", "currency": CNY},
            },
        )
        user.post(f"{path}/promote", {})
        user.post("/sales/v1/quotes", {"opportunity_id": opportunity_id})
        assert user.http.post(f"{path}/win", json={}).status_code == 422
        user.post(f"{path}/win", {"closed_on": TODAY.isoformat(), "reason": "价格与服务"})
        refused(
            user.http.post(
                f"{path}/lose",
                json={"closed_on": TODAY.isoformat(), "reason": "x", "competitor_unknown": True},
            ),
            409,
            "opportunity-is-closed",
        )
        user.post(f"/customer/v1/customers/{customer['id']}/promote", {})
        return user.get(path)

    @staticmethod
    def _stage_shows(user: User, stage: str) -> bool:
        blocks = user.get("/analytics/v1/funnel")["currencies"]
        return any(one["stage_code"] == stage for block in blocks for one in block["stages"])

    @staticmethod
    def _win_rate(user: User) -> dict[str, Any] | None:
        period = {"from": EARLIER, "to": TODAY.isoformat()}
        total: dict[str, Any] = user.get("/analytics/v1/win-rate", **period)["total"]
        return total if total["won"] else None

    @staticmethod
    def _all_is_told(user: User, customer_id: str) -> bool:
        """The timeline tells what each service did, and what the visit took."""
        path = f"/customer/v1/customers/{customer_id}"
        told = {entry["type"] for entry in user.get(f"{path}/timeline", limit=200)["items"]}
        wanted = {
            "customer.customer-promoted.v1",
            "marketing.lead-converted.v1",
            "sales.activity-recorded.v1",
            "sales.opportunity-won.v1",
            "service-desk.request-closed.v1",
        }
        invested = user.get(f"{path}/investment")
        took = (invested["contacts"], invested["minutes"], invested["costs"])
        cost = {"amount": "260.00", "currency": CNY}
        return wanted <= told and took == (2, 90, [cost])  # the visit and the request by phone

    @staticmethod
    def _graded(user: User, customer_id: str) -> dict[str, Any] | None:
        """The customer, once the value of the won opportunity has come back."""
        customer = user.get(f"/customer/v1/customers/{customer_id}")
        value = user.get(f"/analytics/v1/values/{customer_id}")
        won = next(part for part in value["contributions"] if part["dimension"] == "won_amount")
        done = float(won["value"]) == 60000 and customer["value_grade"] == value["grade"]
        return customer if done else None

    @staticmethod
    def _serve(user: User, customer_id: str, employee: str) -> None:
        file = user.post(
            "/service-desk/v1/product-files",
            {"customer_id": customer_id, "product_name": "企业版", "register": True},
        )
        request = user.post(
            "/service-desk/v1/requests",
            {
                "customer_id": customer_id,
                "product_file_id": file["id"],
                "problem": "无法登录",
                "channel": "phone",
            },
        )
        path = f"/service-desk/v1/requests/{request['id']}"
        user.post(f"{path}/assign", {"follower_id": employee})
        user.post(f"{path}/dispatch", {"handler_ids": [employee]})
        user.post(f"{path}/accept", {"handler_id": employee, "reason": "在附近"})
        user.post(f"{path}/handle", {"handler_id": employee, "result": "重置密码", "parts": []})
        assert user.post(f"{path}/close", {"resolution": "已解决"})["status"] == "closed"

    def test_value_cannot_be_typed(self, user: User) -> None:
        response = user.http.post(
            "/customer/v1/customers",
            json={"kind": "person", "name": "李雷", "value_grade": "A"},
        )
        refused(response, 422, "invalid-request")


class TestTenants:
    def test_another_tenant_sees_nothing_anywhere(self, system: System, user: User) -> None:
        made = set_up(user)
        lead = convert(user, made["employee"])
        stranger = system.user(f"t-{uuid4().hex[:12]}")
        for path in (
            f"/customer/v1/customers/{lead['customer_id']}",
            f"/sales/v1/opportunities/{lead['opportunity_id']}",
            f"/marketing/v1/leads/{lead['id']}",
            f"/analytics/v1/values/{lead['customer_id']}",
        ):
            refused(stranger.http.get(path), 404, "not-found")
        for path in (
            "/customer/v1/customers", "/sales/v1/opportunities", "/marketing/v1/leads",
            "/service-desk/v1/requests", "/analytics/v1/values",
        ):  # fmt: skip
            assert stranger.get(path, count="exact")["count"] == 0


class TestGateway:
    def test_location_leads_to_what_was_made(self, user: User) -> None:
        made = user.http.post("/customer/v1/departments", json={"code": "a", "name": "市场部"})
        location = made.headers["location"]
        assert location == f"/api/customer/v1/departments/{made.json()['id']}"
        found = user.http.get(str(user.http.base_url).removesuffix("/api/") + location)
        assert found.json()["name"] == "市场部"

    def test_api_pages_and_documents(self, user: User) -> None:
        for service in ("customer", "sales", "service-desk", "marketing", "analytics"):
            document = user.get(f"/{service}/openapi.json")
            assert document["servers"][0]["url"] == f"/api/{service}"
            page = user.http.get(f"/{service}/docs")
            assert f"/api/{service}/openapi.json" in page.text
            assert user.http.get(f"/{service}/docs/assets/swagger-ui.css").status_code == 200
