"""Customers by file, in segments, as persons with rights, and in the search box (C6, C7, C12, C15).

Stories on the whole running system, as in `test_customer_rows.py`.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from kehu_local.config import ROOT, SERVICES
from kehu_local.testing import User, eventually, ids, refused

CUSTOMERS, IMPORTS = "/customer/v1/customers", "/customer/v1/imports"
SEGMENTS, SEARCH = "/customer/v1/segments", "/customer/v1/search"
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()  # where the tenants' days are cut
LIST_OF_THE_FAIR = """客户名称,编码,电话,员工人数
青岛海川贸易有限公司,QD-1,0532-8888 6666,120
烟台金帆渔具有限公司,QD-2,0535-6666 1234,很多
,QD-3,,15
威海蓝湾船舶有限公司,QD-4,,"2,400"
"""


def company(user: User, name: str, **fields: Any) -> str:
    """Enter a company; return its id."""
    body = {"kind": "organisation", "name": name, **fields}
    return str(user.post(CUSTOMERS, body)["id"])


def upload(user: User, content: bytes) -> str:
    """Set up an import of a CSV file with the mapping that is suggested; return its path."""
    path = f"{IMPORTS}/{user.post(IMPORTS, {'format': 'csv'})['id']}"
    sent = user.http.post(f"{path}/parts/1", content=content, headers={"Content-Type": "text/csv"})
    assert sent.is_success, sent.text
    columns = user.get(f"{path}/preview")["suggested"]
    assert columns == {
        "客户名称": "name", "编码": "code", "电话": "phone", "员工人数": "employee_count",
    }  # fmt: skip
    mapped = user.http.put(
        f"{path}/mapping", json={"columns": columns}, headers={"If-Match": user.etag(path)}
    )
    assert mapped.is_success, mapped.text
    return path


def done(user: User, path: str, command: str, state: str) -> dict[str, Any]:
    """Let an import do something; return it when it is done."""
    assert user.http.post(f"{path}/{command}").status_code == 202
    return eventually(lambda: _in_state(user.get(path), state))


def _in_state(job: dict[str, Any], state: str) -> dict[str, Any] | None:
    assert job["state"] != "failed", job
    return job if job["state"] == state else None


def test_c6_the_list_of_a_fair_is_checked_imported_taken_back_and_imported_again(
    user: User,
) -> None:
    gb = LIST_OF_THE_FAIR.encode("gb18030")  # as Excel in China saves it
    path = upload(user, gb)
    checked = done(user, path, "check", "checked")
    assert (checked["created"], checked["refused"]) == (2, 2)
    assert user.get(CUSTOMERS)["items"] == []  # a check enters nothing

    imported = done(user, path, "run", "completed")
    assert (imported["created"], imported["refused"]) == (2, 2)
    errors = user.http.get(f"{path}/errors.csv", headers={"Accept-Language": "zh"}).text
    assert "烟台金帆渔具有限公司" in errors  # with its reason
    assert "很多" in errors
    assert "青岛" not in errors

    table = {"format": "csv", "code": "QD-4"}
    exported = user.http.get("/customer/v1/customer-exports", params=table).text
    assert "威海蓝湾船舶有限公司" in exported
    assert "青岛" not in exported
    eventually(lambda: _found(user, "qdhc") == ["青岛海川贸易有限公司"])  # events are told, too

    visited = user.get(CUSTOMERS, code="QD-1")["items"][0]["id"]
    user.change(f"{CUSTOMERS}/{visited}", {"industry": "贸易"})
    undone = done(user, path, "undo", "undone")
    assert (undone["undone"], undone["kept"]) == (1, 1)
    assert ids(user.get(CUSTOMERS, state="prospect")) == {visited}
    again = done(user, upload(user, gb), "run", "completed")
    assert (again["created"], again["refused"]) == (1, 3)  # the one that was kept is on record


def _found(user: User, typed: str) -> list[str]:
    return [hit["customer"]["name"] for hit in user.get(SEARCH, q=typed)["items"]]


def test_c7_winning_an_order_lets_a_large_company_enter_a_segment(user: User) -> None:
    """A rule over a class and over what happens in another service; told by an event."""
    scheme = user.post(
        "/customer/v1/classification-schemes",
        {
            "code": "staff", "name_zh": "企业规模", "name_en": "Size by staff",
            "classes": [{"code": "large", "name_zh": "大型", "name_en": "Large"}],
            "rules": [{"class_code": "large", "conditions": [
                {"test": "between", "fact": "employee_count", "at_least": "1000", "below": None}
            ]}],
        },
    )["id"]  # fmt: skip
    rule = {
        "test": "all",
        "of": [
            {"test": "in_class", "scheme_id": scheme, "classes": ["large"]},
            {"test": "between", "fact": "opportunities_won", "at_least": "1", "below": None},
        ],
    }
    large = company(user, "洛阳拖拉机制造有限公司", employee_count=5200)
    small = company(user, "焦作山阳轴承有限公司", employee_count=80)
    segment = user.post(
        SEGMENTS,
        {"code": "large-buyers", "name_zh": "成交的大企业", "name_en": "Large buyers",
         "kind": "dynamic", "rule": rule},
    )["id"]  # fmt: skip
    members = f"{SEGMENTS}/{segment}/members"
    eventually(lambda: not user.get(f"{SEGMENTS}/{segment}")["computing"])
    assert user.get(members)["items"] == []

    win(user, small)
    win(user, large)
    [entered] = eventually(lambda: user.get(members)["items"])
    assert (entered["customer_id"], entered["reason"]) == (large, "change")
    [told] = eventually(lambda: _told(user, large))
    assert (told["label_zh"], told["title"]) == ("进入客户分群", "成交的大企业")

    user.change(f"{CUSTOMERS}/{small}", {"employee_count": 1000})  # the class follows, then this
    eventually(lambda: ids(user.get(members), "customer_id") == {large, small})
    user.change(f"{CUSTOMERS}/{large}", {"employee_count": 900})
    eventually(lambda: ids(user.get(members), "customer_id") == {small})
    assert user.get(f"{CUSTOMERS}/{large}/segments")["items"] == []
    eventually(lambda: [one["label_zh"] for one in _told(user, large)] == [
        "离开客户分群", "进入客户分群",
    ])  # fmt: skip


def _told(user: User, customer_id: str) -> list[dict[str, Any]]:
    timeline = user.get(f"{CUSTOMERS}/{customer_id}/timeline", kind="segment")
    items: list[dict[str, Any]] = timeline["items"]
    return items


def win(user: User, customer_id: str) -> None:
    """Win an order of a customer, of whom sales hears in a moment."""
    if not user.get("/sales/v1/methods")["items"]:
        stage = {"code": "a", "name": "接触", "planned_days": 5, "success_rate": 10}
        method = {"code": "m", "name": "标准", "is_default": True, "stages": [stage]}
        user.post("/sales/v1/methods", method)
        department = {"code": "d", "name": "销售部"}
        at = {"department_id": user.post("/customer/v1/departments", department)["id"]}
        user.post("/customer/v1/employees", {"code": "e", "name": "李雷", **at})
    [evaluator] = user.get("/customer/v1/employees")["items"]
    body = {"topic": "年度采购", "customer_id": customer_id}
    made = eventually(lambda: _made(user, "/sales/v1/opportunities", body))
    path = f"/sales/v1/opportunities/{made['id']}"
    user.post(f"{path}/submit", {"evaluator_id": evaluator["id"]})
    user.post(f"{path}/evaluate", {"result": "pass"})
    won = {"amount": "90000.00", "currency": "CNY"}
    user.post(f"{path}/win", {"closed_on": TODAY.isoformat(), "reason": "交期", "amount": won})


def _made(user: User, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """What was made; None while the service has not heard of the customer."""
    answer = user.http.post(path, json=body)
    if answer.is_success:
        made: dict[str, Any] = answer.json()
        return made
    refused(answer, 422, "unknown-customer")
    return None


def test_c12_who_withdraws_consent_gets_no_text_messages_any_more(user: User) -> None:
    fair = company(user, "潍坊风筝文化有限公司")
    visitor = user.post("/customer/v1/contacts", {"customer_id": fair, "name": "孟晓东"})["id"]

    def say(decision: str, channel: str) -> None:
        user.post(
            "/customer/v1/consents",
            {"contact_id": visitor, "purpose": "marketing", "channel": channel,
             "decision": decision, "manner": "form", "proof": "展会登记表"},
        )  # fmt: skip

    def may(channel: str, **at: str) -> tuple[bool, str]:
        question = {"contact_id": visitor, "purpose": "marketing", "channel": channel}
        answers = user.post("/customer/v1/consent-checks", {"questions": [question], **at})
        [answer] = answers["answers"]
        return answer["allowed"], answer["reason"]

    assert may("sms") == (False, "no_consent")
    say("given", "any")
    assert may("sms") == (True, "given")
    before = datetime.now(ZoneInfo("Asia/Shanghai")).isoformat()
    say("withdrawn", "sms")
    assert may("sms") == (False, "withdrawn")
    assert may("email") == (True, "given")
    assert may("sms", at=before) == (True, "given")  # what was sent then was right then
    history = user.get("/customer/v1/consents", contact_id=visitor)["items"]
    assert [one["decision"] for one in history] == ["withdrawn", "given"]


NAME, MOBILE, MAIL = "欧阳若兰", "13905320417", "ruolan@ouyang.example"
TRACES = (NAME, MOBILE, "139 0532 0417", MAIL)


def test_c12_a_person_is_erased_in_all_five_services_and_the_audit_logs_stay_whole(
    user: User,
) -> None:
    person = _known_everywhere(user)
    services = {one.slug for one in SERVICES}
    eventually(lambda: {service for service, _ in _traces(user)} == services)

    export = user.post("/customer/v1/data-exports", {"customer_id": person})["id"]
    document = f"/customer/v1/data-exports/{export}/document"
    whose = eventually(lambda: _read(user, document))["subject_ids"]
    others = services - {"customer"}
    for service in others:
        assert NAME in str(user.post(f"/{service}/v1/personal-data", {"subject_ids": whose}))

    order = {"customer_id": person, "legal_basis": "request", "reason": "书面申请 GR-118"}
    refused(user.http.post("/customer/v1/erasures", json=order), 409, "erasure-refused")  # current
    _close_everything(user, person)
    user.post(f"{CUSTOMERS}/{person}/end", {"reason": "本人要求"})
    erasure = f"/customer/v1/erasures/{eventually(lambda: _ordered(user, order))['id']}"
    eventually(lambda: user.get(erasure)["state"] == "completed")
    told = user.get(erasure)
    assert (told["waiting_for"], ids({"items": told["acknowledgements"]}, "service")) == (
        [],
        services,
    )
    assert list(_traces(user)) == []
    for service in others:
        held = user.post(f"/{service}/v1/personal-data", {"subject_ids": whose})
        assert held["items"]
        assert not any(trace in str(held) for trace in TRACES)

    assert user.get(f"{CUSTOMERS}/{person}")["name"].startswith("erased-")
    assert user.get("/sales/v1/opportunities", customer_id=person, count="exact")["count"] == 1
    call = {"kind": "call", "topic": f"{NAME}回访", "customer_id": person}
    assert user.http.post("/sales/v1/activities", json=call).status_code == 409
    assert list(_traces(user)) == []
    for service in services:
        eventually(lambda at=f"/{service}/v1": _sealed(user, at))  # type: ignore[misc]


def _known_everywhere(user: User) -> str:
    """A person whom every service knows by name."""
    user.post("/analytics/v1/values/defaults", {"currency": "CNY"})
    person = str(user.post(CUSTOMERS, {"kind": "person", "name": NAME})["id"])
    for kind, value in (("mobile", "139 0532 0417"), ("email", MAIL)):
        point = {"customer_id": person, "kind": kind, "value": value}
        user.post("/customer/v1/contact-points", point)
    user.post(
        "/customer/v1/consents",
        {"customer_id": person, "purpose": "service", "channel": "phone", "decision": "given",
         "manner": "verbal", "proof": f"{NAME}来电同意"},
    )  # fmt: skip
    stage = {"code": "a", "name": "接触", "planned_days": 5, "success_rate": 10}
    user.post(
        "/sales/v1/methods", {"code": "m", "name": "标准", "is_default": True, "stages": [stage]}
    )
    for path, body in (
        ("/sales/v1/opportunities", {"topic": f"{NAME}家净水系统"}),
        ("/service-desk/v1/requests", {"problem": f"请回电 {MOBILE} {NAME}", "channel": "phone"}),
        ("/marketing/v1/leads", {"topic": f"{NAME}的邻居推荐", "source": "other"}),
    ):
        of_person = {**body, "customer_id": person}
        eventually(lambda path=path, body=of_person: _made(user, path, body))  # type: ignore[misc]
    return person


def _read(user: User, path: str) -> dict[str, Any] | None:
    """A document; None while it is not ready."""
    answer = user.http.get(path)
    if answer.is_success:
        made: dict[str, Any] = answer.json()
        return made
    refused(answer, 409, "export-not-ready")
    return None


def _ordered(user: User, order: dict[str, Any]) -> dict[str, Any] | None:
    """The erasure; None while the customer service has not heard that everything is closed."""
    answer = user.http.post("/customer/v1/erasures", json=order)
    if answer.is_success:
        made: dict[str, Any] = answer.json()
        return made
    refused(answer, 409, "erasure-refused")
    return None


def _close_everything(user: User, person: str) -> None:
    """End what is open with the person: closing it later would take words about somebody erased."""
    whose = {"customer_id": person}
    (opportunity,) = user.get("/sales/v1/opportunities", **whose)["items"]
    lost = {"closed_on": TODAY.isoformat(), "reason": "本人要求", "competitor_unknown": True}
    path = f"/sales/v1/opportunities/{opportunity['id']}"
    user.post(f"{path}/submit", {"evaluator_id": str(uuid4())})
    user.post(f"{path}/evaluate", {"result": "pass"})
    user.post(f"{path}/lose", lost)
    (request,) = user.get("/service-desk/v1/requests", **whose)["items"]
    path, handler = f"/service-desk/v1/requests/{request['id']}", str(uuid4())
    user.post(f"{path}/assign", {"follower_id": handler})
    user.post(f"{path}/dispatch", {"handler_ids": [handler]})
    user.post(f"{path}/accept", {"handler_id": handler, "reason": "在附近"})
    user.post(f"{path}/handle", {"handler_id": handler, "result": "已回电", "parts": []})
    user.post(f"{path}/close", {"resolution": "已解决"})


def _traces(user: User) -> Iterator[tuple[str, str]]:
    """Every list of every service that shows something of the person, audit logs included."""
    for service in SERVICES:
        described = json.loads((ROOT / f"docs/api/{service.slug}.openapi.json").read_text())
        for path, methods in described["paths"].items():
            if "get" not in methods or "{" in path:
                continue
            limited = any(one.get("name") == "limit" for one in methods["get"]["parameters"])
            parameters: dict[str, Any] = {"limit": 50} if limited else {}
            if path == "/v1/search":
                parameters |= {"q": NAME}
            shown = user.http.get(f"/{service.slug}{path}", params=parameters)
            if any(trace in shown.text for trace in TRACES):
                yield service.slug, path


def _sealed(user: User, service: str) -> bool:
    """Whether all that the audit log has is sealed, and as it was sealed."""
    if not user.get(f"{service}/audit-seals")["items"]:
        return False
    checked = user.post(f"{service}/audit-checks", {})
    assert checked["intact"], checked
    logged = user.get(f"{service}/audit-log", count="exact", limit=1)["count"]
    return bool(checked["entries"] == logged)


def test_c15_a_customer_is_found_however_it_is_typed(user: User) -> None:
    name = "深圳市华强电子科技有限公司"
    huaqiang = company(user, name, code="C-2026-0815")
    company(user, "珠海格致家电有限公司")
    point = {"customer_id": huaqiang, "kind": "phone", "value": "0755 8311 4927"}
    user.post("/customer/v1/contact-points", point)
    for typed in (
        "华强", "華強電子", "huaqiang", "hqdz", "花墙电子", "华弱电子", "c-2026-08",
        "075583114927", "4927",
    ):  # fmt: skip
        eventually(lambda typed=typed: _found(user, typed) == [name])  # type: ignore[misc]
    [hit] = user.get(SEARCH, q="hqdz")["items"]
    assert (hit["manner"], hit["field"]) == ("initials", "name")
    assert _found(user, "有限公司") == []  # says nothing of anybody


def test_c15_a_saved_view_opens_the_list_as_it_was_left(user: User) -> None:
    for name, industry in (
        ("佛山陶氏陶瓷厂", "陶瓷"),
        ("潮州三环瓷业", "陶瓷"),
        ("顺德家具城", "家具"),
    ):
        company(user, name, industry=industry)
    filters = {"industry": "陶瓷", "sort": "name"}
    view = user.post("/customer/v1/saved-views", {"name": "陶瓷客户", "filters": filters,
                                                  "columns": ["name", "code"]})  # fmt: skip
    wrong = {"name": "写错的", "filters": {"industri": "陶瓷"}, "columns": ["name"]}
    unknown = user.http.post("/customer/v1/saved-views", json=wrong)
    refused(unknown, 422, "view-filter-invalid")
    default = "/customer/v1/default-view"
    chosen = user.http.put(
        default, json={"view_id": view["id"]}, headers={"If-Match": user.etag(default)}
    )
    assert chosen.is_success, chosen.text
    begin = user.get(f"/customer/v1/saved-views/{user.get(default)['view_id']}")
    shown = user.http.get(f"/customer{begin['list_url']}").json()["items"]
    assert [one["name"] for one in shown] == ["佛山陶氏陶瓷厂", "潮州三环瓷业"]
