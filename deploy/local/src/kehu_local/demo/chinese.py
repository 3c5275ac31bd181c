"""Loading the Chinese company set: who we are, the companies, the people there, then the scenes.

The files say how many days before the load something happened. The day of the load is that of the
first department, so that an interrupted load can go on the day after.
"""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.progress import Progress

from kehu_local.demo.api import Api

DATA = Path(__file__).parents[3] / "data" / "chinese-companies"
ZONE = ZoneInfo("Asia/Shanghai")  # where the tenant's days are cut
CUSTOMERS = "/customer/v1/customers"
TRIAL_DAYS = 30
"""A company becomes a trade customer so many days after it was entered."""
ENDED_DAYS = 12
"""Former customers ended so many days before the load."""
END_REASONS = ("公司已注销", "业务转给竞争对手", "长期拖欠货款")

FIELDS = (
    {"code": "export_share", "type": "number", "indexed": True,
     "name_zh": "出口占比", "name_en": "Share of exports in percent"},
    {"code": "erp_code", "type": "text", "is_unique": True, "indexed": True,
     "name_zh": "ERP 编码", "name_en": "Code in the ERP system"},
    {"code": "certificates", "type": "multi_choice",
     "name_zh": "认证", "name_en": "Certificates",
     "options": [
         {"code": "iso9001", "name_zh": "ISO 9001 质量管理", "name_en": "ISO 9001"},
         {"code": "iso14001", "name_zh": "ISO 14001 环境管理", "name_en": "ISO 14001"},
     ]},
)  # fmt: skip
"""What this tenant records of customers beyond our fields."""

SIZES = (
    ("large", "大型", "Large", "1000", None),
    ("medium", "中型", "Medium", "300", "1000"),
    ("small", "小型", "Small", "20", "300"),
    ("micro", "微型", "Micro", None, "20"),
)
"""Size by staff, as China's statistics cut industry (工信部联企业〔2011〕300号): from, below."""


@dataclass(slots=True)
class Chinese:
    """The rows of the files, and the ids of what was made of them."""

    staff: list[dict[str, str]]
    companies: list[dict[str, str]]
    contacts: list[dict[str, str]]
    duplicates: list[dict[str, str]]
    today: date = date.min
    employees: dict[str, str] = field(default_factory=dict)
    customers: dict[str, str] = field(default_factory=dict)

    def days_ago(self, days: int) -> str:
        """Return the day so many days before the load."""
        return (self.today - timedelta(days=days)).isoformat()


def read(folder: Path = DATA) -> Chinese:
    """Read the files. Raises `OSError` if one is missing."""

    def rows(name: str) -> list[dict[str, str]]:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return Chinese(rows("staff"), rows("companies"), rows("contacts"), rows("duplicates"))


def load_into(
    api: Api,
    data: Chinese,
    scenes: Iterable[tuple[str, Callable[[Api, Chinese], None]]],
    progress: Progress,
) -> None:
    """Enter everything through the APIs, then play the scenes. Raises `LocalError`."""
    steps = (("directory", load_directory), ("settings", load_settings), *scenes)
    small = progress.add_task("directory", total=len(steps))
    for name, play in steps[:2]:
        progress.update(small, description=name)
        play(api, data)
        progress.advance(small)
    bar = progress.add_task("Chinese companies", total=len(data.companies) + len(data.contacts))
    for company in data.companies:
        enter_company(api, data, company)
        progress.advance(bar)
    for contact in data.contacts:
        enter_contact(api, data, contact)
        progress.advance(bar)
    for company in data.companies:
        lead_its_life(api, data, company)
    for name, play in steps[2:]:
        progress.update(small, description=name)
        play(api, data)
        progress.advance(small)
    progress.update(small, description="scenes")


def load_directory(api: Api, data: Chinese) -> None:
    """Enter departments as a tree, heads before their people, and fix the day of the load."""
    places = [one["department"] for one in data.staff]
    of_region = {one["code"]: one["department"] for one in data.staff}
    departments: dict[str, str] = {}
    for number, name in enumerate(dict.fromkeys(places)):
        head = next(one["manager"] for one in data.staff if one["department"] == name)
        made = api.post(
            "/customer/v1/departments",
            {"code": f"cn-{number:02}", "name": name,
             "parent_id": departments[of_region[head]] if head else None},
            key=f"cn-department-{number}",
        )  # fmt: skip
        departments[name] = made["id"]
        if not number:
            begun = datetime.fromisoformat(made["created_at"])
            data.today = begun.astimezone(ZONE).date()
    for one in data.staff:
        body = {
            "code": one["code"],
            "name": one["name"],
            "department_id": departments[one["department"]],
            "manager_id": data.employees.get(one["manager"]),
        }
        made = api.post("/customer/v1/employees", body, key=f"cn-employee-{one['code']}")
        data.employees[one["code"]] = made["id"]


def load_settings(api: Api, data: Chinese) -> None:
    """Set up what is recorded of companies: classes by rule, archives, custom fields."""
    classes = [{"code": code, "name_zh": zh, "name_en": en} for code, zh, en, _, _ in SIZES]
    rules = [
        {"class_code": code, "conditions": [
            {"test": "between", "fact": "employee_count", "at_least": low, "below": high}
        ]}
        for code, _, _, low, high in SIZES
    ]  # fmt: skip
    scheme = {
        "code": "cn-size", "name_zh": "企业规模", "name_en": "Size of the company",
        "source": "工信部联企业〔2011〕300号", "classes": classes, "rules": rules,
    }  # fmt: skip
    api.post("/customer/v1/classification-schemes", scheme, key="cn-size")
    api.post("/customer/v1/classification-scheme-defaults", {}, key="cn-schemes")
    api.post("/customer/v1/archive-defaults", {}, key="cn-archives")
    for one in FIELDS:
        api.post("/customer/v1/custom-fields", dict(one), key=f"cn-field-{one['code']}")


def enter_company(api: Api, data: Chinese, row: dict[str, str]) -> None:
    """Enter a company; its head company has been entered before."""
    number = int(row["ref"].removeprefix("CN-"))
    custom: dict[str, object] = {"export_share": row["export_share"]}
    if number % 3 == 0:
        custom |= {"erp_code": f"K3-{number:05}", "certificates": ["iso9001"]}
    body = {
        "kind": "organisation",
        "name": row["name"],
        "external_ref": f"demo:{row['ref']}",
        "roles": [row["roles"]],
        "parent_id": data.customers.get(row["parent"]),
        "owner_id": data.employees.get(row["owner"]),
        "industry": row["industry"],
        "country": "CN",
        "source": "demo",
        "credit_code": row["credit_code"],
        "website": row["website"],
        "founded_year": int(row["founded_year"]),
        "employee_count": int(row["employees"]),
        "annual_revenue": {"amount": f"{row['revenue']}.00", "currency": "CNY"},
        "custom": custom,
        "created_on": data.days_ago(int(row["known_days"])),
    }
    data.customers[row["ref"]] = api.post(CUSTOMERS, body, key=f"cn-{row['ref']}")["id"]


def enter_phone(api: Api, data: Chinese, ref: str, phone: str) -> None:
    """Enter the number of a company's switchboard."""
    point = {"customer_id": data.customers[ref], "kind": "phone", "value": phone}
    api.post("/customer/v1/contact-points", point, key=f"cn-phone-{ref}")


def enter_contact(api: Api, data: Chinese, row: dict[str, str]) -> None:
    """Enter somebody to talk to at a company."""
    body = {
        "customer_id": data.customers[row["company"]],
        "name": row["name"],
        "title": row["title"],
        "buying_role": row["buying_role"],
        "mobile": row["mobile"],
        "email": row["email"],
        "external_ref": f"demo:{row['ref']}",
    }
    api.post("/customer/v1/contacts", body, key=f"cn-{row['ref']}")


def lead_its_life(api: Api, data: Chinese, row: dict[str, str]) -> None:
    """Make a company the trade customer it is, or the former one."""
    path = f"{CUSTOMERS}/{data.customers[row['ref']]}"
    if row["state"] != "prospect":
        on = data.days_ago(int(row["known_days"]) - TRIAL_DAYS)
        api.post(f"{path}/promote", {"on": on}, key=f"cn-promote-{row['ref']}")
    if row["state"] == "former":
        reason = END_REASONS[int(row["known_days"]) % len(END_REASONS)]
        ending = {"reason": reason, "on": data.days_ago(ENDED_DAYS)}
        api.post(f"{path}/end", ending, key=f"cn-end-{row['ref']}")
