"""Search, check for duplicates, and list with filters, on a million made-up customers.

What one person waits for: one request at a time, so that nobody queues. No floor stands beside it;
the marks are times.
"""

import json
from collections.abc import Sequence
from urllib.parse import quote

from bench.api import MODULE, PREFIX
from bench.companies import INDUSTRIES, STATES, Company, company
from bench.duel import authorised
from bench.filling import fill
from bench.load import Plan, drive
from bench.servers import Bench, say
from bench.stats import Figure, Line, below
from kehu_customer.__main__ import SERVICE
from kehu_kernel.testing.cluster import DatabaseUrls
from kehu_local.postgres import url_for

ASKED = 60
"""Customers that questions are made of, spread over all."""
MARK_SEARCH = MARK_DUPLICATES = 50.0
MARK_LIST = 30.0
SECONDS = 10.0


def search(bench: Bench) -> list[Line]:
    """Ask for customers in every way that the box understands, in turns."""
    questions = [one for each in _some(bench) for one in questions_about(each)]
    paths = [f"/v1/search?q={quote(one)}" for one in [*questions, *COMMON]]
    requests = [authorised("GET", path, bench.token) for path in paths]
    return _measured(bench, "search", requests, MARK_SEARCH)


def duplicates(bench: Bench) -> list[Line]:
    """Check whether somebody is on record: as they are, with another form, with a wrong letter."""
    requests = [
        authorised("POST", "/v1/duplicate-checks", bench.token, body=body)
        for each in _some(bench)
        for body in checks_of(each)
    ]
    return _measured(bench, "duplicates", requests, MARK_DUPLICATES)


def filters(bench: Bench) -> list[Line]:
    """List 50 by state and industry, in both orders."""
    requests = [
        authorised(
            "GET",
            f"/v1/customers?limit=50&industry={industry}&state={state}&sort={sort}",
            bench.token,
        )
        for industry in INDUSTRIES
        for state in dict.fromkeys(STATES)
        for sort in ("name", "-created_at")
    ]
    return _measured(bench, "list of 50, filters", requests, MARK_LIST)


COMMON = (
    "科技", "上海", "深圳市", "电子科技", "科技有限公司", "贸易", "华", "王", "hua", "sh", "kj",
    "ltd", "global", "qq.com", "人民路", "C-00",
)  # fmt: skip
"""What a great part of all customers have."""


def questions_about(one: Company) -> list[str]:
    """Return what people type who look for this customer, rightly and wrongly."""
    name, half = one.name, one.name[: max(2, len(one.name) // 2)]
    wrong = f"{name[:3]}某{name[4:]}" if len(name) > 4 else f"{name}某"
    return [
        name, half, name[-6:], name[2:6], wrong, one.code, one.mobile, one.mobile[-4:], one.email,
        one.email.partition("@")[0].rstrip("0123456789"), one.contact,
        *([one.address] if one.address else []),
    ]  # fmt: skip


def checks_of(one: Company) -> list[str]:
    """Return checks for somebody who is this customer, or looks so."""
    wrong = f"{one.name[:3]}某{one.name[4:]}"
    names = (one.name, one.name.replace("有限公司", "股份有限公司"), wrong)
    bodies = [{"kind": one.kind, "name": name} for name in names]
    bodies.append({"kind": one.kind, "name": one.name, "phone": one.mobile, "email": one.email})
    return [json.dumps(body, ensure_ascii=False) for body in bodies]


def _some(bench: Bench) -> list[Company]:
    rows = bench.choice.rows
    return [company(number) for number in range(7, rows, max(1, rows // ASKED))]


def _measured(bench: Bench, name: str, requests: Sequence[str], mark: float) -> list[Line]:
    urls = filled(bench)
    with bench.service(MODULE, "api", urls, prefix=PREFIX) as ours:
        seconds = 2.0 if bench.choice.quick else SECONDS
        drive(Plan(ours.port, requests, 1, seconds=seconds))  # every plan and page once
        reports = [
            drive(Plan(ours.port, requests, 1, seconds=seconds)) for _ in range(bench.choice.rounds)
        ]
    title = f"{name} on {bench.choice.rows:,}"
    return [
        Line(f"{title}, p50", "ms", Figure.of([one.p50 for one in reports])),
        below(Line(f"{title}, p95", "ms", Figure.of([one.p95 for one in reports])), mark),
    ]


def filled(bench: Bench) -> DatabaseUrls:
    """Return the kept database with so many customers; it is filled when it is new."""
    rows = bench.choice.rows
    urls, new = bench.kept_database(SERVICE, f"bench_companies_{rows}")
    if new:
        say(f"filling in {rows:,} companies (kept for the next run)")
        fill(url_for(bench.cluster.admin_url, "postgres", urls.app.rpartition("/")[2]), rows)
    return urls
