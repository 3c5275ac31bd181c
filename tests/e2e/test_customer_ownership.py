"""Who looks after customers, who is the same customer, and what credit it has (C4, C5, C9).

Stories on the whole running system, as in `test_customer_rows.py`.
"""

from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from kehu_contracts.access import RowScope
from kehu_local.testing import System, User, eventually, ids, refused

CUSTOMERS = "/customer/v1/customers"
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()  # where the tenants' days are cut


def company(user: User, name: str, **fields: Any) -> str:
    """Enter a company; return its id."""
    body = {"kind": "organisation", "name": name, **fields}
    return str(user.post(CUSTOMERS, body)["id"])


class Staff(NamedTuple):
    """Two sales people of the first department, and one of the second: employee ids."""

    leaver: str
    colleague: str
    elsewhere: str


@pytest.fixture
def staff(user: User) -> Staff:
    """A sales department with two teams."""
    top = user.post("/customer/v1/departments", {"code": "S", "name": "销售部"})["id"]
    made = []
    for number, (team, name) in enumerate((("A", "王芳"), ("A", "李雷"), ("B", "韩梅梅"))):
        found = user.get("/customer/v1/departments", code=team)["items"]
        department = found[0] if found else user.post(
            "/customer/v1/departments", {"code": team, "name": f"{team} 组", "parent_id": top}
        )  # fmt: skip
        body = {"code": f"E{number}", "name": name, "department_id": department["id"]}
        made.append(str(user.post("/customer/v1/employees", body)["id"]))
    return Staff(*made)


@pytest.fixture
def sales_method(user: User) -> None:
    """Without a method there are no opportunities."""
    stage = {"code": "a", "name": "接触", "planned_days": 5, "success_rate": 10}
    body = {"code": "m", "name": "标准", "is_default": True, "stages": [stage]}
    user.post("/sales/v1/methods", body)


def test_c4_a_representative_sees_the_own_customers_and_the_pool(
    system: System, user: User, tenant: str, staff: Staff
) -> None:
    mine = company(user, "苏州新光源有限公司", owner_id=staff.leaver)
    theirs = company(user, "杭州云栖软件有限公司", owner_id=staff.elsewhere)
    free = company(user, "嘉兴南湖丝绸有限公司")
    team = company(user, "湖州太湖电缆有限公司", owner_id=staff.colleague)

    def sees(row_scope: RowScope) -> User:
        return system.user(
            tenant, "sales_representative", employee_id=staff.leaver, row_scope=row_scope
        )

    assert ids(sees(RowScope.OWN).get(CUSTOMERS)) == {mine, free}
    assert ids(sees(RowScope.DEPARTMENT).get(CUSTOMERS)) == {mine, team, free}
    hidden = sees(RowScope.OWN).http.get(f"{CUSTOMERS}/{theirs}")
    refused(hidden, 404, "not-found")
    blind = sees(RowScope.OWN).http.post(
        CUSTOMERS, json={"kind": "organisation", "name": "杭州雲栖软件股份有限公司"}
    )
    [candidate] = refused(blind, 409, "duplicate-customer")["candidates"]
    assert (candidate["customer_id"], candidate["name"]) == (None, None)
    assert candidate["served_by"] == "B 组"


@pytest.mark.usefixtures("sales_method")
def test_c4_a_leaver_hands_over_customers_and_all_work_for_them(user: User, staff: Staff) -> None:
    kept = [company(user, name, owner_id=staff.leaver) for name in ("常熟服装城", "张家港钢材市场")]
    body = {"topic": "新生产线", "owner_id": staff.leaver, "customer_id": kept[0]}
    eventually(lambda: user.http.post("/sales/v1/opportunities", json=body).is_success)
    lead = user.post(
        "/marketing/v1/leads",
        {"topic": "展会咨询", "source": "seminar", "customer_name": "吴江某厂",
         "contact_name": "王工", "owner_id": staff.leaver},
    )  # fmt: skip
    request = made(
        user, "/service-desk/v1/requests", problem="主轴异响", channel="phone", customer_id=kept[0]
    )
    user.post(f"/service-desk/v1/requests/{request}/assign", {"follower_id": staff.leaver})
    refused(
        user.http.post(f"/customer/v1/employees/{staff.leaver}/leave", json={"reason": "离职"}),
        409,
        "employee-owns-customers",
    )

    asked = user.post(
        "/customer/v1/hand-overs",
        {"employee_id": staff.leaver, "successor_id": staff.colleague, "reason": "离职"},
    )
    path = f"/customer/v1/hand-overs/{asked['id']}"
    eventually(lambda: user.get(path)["state"] == "completed")
    assert (user.get(path)["moved"], user.get(path)["left"]) == (2, 0)
    assert ids(user.get(CUSTOMERS, owner_id=staff.colleague)) == set(kept)
    report = user.get("/customer/v1/owner-changes", hand_over_id=asked["id"])
    assert ids(report, "customer_id") == set(kept)
    opportunities = eventually(
        lambda: user.get("/sales/v1/opportunities", owner_id=staff.colleague)["items"]
    )
    assert {one["customer_id"] for one in opportunities} == {kept[0]}
    eventually(
        lambda: ids(user.get("/marketing/v1/leads", owner_id=staff.colleague)) == {lead["id"]}
    )
    requests = "/service-desk/v1/requests"
    eventually(lambda: ids(user.get(requests, follower_id=staff.colleague)) == {request})
    user.post(f"/customer/v1/employees/{staff.leaver}/leave", {"reason": "离职"})


def test_c4_a_customer_of_the_pool_is_claimed_once_and_returned(
    system: System, user: User, tenant: str, staff: Staff
) -> None:
    customer = f"{CUSTOMERS}/{company(user, '太仓港口物流有限公司')}"
    first, second = (
        system.user(tenant, "sales_representative", employee_id=one, row_scope=RowScope.OWN)
        for one in (staff.leaver, staff.elsewhere)
    )
    assert first.post(f"{customer}/claim", {})["owner_id"] == staff.leaver
    refused(second.http.post(f"{customer}/claim", json={}), 409, "not-in-pool")
    assert first.get(f"{customer}/protection")["protected_until"] > TODAY.isoformat()
    assert first.post(f"{customer}/return", {"reason": "暂无需求"})["owner_id"] is None
    refused(first.http.post(f"{customer}/claim", json={}), 409, "returned-lately")
    assert second.post(f"{customer}/claim", {})["owner_id"] == staff.elsewhere
    history = user.get("/customer/v1/owner-changes", customer_id=customer.rsplit("/", 1)[1])
    assert [one["manner"] for one in reversed(history["items"])] == [
        "claimed", "returned", "claimed",
    ]  # fmt: skip


def test_c5_a_duplicate_is_refused_allowed_merged_and_parted_again(user: User) -> None:
    name, other_form = "深圳市华强电子有限公司", "深圳華強電子股份有限公司"
    kept = company(user, name, industry="电子")
    body = {"kind": "organisation", "name": other_form, "website": "https://huaqiang.example"}
    [candidate] = refused(user.http.post(CUSTOMERS, json=body), 409, "duplicate-customer")[
        "candidates"
    ]
    assert (candidate["customer_id"], candidate["reasons"]) == (kept, ["same_name"])
    assert candidate["score"] >= 85

    reason = {"Kehu-Allow-Duplicate": "two plants that buy apart"}
    twin = user.post(CUSTOMERS, body, **reason)["id"]
    point = {"customer_id": twin, "kind": "phone", "value": "0755 8888 8888"}
    user.post("/customer/v1/contact-points", point)

    wish = {"survivor_id": kept, "merged_ids": [twin], "reason": "重复建档"}
    preview = user.post("/customer/v1/merges", {**wish, "dry_run": True})
    assert preview["id"] is None
    assert preview["survivor"]["website"] == "https://huaqiang.example"
    assert user.get(f"{CUSTOMERS}/{kept}")["website"] is None  # only a preview
    merge = user.post("/customer/v1/merges", wish)
    assert merge["survivor"]["website"] == "https://huaqiang.example"
    old = user.http.get(f"{CUSTOMERS}/{twin}")
    assert (old.status_code, old.json()["merged_into_id"]) == (307, kept)
    assert old.headers["location"].endswith(kept)
    assert ids(user.get(CUSTOMERS)) == {kept}
    points = user.get("/customer/v1/contact-points", customer_id=kept)["items"]
    assert [one["value"] for one in points] == ["0755 8888 8888"]

    user.post(f"/customer/v1/merges/{merge['id']}/undo", {"reason": "两家独立法人"})
    assert ids(user.get(CUSTOMERS)) == {kept, twin}
    assert user.get(f"{CUSTOMERS}/{kept}")["website"] is None
    assert user.get("/customer/v1/contact-points", customer_id=kept)["items"] == []


@pytest.mark.usefixtures("sales_method")
def test_c5_other_services_find_what_names_a_merged_customer_with_the_survivor(
    user: User, staff: Staff
) -> None:
    kept, twin = company(user, "梧州茂圣六堡茶业"), company(user, "六堡镇茶叶专业合作社")
    opportunity = made(user, "/sales/v1/opportunities", topic="包装线", customer_id=twin)
    request = made(
        user, "/service-desk/v1/requests", problem="电子秤失灵", channel="phone", customer_id=twin
    )
    begins = {
        "/sales/v1/opportunities": {"topic": "第二条线"},
        "/service-desk/v1/requests": {"problem": "又失灵", "channel": "phone"},
        "/marketing/v1/leads": {"topic": "茶博会", "source": "seminar"},
    }
    wish = {"survivor_id": kept, "merged_ids": [twin], "reason": "同一家"}
    merge = user.post("/customer/v1/merges", wish)["id"]

    of_kept = {
        "/sales/v1/opportunities": {opportunity},
        "/service-desk/v1/requests": {request},
    }
    for path, expected in of_kept.items():
        eventually(lambda path=path, it=expected: ids(user.get(path, customer_id=kept)) == it)  # type: ignore[misc]
        assert ids(user.get(path, customer_id=twin)) == expected  # by the old id, too
    for path, body in begins.items():
        new = {**body, "customer_id": twin}
        eventually(lambda path=path, new=new: _refusal(user, path, new) == "customer-merged")  # type: ignore[misc]
    begun = f"/service-desk/v1/requests/{request}/assign"
    user.post(begun, {"follower_id": staff.colleague})  # what was begun goes on

    user.post(f"/customer/v1/merges/{merge}/undo", {"reason": "两家独立法人"})
    for path, expected in of_kept.items():
        eventually(lambda path=path: user.get(path, customer_id=kept)["items"] == [])  # type: ignore[misc]
        assert ids(user.get(path, customer_id=twin)) == expected
    made(user, "/sales/v1/opportunities", topic="第二条线", customer_id=twin)


def made(user: User, path: str, **body: Any) -> str:
    """Make something of a customer of whom the service may not have heard yet; return its id."""
    answers = (user.http.post(path, json=body) for _ in count())
    answer = eventually(lambda: sent if (sent := next(answers)).is_success else None)
    return str(answer.json()["id"])


def _refusal(user: User, path: str, body: dict[str, Any]) -> str | None:
    code: str | None = user.http.post(path, json=body).json().get("code")
    return code


def test_c5_records_that_share_a_phone_are_found_by_a_scan(user: User) -> None:
    one, other = company(user, "东莞长安五金厂"), company(user, "虎门镇海服饰有限公司")
    for customer in (one, other):
        point = {"customer_id": customer, "kind": "phone", "value": "0769 2233 4455"}
        user.post("/customer/v1/contact-points", point)
    user.post("/customer/v1/duplicate-scans", {"limit": 500})
    [pair] = user.get("/customer/v1/duplicates", state="open")["items"]
    assert {pair["first_id"], pair["second_id"]} == {one, other}
    assert pair["reasons"] == ["same_phone"]
    user.post(f"/customer/v1/duplicates/{pair['id']}/dismiss", {"reason": "同一工业园总机"})
    assert user.post("/customer/v1/duplicate-scans", {"limit": 500})["found"] == 0


def test_c9_a_group_has_one_limit_that_all_its_branches_take_from(user: User) -> None:
    head = company(user, "浙江大洋控股集团")
    branches = [
        company(user, name, parent_id=head) for name in ("舟山远洋渔业公司", "温州东海鞋业公司")
    ]
    report = {"customer_id": head, "source": "own", "grade": "AA", "months": 6}
    user.post("/customer/v1/credit-reports", report)
    limit = {"customer_id": head, "year": TODAY.year, "reason": "年度授信", "amount": cny("500000")}
    user.post("/customer/v1/credit-limits", limit)

    contract = {"source_kind": "contract", "source_key": "CT-1"}
    taken = {"customer_id": branches[0], "amount": cny("400000"), **contract}
    reservation = user.post("/customer/v1/credit-reservations", taken)["id"]
    assert user.post("/customer/v1/credit-reservations", taken)["id"] == reservation  # sent twice
    assert check(user, branches[1], "100000")["allowed"] is True
    too_much = check(user, branches[1], "100000.01")
    assert [one["code"] for one in too_much["findings"]] == ["limit_exceeded"]
    more = {"customer_id": branches[1], "amount": cny("200000"), "source_kind": "contract"}
    second = {**more, "source_key": "CT-2"}
    refused(user.http.post("/customer/v1/credit-reservations", json=second), 409, "credit-refused")

    receipt = {"source_kind": "receipt", "source_key": "RC-1", "amount": "150000.00"}
    user.post(f"/customer/v1/credit-reservations/{reservation}/release", receipt)
    user.post("/customer/v1/credit-reservations", second)
    standing = user.get(f"{CUSTOMERS}/{head}/credit")
    assert (standing["used"], standing["available"]) == ("450000.00", "50000.00")
    user.post(f"{CUSTOMERS}/{head}/credit/block", {"reason": "逾期 90 天未付款"})
    assert check(user, branches[0], "1.00")["allowed"] is False


def test_c9_an_old_report_asks_for_an_investigation_that_a_new_one_settles(user: User) -> None:
    customer = company(user, "金华永康工具有限公司")
    long_ago = (TODAY - timedelta(days=200)).isoformat()
    report = {"customer_id": customer, "source": "own", "grade": "B", "months": 3}
    user.post("/customer/v1/credit-reports", {**report, "reported_on": long_ago})
    user.post("/customer/v1/credit-investigation-runs", {})
    tasks = "/customer/v1/credit-investigations"
    [task] = user.get(tasks, customer_id=customer, state="open")["items"]
    user.post("/customer/v1/credit-investigation-runs", {})
    assert ids(user.get(tasks, customer_id=customer)) == {task["id"]}
    user.post("/customer/v1/credit-reports", report)
    assert user.get(f"{tasks}/{task['id']}")["state"] == "done"


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount if "." in amount else f"{amount}.00", "currency": "CNY"}


def check(user: User, customer_id: str, amount: str) -> dict[str, Any]:
    """Ask whether a customer may take on more."""
    return user.get(f"{CUSTOMERS}/{customer_id}/credit/check", **cny(amount))
