"""The customer record on the whole running system: one story per row of the feature map.

Each story is told through the gateway with real tokens, by a tenant of its own, as somebody who has
only read `services/customer/docs` would try it. Who looks after customers, duplicates and credit
(C4, C5, C9) are in `test_customer_ownership.py`; files, segments, persons' rights and search (C6,
C7, C12, C15) in `test_customer_data.py`; the timeline (C10) is in `test_journey.py`.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kehu_local.testing import User, eventually, ids, refused

CUSTOMERS, CONTACTS = "/customer/v1/customers", "/customer/v1/contacts"
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()  # where the tenants' days are cut


def days_ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def company(user: User, name: str, **fields: Any) -> str:
    """Enter a company; return its id."""
    body = {"kind": "organisation", "name": name, **fields}
    return str(user.post(CUSTOMERS, body)["id"])


def contact(user: User, customer_id: str, name: str, **fields: Any) -> str:
    """Enter a contact; return its id."""
    return str(user.post(CONTACTS, {"customer_id": customer_id, "name": name, **fields})["id"])


def test_c1_a_branch_trades_for_its_group_which_pays(user: User) -> None:
    """Several roles at once, a company tree, and who uses, pays and receives told apart."""
    group = company(user, "江苏恒远集团有限公司", roles=["supplier", "merchant"])
    branch = company(user, "苏州恒远机械有限公司", parent_id=group, roles=["merchant"])
    plant = company(user, "昆山恒远铸造有限公司", parent_id=branch)
    assert ids(user.get(CUSTOMERS, under=group)) == {group, branch, plant}
    assert ids(user.get(CUSTOMERS, above=plant)) == {group, branch, plant}
    assert ids(user.get(CUSTOMERS, role="supplier")) == {group}

    etag = user.http.get(f"{CUSTOMERS}/{group}").headers["etag"]
    own_grandchild = user.http.patch(
        f"{CUSTOMERS}/{group}", json={"parent_id": plant}, headers={"If-Match": etag}
    )
    refused(own_grandchild, 409, "parent-cycle")

    parts = f"{CUSTOMERS}/{branch}/parts"
    assert set(user.get(parts).values()) == {branch}  # where nobody else is named
    payer = {"customer_id": branch, "party_id": group, "role": "payer"}
    user.post("/customer/v1/trade-parties", payer)
    receiver = {"customer_id": branch, "party_id": plant, "role": "final_recipient"}
    user.post("/customer/v1/trade-parties", receiver)
    assert user.get(parts) == {
        "user": branch, "buyer": branch, "payer": group, "final_recipient": plant,
    }  # fmt: skip


def test_c2_a_hint_from_a_chamber_of_commerce_is_made_sure_of(user: User) -> None:
    """A fact of a third party is due until somebody has verified it; the history stays."""
    user.post("/customer/v1/archive-defaults", {})
    customer = company(user, "无锡瑞丰纺织有限公司")
    archive = f"{CUSTOMERS}/{customer}/archive"
    assert user.get(archive)["completeness"] == "0.00"

    hint = {
        "source_code": "association",
        "known_on": days_ago(20),
        "facts": {"ownership": {"value": "joint_stock"}, "scale": {"value": "员工约 300 人"}},
    }
    known = user.http.patch(
        f"{archive}/enterprise/basic", json=hint, headers={"If-Match": user.etag(archive)}
    ).json()
    assert (known["known"], known["due"]) == (2, 2)
    assert float(known["completeness"]) > 0

    due = user.get("/customer/v1/facts", customer_id=customer, due_by=TODAY.isoformat())
    by_code = {fact["code"]: fact for fact in due["items"]}
    assert set(by_code) == {"ownership", "scale"}
    user.post(f"/customer/v1/facts/{by_code['ownership']['id']}/confirm", {"how": "查阅营业执照"})
    corrected = user.post(
        f"/customer/v1/facts/{by_code['scale']['id']}/correct",
        {"value": "员工 420 人", "source_code": "internal", "reason": "拜访时核实"},
    )
    assert corrected["due"] is False
    left = user.get("/customer/v1/facts", customer_id=customer, due_by=TODAY.isoformat())
    assert left["items"] == []
    versions = user.get("/customer/v1/facts", customer_id=customer, current=False)
    assert {"员工约 300 人"} <= {fact["value"] for fact in versions["items"]}


def test_c3_a_buyer_changes_employers_and_keeps_her_history(user: User) -> None:
    """Points with verification, dated affiliations, and who of us knows her, go along."""
    old = company(user, "宁波海天塑机有限公司")
    new = company(user, "台州星辉模具有限公司")
    buyer = contact(
        user, old, "周慧敏", title="采购经理", buying_role="decision_maker",
        mobile="138 0574 1122", started_on=days_ago(400),
    )  # fmt: skip
    department = user.post("/customer/v1/departments", {"code": "nb", "name": "宁波办事处"})["id"]
    employee = user.post(
        "/customer/v1/employees", {"code": "e1", "name": "韩梅梅", "department_id": department}
    )["id"]
    user.post(
        "/customer/v1/acquaintances",
        {"employee_id": employee, "contact_id": buyer, "closeness": 4, "how": "大学同学"},
    )
    mail = user.post(
        "/customer/v1/contact-points",
        {"contact_id": buyer, "kind": "email", "value": "zhou@haitian.example"},
    )
    user.post(f"/customer/v1/contact-points/{mail['id']}/verify", {})
    verified = user.get("/customer/v1/contact-points", contact_id=buyer, verified=True)
    assert ids(verified) == {mail["id"]}

    user.post(
        f"{CONTACTS}/{buyer}/move",
        {"customer_id": new, "title": "采购总监", "on": days_ago(10), "reason": "跳槽"},
    )
    places = user.get("/customer/v1/affiliations", contact_id=buyer)["items"]
    assert {(one["customer_id"], one["ended_on"] is None) for one in places} == {
        (old, False),
        (new, True),
    }
    then = user.get("/customer/v1/affiliations", contact_id=buyer, on=days_ago(100))
    assert ids(then, "customer_id") == {old}
    assert ids(user.get(CONTACTS, customer_id=new)) == {buyer}
    assert ids(user.get("/customer/v1/acquaintances", customer_id=new), "employee_id") == {employee}
    assert user.get(f"{CONTACTS}/{buyer}")["email"] == "zhou@haitian.example"


def test_c3_a_family_decides_together(user: User) -> None:
    """Persons of one household, which has one head."""
    he, she = (user.post(CUSTOMERS, {"kind": "person", "name": n})["id"] for n in ("刘洋", "陈静"))
    household = user.post("/customer/v1/households", {"name": "刘洋一家"})["id"]
    path = f"/customer/v1/households/{household}"
    user.post(f"{path}/join", {"customer_id": he, "relation": "head"})
    second = user.http.post(f"{path}/join", json={"customer_id": she, "relation": "head"})
    refused(second, 409, "household-head-taken")
    user.post(f"{path}/join", {"customer_id": she, "relation": "spouse"})
    assert ids(user.get("/customer/v1/households", customer_id=she)) == {household}


def test_c8_a_class_by_rule_yields_to_a_person_and_the_history_stays(user: User) -> None:
    scheme = user.post(
        "/customer/v1/classification-schemes",
        {
            "code": "staff", "name_zh": "企业规模", "name_en": "Size by staff",
            "classes": [
                {"code": "large", "name_zh": "大型", "name_en": "Large"},
                {"code": "small", "name_zh": "小型", "name_en": "Small"},
            ],
            "rules": [_by_staff("large", "1000", None), _by_staff("small", None, "1000")],
        },
    )["id"]  # fmt: skip
    customer = company(user, "徐州重工机械股份有限公司", employee_count=2600)
    of_customer = {"customer_id": customer, "scheme_id": scheme}
    found = "/customer/v1/classifications"
    [by_rule] = user.get(found, **of_customer, current=True)["items"]
    assert (by_rule["class_code"], by_rule["manner"]) == ("large", "rule")

    user.post(found, {**of_customer, "class_code": "small", "reason": "仅一个事业部与我们往来"})
    user.change(f"{CUSTOMERS}/{customer}", {"employee_count": 3000})
    user.post(f"/customer/v1/classification-schemes/{scheme}/run", {})
    [by_hand] = user.get(found, **of_customer, current=True)["items"]
    assert (by_hand["class_code"], by_hand["manner"]) == ("small", "hand")
    assert {one["class_code"] for one in user.get(found, **of_customer)["items"]} == {
        "large",
        "small",
    }
    assert ids(user.get(CUSTOMERS, scheme_id=scheme, class_code="small")) == {customer}


def _by_staff(class_code: str, at_least: str | None, below: str | None) -> dict[str, Any]:
    condition = {"test": "between", "fact": "employee_count", "at_least": at_least, "below": below}
    return {"class_code": class_code, "conditions": [condition]}


def test_c11_a_tenant_records_what_nobody_foresaw(user: User) -> None:
    """A typed, indexed field of the tenant's own: checked, searched, and never twice the same."""
    fields = "/customer/v1/custom-fields"
    user.post(fields, {"code": "spindles", "type": "number", "name_zh": "纱锭数",
                       "name_en": "Spindles", "indexed": True})  # fmt: skip
    user.post(fields, {"code": "tax_no", "type": "text", "name_zh": "税号", "name_en": "Tax number",
                       "is_unique": True})  # fmt: skip
    small = company(user, "南通锦绣纺织有限公司", custom={"spindles": "12000", "tax_no": "T-1"})
    large = company(user, "盐城悦达棉纺有限公司", custom={"spindles": "90000", "tax_no": "T-2"})
    assert ids(user.get(CUSTOMERS, custom_from="spindles:50000")) == {large}
    in_order = user.get(CUSTOMERS, custom_sort="-spindles")["items"]
    assert [one["id"] for one in in_order] == [large, small]

    body = {"kind": "organisation", "name": "常州大成印染有限公司"}
    wrong = user.http.post(CUSTOMERS, json={**body, "custom": {"spindles": "很多"}})
    refused(wrong, 422, "custom-fields-invalid")
    taken = user.http.post(CUSTOMERS, json={**body, "custom": {"tax_no": " t-1"}})
    refused(taken, 409, "custom-value-taken")


def test_c13_a_prospect_trades_and_leaves_and_the_record_stays(user: User) -> None:
    """Prospect, trade customer, former with a reason; never back, never deleted."""
    customer = company(user, "合肥荣事家电有限公司", created_on=days_ago(90))
    path = f"{CUSTOMERS}/{customer}"
    refused(user.http.post(f"{path}/end", json={}), 422, "invalid-request")  # without a reason
    assert user.post(f"{path}/promote", {"on": days_ago(60)})["state"] == "trade"
    refused(user.http.post(f"{path}/promote", json={}), 409, "already-trade-customer")
    ended = user.post(f"{path}/end", {"reason": "公司已注销", "on": days_ago(1)})
    assert (ended["state"], ended["end_reason"]) == ("former", "公司已注销")
    change = user.http.patch(path, json={"industry": "x"}, headers={"If-Match": user.etag(path)})
    refused(change, 409, "customer-has-ended")
    assert user.http.delete(path).status_code == 405
    assert ids(user.get(CUSTOMERS, state="former")) == {customer}

    late = {"topic": "新项目", "source": "other", "customer_id": customer}

    def refusal() -> str:
        """Marketing hears of it moments later."""
        return str(user.http.post("/marketing/v1/leads", json=late).json().get("code"))

    eventually(lambda: refusal() == "customer-has-ended")


def test_c14_the_value_of_a_won_order_comes_back_and_cannot_be_typed(user: User) -> None:
    typed = {"kind": "organisation", "name": "芜湖奇迹汽车有限公司", "value_grade": "A"}
    refused(user.http.post(CUSTOMERS, json=typed), 422, "invalid-request")
    user.post("/analytics/v1/values/defaults", {"currency": "CNY"})
    user.post(
        "/sales/v1/methods",
        {
            "code": "m", "name": "标准", "is_default": True,
            "stages": [{"code": "a", "name": "接触", "planned_days": 5, "success_rate": 10}],
        },
    )  # fmt: skip
    customer = company(user, "芜湖奇迹汽车有限公司")
    path = f"{CUSTOMERS}/{customer}"
    before = eventually(lambda: user.get(path)["value_grade"] and user.get(path))
    _win_an_order(user, customer, amount="900000.00")
    after = eventually(lambda: _more_valuable(user.get(path), before))
    assert user.get(f"/analytics/v1/values/{customer}")["score"] == after["value_score"]
    change = user.http.patch(path, json={"value_grade": "A"}, headers={"If-Match": user.etag(path)})
    refused(change, 422, "invalid-request")


def _win_an_order(user: User, customer_id: str, *, amount: str) -> None:
    body = {"topic": "焊装线", "customer_id": customer_id}
    eventually(lambda: user.http.post("/sales/v1/opportunities", json=body).is_success)
    [made] = user.get("/sales/v1/opportunities", customer_id=customer_id)["items"]
    opportunity = f"/sales/v1/opportunities/{made['id']}"
    department = user.post("/customer/v1/departments", {"code": "hf", "name": "合肥办事处"})["id"]
    evaluator = user.post(
        "/customer/v1/employees", {"code": "e1", "name": "李雷", "department_id": department}
    )["id"]
    asked = {"evaluator_id": evaluator}  # sales may not have heard of the employee yet
    eventually(lambda: user.http.post(f"{opportunity}/submit", json=asked).is_success)
    user.post(f"{opportunity}/evaluate", {"result": "pass"})
    won = {"amount": amount, "currency": "CNY"}
    user.post(
        f"{opportunity}/win", {"closed_on": TODAY.isoformat(), "reason": "交期", "amount": won}
    )


def _more_valuable(now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any] | None:
    return now if float(now["value_score"]) > float(before["value_score"]) else None
