"""What a column of a file can mean: which headers suggest it, and how its cells are read.

A cell that cannot be read stays as it is, so that the rules of the API refuse it and say why.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from kehu_customer.contacts.models import BuyingRole
from kehu_customer.custom_fields.models import CustomField, FieldType
from kehu_customer.customers.models import CustomerKind, CustomerRole
from kehu_customer.imports.errors import HeadersMissing
from kehu_customer.labels import Labelled

CUSTOM = "custom."
"""Before the code of a custom field: the meaning of its column."""
CONTACT = "contact."
"""Before what a column says of the person to turn to."""
CURRENCY = "annual_revenue_currency"
POINTS = ("phone", "mobile", "email", "address")
"""Columns that become the first contact points of a new customer."""

HEADERS: Mapping[str, tuple[str, ...]] = {
    "name": ("客户名称", "名称", "客户", "公司名称", "企业名称", "单位名称", "姓名", "name",
             "customer", "customer name", "company", "company name", "account name"),
    "kind": ("客户类型", "类型", "kind", "type", "customer type"),
    "code": ("客户编码", "编码", "客户编号", "编号", "客户代码", "code", "customer code",
             "customer number"),
    "external_ref": ("外部引用", "外部编号", "外部系统编号", "external ref", "external id"),
    "roles": ("客户角色", "角色", "roles", "role"),
    "parent_code": ("上级公司编码", "上级公司", "母公司", "母公司编码", "parent code", "parent"),
    "owner_code": ("负责人工号", "负责人编码", "负责人", "业务员", "工号", "owner code", "owner"),
    "industry": ("行业", "所属行业", "industry"),
    "country": ("国家", "国家地区", "country"),
    "source": ("客户来源", "来源", "source", "lead source"),
    "credit_code": ("统一社会信用代码", "社会信用代码", "信用代码", "税号", "credit code",
                    "unified social credit code"),
    "website": ("网站", "网址", "官网", "website", "url", "homepage"),
    "founded_year": ("成立年份", "成立年", "founded year", "founded"),
    "employee_count": ("员工人数", "人数", "员工数", "employee count", "employees", "staff"),
    "annual_revenue": ("年营业额", "年收入", "年销售额", "annual revenue", "revenue"),
    CURRENCY: ("营业额币种", "币种", "货币", "annual revenue currency", "currency"),
    "created_on": ("录入日期", "建档日期", "created on", "entered on"),
    "phone": ("电话", "联系电话", "固定电话", "座机", "phone", "telephone", "tel"),
    "mobile": ("手机", "手机号", "移动电话", "mobile", "mobile phone", "cell phone"),
    "email": ("电子邮件", "邮箱", "电子邮箱", "email", "e mail", "mail"),
    "address": ("地址", "公司地址", "联系地址", "详细地址", "address", "street"),
}  # fmt: skip
"""Each meaning with the headers that suggest it; the first one is its Chinese label."""

OF_CONTACT: Mapping[str, tuple[str, ...]] = {
    "contact.name": (
        "联系人",
        "联系人姓名",
        "联系人名称",
        "contact",
        "contact name",
        "contact person",
    ),
    "contact.title": (
        "联系人职务",
        "联系人职位",
        "职务",
        "职位",
        "contact title",
        "job title",
        "title",
        "position",
    ),
    "contact.department": ("联系人部门", "contact department"),
    "contact.buying_role": (
        "联系人采购角色",
        "采购角色",
        "购买角色",
        "buying role",
        "contact role",
    ),
    "contact.phone": ("联系人电话", "contact phone", "contact telephone"),
    "contact.mobile": ("联系人手机", "联系人手机号", "contact mobile"),
    "contact.email": ("联系人邮箱", "联系人电子邮件", "contact email", "contact e mail"),
}
"""The same of the person to turn to, whom a row may name besides."""

SAYS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How text begins that spreadsheets would calculate."""
LISTED = re.compile(r"[,;，；、|]")
KINDS = {
    "企业": CustomerKind.ORGANISATION, "公司": CustomerKind.ORGANISATION,
    "组织": CustomerKind.ORGANISATION, "机构": CustomerKind.ORGANISATION,
    "单位": CustomerKind.ORGANISATION, "company": CustomerKind.ORGANISATION,
    "organization": CustomerKind.ORGANISATION,
    "个人": CustomerKind.PERSON, "自然人": CustomerKind.PERSON, "individual": CustomerKind.PERSON,
}  # fmt: skip
ROLES = {
    "消费者": CustomerRole.CONSUMER, "商户": CustomerRole.MERCHANT, "商家": CustomerRole.MERCHANT,
    "经销商": CustomerRole.DISTRIBUTOR, "加盟商": CustomerRole.FRANCHISEE,
    "供应商": CustomerRole.SUPPLIER, "合作伙伴": CustomerRole.PARTNER,
    "内部": CustomerRole.INTERNAL, "内部客户": CustomerRole.INTERNAL,
    "批发商": CustomerRole.WHOLESALER, "零售商": CustomerRole.RETAILER,
    "中间商": CustomerRole.INTERMEDIARY, "分销商": CustomerRole.DISTRIBUTOR,
    "公共机构": CustomerRole.PUBLIC_BODY, "政府机构": CustomerRole.PUBLIC_BODY,
    "政府": CustomerRole.PUBLIC_BODY, "媒体": CustomerRole.MEDIA, "新闻媒体": CustomerRole.MEDIA,
    "协会": CustomerRole.ASSOCIATION, "行业协会": CustomerRole.ASSOCIATION,
    "商会": CustomerRole.ASSOCIATION, "社区": CustomerRole.COMMUNITY,
    "竞争对手": CustomerRole.COMPETITOR, "竞争者": CustomerRole.COMPETITOR,
}  # fmt: skip


BUYING_ROLES = {
    "经办人": BuyingRole.HANDLER, "业务主管": BuyingRole.BUSINESS_CONTACT,
    "业务联系人": BuyingRole.BUSINESS_CONTACT, "决策者": BuyingRole.DECISION_MAKER,
    "决策人": BuyingRole.DECISION_MAKER,
}  # fmt: skip


def suggest(headers: Sequence[str], fields: Iterable[CustomField]) -> dict[str, str]:
    """Return which meanings the headers suggest, each at most once."""
    known = dict(KNOWN)
    for field in fields:
        for name in (f"{CUSTOM}{field.code}", field.code, field.name_en, field.name_zh):
            known.setdefault(_plain(name), CUSTOM + field.code)
    found: dict[str, str] = {}
    for header in headers:
        meaning = known.get(_plain(header))
        if meaning is not None and meaning not in found.values():
            found[header] = meaning
    return found


def unknown_meanings(mapping: Mapping[str, str], fields: Mapping[str, CustomField]) -> list[str]:
    """Return the meanings that do not exist or are given twice."""
    meanings = list(mapping.values())
    exist = HEADERS.keys() | OF_CONTACT.keys() | {CUSTOM + code for code in fields}
    return sorted({one for one in meanings if one not in exist or meanings.count(one) > 1})


def require_headers(mapping: Mapping[str, str], headers: Sequence[str]) -> None:
    """Refuse a mapping of columns that the file does not have: they would be left out unnoticed.

    Raises `HeadersMissing`.
    """
    missing = sorted(mapping.keys() - set(headers))
    if missing:
        raise HeadersMissing(headers=missing, extra={"headers": missing})


def label(meaning: str, fields: Mapping[str, CustomField]) -> str:
    """Return a meaning with its Chinese label, if it has one: the field's, or the first header."""
    field = fields.get(meaning.removeprefix(CUSTOM)) if meaning.startswith(CUSTOM) else None
    names = HEADERS.get(meaning) or OF_CONTACT.get(meaning) or ()
    zh = field.name_zh if field else next(iter(names), None)
    return Labelled(meaning, zh) if zh else meaning


def _plain(header: str) -> str:
    """Return a header without capitals, width, brackets and marks."""
    text = re.sub(r"[(（].*?[)）]", "", unicodedata.normalize("NFKC", header))
    return re.sub(r"[\s_*:\-/.]+", " ", text).strip().casefold()


KNOWN: Mapping[str, str] = {
    _plain(one): meaning
    for headers_of in (HEADERS, OF_CONTACT) for meaning, names in headers_of.items()
    for one in (meaning, *names)
}  # fmt: skip
"""The meanings that headers suggest whatever custom fields there are, by the bare header."""


def is_taken(header: str) -> bool:
    """Tell whether a header means something already, so that no custom field can be told by it."""
    return _plain(header) in KNOWN


Fields = Mapping[str, CustomField]
Columns = Sequence[tuple[int, str]]
"""Places of the columns that mean something, with their meanings."""


def values_of(
    cells: Sequence[str], columns: Columns, fields: Fields, currency: str
) -> dict[str, Any]:
    """Return what a row says, by meaning, as the API would be told; empty cells say nothing."""
    said: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    contact: dict[str, Any] = {}
    for place, meaning in columns:
        cell = _unguarded(cells[place].strip()) if place < len(cells) else ""
        if not cell:
            continue
        if meaning.startswith(CUSTOM):
            code = meaning.removeprefix(CUSTOM)
            custom[code] = _custom(fields[code], cell) if code in fields else cell
        else:
            read = READ.get(meaning)
            into = contact if meaning.startswith(CONTACT) else said
            into[meaning.removeprefix(CONTACT)] = read(cell) if read else cell
    if custom:
        said["custom"] = custom
    if contact:
        said["contact"] = contact
    in_currency = said.pop(CURRENCY, currency)
    if "annual_revenue" in said:
        said["annual_revenue"] = {"amount": said["annual_revenue"], "currency": in_currency}
    return said


def _unguarded(cell: str) -> str:
    """Return a cell without the apostrophe that keeps spreadsheets from calculating it."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(SAYS_A_FORMULA) else cell


def _kind(cell: str) -> str:
    return KINDS.get(cell.casefold(), cell)


def _roles(cell: str) -> list[str]:
    return [ROLES.get(one.strip(), one.strip()) for one in LISTED.split(cell) if one.strip()]


def _buying_role(cell: str) -> str:
    return BUYING_ROLES.get(cell, cell.casefold().replace(" ", "_"))


def _whole(cell: str) -> int | str:
    digits = _number(cell)
    return int(digits) if re.fullmatch(r"-?[0-9]{1,12}", digits) else cell


def _number(cell: str) -> str:
    """Return a number without separators of thousands and a needless fraction."""
    bare = re.sub(r"(?<=[0-9])[,，'](?=[0-9]{3})", "", unicodedata.normalize("NFKC", cell)).strip()
    return re.sub(r"\.0+$", "", bare)


def _day(cell: str) -> str:
    found = re.fullmatch(
        r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[T ]00:00(?::00)?)?", cell
    )
    if found is None:
        return cell
    year, month, day = (int(part) for part in found.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return cell


READ: Mapping[str, Callable[[str], Any]] = {
    "kind": _kind,
    "roles": _roles,
    "contact.buying_role": _buying_role,
    "founded_year": _whole,
    "employee_count": _whole,
    "annual_revenue": _number,
    "created_on": _day,
}


def _custom(field: CustomField, cell: str) -> Any:
    """Return the value of a custom field as the API would be told; options also by their names."""
    match FieldType(field.type):
        case FieldType.NUMBER:
            return _number(cell)
        case FieldType.DATE:
            return _day(cell)
        case FieldType.CHOICE:
            return _option(field, cell)
        case FieldType.MULTI_CHOICE:
            return [_option(field, one.strip()) for one in LISTED.split(cell) if one.strip()]
        case FieldType.MONEY:
            amount, _, currency = cell.rpartition(" ")
            return {"amount": _number(amount), "currency": currency}
        case _:
            return cell


def _option(field: CustomField, cell: str) -> str:
    for option in field.options:
        if cell in (option["code"], option["name_zh"], option["name_en"]):
            code: str = option["code"]
            return code
    return cell
