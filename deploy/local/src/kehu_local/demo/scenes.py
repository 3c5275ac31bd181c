"""What is played with the Chinese companies, a scene per row of the customer record.

To show another row, add its scene to `SCENES`; the leaver leaves last, which is how a complete load
is told from one that was interrupted.
"""

import time
from typing import Any

from kehu_local.demo import timeline
from kehu_local.demo.api import Api
from kehu_local.demo.chinese import CUSTOMERS, Chinese, enter_phone
from kehu_local.demo.selling import sell
from kehu_local.errors import LocalError

LEAVER, SUCCESSOR = "cn.shanghai.1", "cn.shanghai.2"
SETTLE_SECONDS = 60.0
NEVER, REFUSE_FROM = 100, 85
"""A score that no planted record has, and the one from which records are refused by default."""
MERGED, DISMISSED = "legal_form", "without_place"
"""Of the duplicates in these forms, the first is merged, or found to be another company."""
VISITS = 8
"""So many head companies are on the list of visits."""
OWNERSHIPS = ("joint_stock", "individual", "joint_venture", "state")
GRADES = ("AAA", "AA", "A", "BBB")


def heads(data: Chinese) -> list[dict[str, str]]:
    """Return the head companies of groups that are not former customers."""
    named = {one["parent"] for one in data.companies}
    return [
        one
        for one in data.companies
        if one["ref"] in named and not one["parent"] and one["state"] != "former"
    ]


def file_archives(api: Api, data: Chinese) -> None:
    """What is known of head companies: from whom, since when, and whether it was made sure of."""
    for number, one in enumerate(heads(data)):
        path = f"{CUSTOMERS}/{data.customers[one['ref']]}/archive/enterprise"
        basic: dict[str, Any] = {
            "source_code": ("institution", "government", "internal")[number % 3],
            "known_on": data.days_ago(20 + 17 * number),
            "facts": {
                "ownership": {"value": OWNERSHIPS[number % len(OWNERSHIPS)]},
                "business_direction": {"value": f"以{one['industry']}为主，兼营相关贸易"},
                "scale": {"value": f"员工 {one['employees']} 人"},
            },
        }
        if number % 4 == 0:
            basic["verified"] = {"how": "查阅营业执照", "on": data.days_ago(5)}
        api.patch_at(f"{path}/basic", basic, version=0)
        if number % 2:
            continue
        traits = {
            "source_code": "internal",
            "known_on": data.days_ago(10 + number),
            "facts": {
                "main_products": {"value": f"{one['industry']}系列产品"},
                "main_needs": {"value": "缩短交期，稳定供货"},
                "brand": {"value": "own"},
            },
        }
        api.patch_at(f"{path}/characteristics", traits, version=1)


def give_credit(api: Api, data: Chinese) -> None:
    """Credit reports, some expired, so investigations are open; limits, and what they are used for.

    A group has one limit: what its first subsidiary takes is the group's.
    """
    year = data.today.year
    for number, one in enumerate(heads(data)[::2]):
        ref, customer = one["ref"], data.customers[one["ref"]]
        report = {
            "customer_id": customer,
            "source": ("own", "customer_form")[number % 2],
            "grade": GRADES[number % len(GRADES)],
            "months": (3, 6, 12)[number % 3],
            "reported_on": data.days_ago((40 + 67 * number) % 330),
            "finance": "近三年无逾期记录" if number % 3 else "短期借款偏高",
        }
        api.post("/customer/v1/credit-reports", report, key=f"cn-report-{ref}")
        if number % 3 == 0:  # no limit without a look at the figures
            continue
        amount = {"amount": f"{(number + 2) * 250_000}.00", "currency": "CNY"}
        limit = {"customer_id": customer, "year": year, "amount": amount, "reason": "年度授信"}
        api.post("/customer/v1/credit-limits", limit, key=f"cn-limit-{ref}")
        branch = next(
            (b for b in data.companies if b["parent"] == ref and b["state"] != "former"), one
        )
        taken = {
            "customer_id": data.customers[branch["ref"]],
            "source_kind": "contract",
            "source_key": f"HT-{year}-{number:03}",
            "amount": {"amount": f"{(number + 2) * 100_000}.00", "currency": "CNY"},
        }
        api.post("/customer/v1/credit-reservations", taken, key=f"cn-taken-{ref}")
    api.post("/customer/v1/credit-investigation-runs", {}, key="cn-investigations")


def plant_duplicates(api: Api, data: Chinese) -> None:
    """Second records as an old system brought them: let in with a warning, then put up for review.

    Afterwards the rules are the defaults again, and the same records would be refused.
    """
    rules = "/customer/v1/duplicate-rules"
    before = api.get(rules)["refuse_from"]
    if before < NEVER:
        api.change(rules, {"refuse_from": NEVER})
    for row in data.duplicates:
        body = {
            "kind": "organisation",
            "name": row["name"],
            "external_ref": f"demo:{row['ref']}",
            "source": "old system",
            "country": "CN",
        }
        data.customers[row["ref"]] = api.post(CUSTOMERS, body, key=f"cn-{row['ref']}")["id"]
        if row["phone"]:
            enter_phone(api, data, row["of"], row["phone"])
            enter_phone(api, data, row["ref"], row["phone"])
    api.change(rules, {"refuse_from": REFUSE_FROM})
    after, number = None, 0
    while number == 0 or after:
        lot = {"limit": 500, **({"after": after} if after else {})}
        after = api.post("/customer/v1/duplicate-scans", lot, key=f"cn-scan-{number}")["next_after"]
        number += 1


def decide_duplicates(api: Api, data: Chinese) -> None:
    """Merge a pair, and find that another one is two companies; the rest waits for review."""
    merged = next(one for one in data.duplicates if one["form"] == MERGED)
    api.post(
        "/customer/v1/merges",
        {
            "survivor_id": data.customers[merged["of"]],
            "merged_ids": [data.customers[merged["ref"]]],
            "reason": "改制前后的同一家公司",
        },
        key="cn-merge",
    )
    other = next(one for one in data.duplicates if one["form"] == DISMISSED)
    pairs = api.get(
        "/customer/v1/duplicates", customer_id=data.customers[other["ref"]], sort="-score"
    )
    first = pairs["items"][0]["id"]
    api.post(f"/customer/v1/duplicates/{first}/dismiss", {"reason": "同名的另一家公司"},
             key="cn-dismiss")  # fmt: skip


def classify_by_hand(api: Api, data: Chinese) -> None:
    """How close the relation with some trade customers is: what no rule can know."""
    [scheme] = api.get("/customer/v1/classification-schemes", code="relationship-level")["items"]
    trading = [one for one in data.companies if one["state"] == "trade"][::9]
    for number, one in enumerate(trading):
        body = {
            "customer_id": data.customers[one["ref"]],
            "scheme_id": scheme["id"],
            "class_code": ("basic", "reactive", "partnership")[number % 3],
            "reason": "年度客户评审",
        }
        api.post("/customer/v1/classifications", body, key=f"cn-class-{one['ref']}")


def give_to_pool(api: Api, data: Chinese) -> None:
    """Prospects whose sales people have no use for them: anybody may claim them."""
    looked_after = [
        one
        for one in data.companies
        if one["state"] == "prospect" and one["owner"] not in {"", LEAVER}
    ]
    for one in looked_after[::11]:
        api.post(
            f"{CUSTOMERS}/{data.customers[one['ref']]}/hand-over",
            {"owner_id": None, "reason": "半年内无采购计划"},
            key=f"cn-pool-{one['ref']}",
        )


def form_segments(api: Api, data: Chinese) -> None:
    """The segments of the texts, one by rules of this tenant's own, and a list kept by hand."""
    api.post("/customer/v1/segment-defaults", {}, key="cn-segments")
    [size] = api.get("/customer/v1/classification-schemes", code="cn-size")["items"]
    exporters = {
        "code": "large-exporters",
        "name_zh": "大型出口企业",
        "name_en": "Large exporters",
        "description": "大型企业，出口占比六成以上，不含老客户",
        "kind": "dynamic",
        "rule": {"test": "all", "of": [
            {"test": "in_class", "scheme_id": size["id"], "classes": ["large"]},
            {"test": "between", "fact": "custom.export_share", "at_least": "60", "below": None},
            {"test": "one_of", "fact": "state", "values": ["prospect", "trade"]},
        ]},
    }  # fmt: skip
    api.post("/customer/v1/segments", exporters, key="cn-segment-exporters")
    visits = {
        "code": "spring-visits",
        "name_zh": "春节前走访名单",
        "name_en": "Visits before the Spring Festival",
        "kind": "static",
    }
    made = api.post("/customer/v1/segments", visits, key="cn-segment-visits")
    chosen = [data.customers[one["ref"]] for one in heads(data)[:VISITS]]
    path = f"/customer/v1/segments/{made['id']}/add"
    api.post(path, {"customer_ids": chosen}, key="cn-segment-visited")


def hand_over(api: Api, data: Chinese) -> None:
    """Somebody leaves, with customers, opportunities and leads: all go to a colleague at once."""
    leaver, successor = data.employees[LEAVER], data.employees[SUCCESSOR]
    api.post("/sales/v1/methods", timeline.METHOD, key="method")
    own = [one for one in data.companies if one["owner"] == LEAVER and one["state"] != "former"]
    for one in own[:3]:
        body = {"topic": f"{one['name']} 扩产设备", "customer_id": data.customers[one["ref"]],
                "owner_id": leaver}  # fmt: skip
        api.post("/sales/v1/opportunities", body, key=f"cn-opportunity-{one['ref']}",
                 again_if=frozenset({"unknown-customer", "unknown-employee"}))  # fmt: skip
    for number, topic in enumerate(("工博会咨询", "官网留言：自动化产线")):
        lead = {"topic": topic, "source": "seminar", "owner_id": leaver,
                "customer_name": f"上海展会访客 {number + 1}", "contact_name": "参观者",
                "external_ref": f"demo-cn-lead-{number}"}  # fmt: skip
        api.post("/marketing/v1/leads", lead, key=f"cn-lead-{number}")
    asked = api.post(
        "/customer/v1/hand-overs",
        {"employee_id": leaver, "successor_id": successor, "reason": "离职"},
        key="cn-hand-over",
    )
    deadline = time.monotonic() + SETTLE_SECONDS
    while (state := api.get(f"/customer/v1/hand-overs/{asked['id']}"))["state"] != "completed":
        if state["state"] == "failed" or time.monotonic() > deadline:
            raise LocalError(f"The demo's hand-over does not end: {state}")
        time.sleep(0.2)
    api.post(f"/customer/v1/employees/{leaver}/leave", {"reason": "离职"}, key="cn-leave")


SCENES = (
    ("archives", file_archives),
    ("credit", give_credit),
    ("duplicates", plant_duplicates),
    ("merge", decide_duplicates),
    ("classes by hand", classify_by_hand),
    ("public pool", give_to_pool),
    ("segments", form_segments),
    ("selling", sell),
    ("hand-over", hand_over),
)
"""Every scene, in order."""


def is_complete(api: Api) -> bool:
    """Return whether the set was loaded to its end."""
    return api.found("/customer/v1/employees", code=LEAVER, active=False)


def figures(api: Api) -> list[str]:
    """Return what there is to see of the set, in a few lines."""

    def count(path: str, **parameters: Any) -> int:
        return int(api.get(f"/customer/v1/{path}", limit=1, count="exact", **parameters)["count"])

    def sold(path: str, **parameters: Any) -> int:
        return int(api.get(f"/sales/v1/{path}", limit=1, count="exact", **parameters)["count"])

    [size] = api.get("/customer/v1/classification-schemes", code="cn-size")["items"]
    sizes = ", ".join(
        f"{one['name_zh']} {count('customers', scheme_id=size['id'], class_code=one['code'])}"
        for one in size["classes"]
    )
    kept = [
        f"{one['name_zh']} {one['size']}"
        for code in ("large-exporters", "spring-visits")
        for one in api.get("/customer/v1/segments", code=code)["items"]
    ]
    return [
        f"customers in China: {count('customers', custom_from='export_share:0')}, by size: {sizes}",
        f"in the public pool: {count('customers', in_pool=True)}, in segments: {', '.join(kept)}",
        f"pairs that may be duplicates: {count('duplicates', state='open')}, "
        f"merged: {count('merges')}",
        f"quotes: {sold('quotes')}, contracts: {sold('contracts')}, receipts: {sold('receipts')}, "
        f"projects: {sold('projects')}, closed: {sold('projects', state='closed')}",
        f"handed over by a leaver: {count('owner-changes', manner='leaver')}, "
        f"credit investigations open: {count('credit-investigations', state='open')}",
    ]
