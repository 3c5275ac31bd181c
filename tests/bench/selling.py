"""The sales service: lists of a million opportunities, prices, promotion with gates, entry in bulk.

Lists and prices are what one person waits for: one request at a time, marks are times. A promotion
stands beside the very statements it sends, sent again by a bare handler (`replaying.py`).
"""

import json
from collections.abc import Sequence
from urllib.parse import quote

from bench.api import INDUSTRIES
from bench.duel import CONNECTIONS, Rounds, authorised, take, warm
from bench.load import UNIQUE, Plan, Report, drive
from bench.replaying import record, statements_of
from bench.selling_rows import (
    PLACES,
    SOLD,
    STATUSES,
    SURNAMES,
    THINGS,
    fill,
    fill_prices,
    open_opportunities,
)
from bench.servers import Bench, connected, run, say
from bench.stats import Figure, Line, at_least, at_least_part, below
from kehu_kernel.testing.cluster import DatabaseUrls
from kehu_local.postgres import url_for
from kehu_sales.__main__ import SERVICE

PREFIX, MODULE = "KEHU_SALES_", "kehu_sales"
MARK_LIST, MARK_PRICE = 30.0, 10.0
MARK_PROMOTION = 0.4
MARK_ENTERED = 3_000.0
LOT = 500
"""Commands of one batch: as many as it may have."""
PRODUCTS, LISTS = 10_000, 1_000
PER_ROUND = 6_000
"""More promotions than a round sends; each opportunity is promoted once."""


def opportunities(bench: Bench) -> list[Line]:
    """List 50 opportunities as sales people look at them."""
    urls, rows = _million(bench)
    ask = "/v1/opportunities?limit=50"
    paths = [f"{ask}&status={status}&sort={sort}" for status in STATUSES for sort in SORTS]
    for number in range(INDUSTRIES):
        owner, customer = _uuid("e", number), _uuid("c", number * 7)
        paths += [
            f"{ask}&owner_id={owner}",
            f"{ask}&owner_id={owner}&status=in_progress",
            f"{ask}&owner_id={owner}&status=in_progress&sort=expected_close_on",
            f"{ask}&customer_id={customer}",
            f"{ask}&stage_code=s{number % 4 + 1}&status=in_progress",
        ]
    paths.append(f"{ask}&overdue=true")
    lines = []
    for what, asked in (("list of 50", paths), ("by topic and product", _found(ask))):
        requests = [authorised("GET", path, bench.token) for path in asked]
        title = f"opportunities, {what} on {rows:,}"
        lines += _measured(bench, title, urls, requests, MARK_LIST)
    return lines


def _found(ask: str) -> list[str]:
    """Ask for words that every fifth topic has, for some that few have, and for none at all."""
    paths = [f"{ask}&q={quote(word)}" for word in (*PLACES, *THINGS, "备", "erp", "没有这个")]
    for number in range(50):
        one, other = (SURNAMES[number * step % len(SURNAMES)] for step in (1, 7))
        place, thing = PLACES[number % len(PLACES)], THINGS[number % len(THINGS)]
        product, owner = _uuid("a", number * number % SOLD), _uuid("e", number)
        paths += [
            f"{ask}&q={quote(one + other)}",
            f"{ask}&q={quote(one + other + thing)}&sort=expected_close_on",
            f"{ask}&q={quote(place + one)}&sort=-expected_revenue",
            f"{ask}&q={quote(thing[:2])}&owner_id={owner}&status=in_progress",
            f"{ask}&q={number * 7919 % 100_000:05}",
            f"{ask}&product_id={product}",
            f"{ask}&product_id={product}&status=in_progress&sort=expected_close_on",
            f"{ask}&product_id={product}&q={quote(place)}",
        ]
    return paths


SORTS = ("-created_at", "expected_close_on", "-expected_revenue")


def prices(bench: Bench) -> list[Line]:
    """Ask what a customer pays for a product: for each of 1,000 lists, most of them for others."""
    products, lists = (500, 50) if bench.choice.quick else (PRODUCTS, LISTS)
    urls, new = bench.kept_database(SERVICE, f"bench_prices_{lists}")
    if new:
        say(f"filling in {products:,} products and {lists:,} price lists (kept for the next run)")
        admin = _admin(bench, urls)
        run(connected(admin, lambda one: fill_prices(one, products, lists)))
    requests = [
        authorised(
            "GET",
            f"/v1/prices?customer_id={_uuid('c', number * 3 % lists)}"
            f"&product_id={_uuid('a', number * 37 % products)}&quantity={number % 30 + 1}",
            bench.token,
        )
        for number in range(400)
    ]
    title = f"price among {products:,} products and {lists:,} lists"
    return _measured(bench, title, urls, requests, MARK_PRICE)


def promotion(bench: Bench) -> list[Line]:
    """Promote opportunities through a strict gate that asks for an activity and a task."""
    urls = bench.fresh_database(SERVICE, "bench_promotion")
    lots = 2 * bench.choice.rounds + 2
    each = PER_ROUND // (2 if bench.choice.quick else 1)
    count = lots * each + 1
    ids = run(connected(_admin(bench, urls), lambda one: open_opportunities(one, count)))
    recorded = bench.folder / "promotion.pickle"
    record(urls, ids.pop(), recorded)
    say(f"a promotion sends {len(statements_of(recorded))} statements")
    parts = [ids[place * each :][:each] for place in range(lots)]
    here, there = Rounds(), Rounds()
    floor_environment = {"BENCH_RECORDED": str(recorded)}
    with (
        bench.service(MODULE, "api", urls, prefix=PREFIX) as ours,
        bench.floor(urls, "bench.replaying", floor_environment) as floor,
    ):
        warm(ours, _promotions(bench, parts[0]))
        warm(floor, _promotions(bench, parts[1]))
        for number in range(bench.choice.rounds):
            take(bench, ours, _promotions(bench, parts[2 * number + 2]), here)
            take(bench, floor, _promotions(bench, parts[2 * number + 3]), there)
            say(
                f"promotion, round {number + 1}: ours {here.reports[-1].per_second:,.0f}/s, "
                f"floor {there.reports[-1].per_second:,.0f}/s"
            )
    _all_answered("promotion", [*here.reports, *there.reports])
    detail = {"connections": CONNECTIONS, "statements": len(statements_of(recorded))}
    line = Line("promotion with gates", "req/s", here.rate, there.rate, detail=detail)
    cpu = Line("promotion, server's cpu", "us/req", Figure.of(here.cpu), Figure.of(there.cpu))
    return [at_least_part(line, MARK_PROMOTION), cpu]


def entering(bench: Bench) -> list[Line]:
    """Enter opportunities in bulk: batches of 500, each one transaction, with all rules."""
    urls = bench.fresh_database(SERVICE, "bench_entering")
    run(connected(_admin(bench, urls), lambda one: open_opportunities(one, 10)))
    command = {
        "op": "create", "topic": f"服务器采购 {UNIQUE}", "customer_id": _uuid("c", 1),
        "source": "exhibition", "interest": "high", "expected_close_on": "2027-03-01",
        "expected_revenue": {"amount": "250000.00", "currency": "CNY"},
    }  # fmt: skip
    body = json.dumps({"commands": [command] * LOT}, ensure_ascii=False)
    requests = [authorised("POST", "/v1/opportunities/batch", bench.token, body=body)]
    seconds = 3.0 if bench.choice.quick else 10.0
    with bench.service(MODULE, "api", urls, prefix=PREFIX) as ours:
        drive(Plan(ours.port, requests, 2, seconds=seconds))
        reports = [
            drive(Plan(ours.port, requests, 2, seconds=seconds)) for _ in range(bench.choice.rounds)
        ]
    _all_answered("entering", reports)
    rate = Figure.of([one.per_second * LOT for one in reports])
    return [at_least(Line(f"opportunities entered, {LOT} a batch", "rows/s", rate), MARK_ENTERED)]


def _promotions(bench: Bench, ids: Sequence[str]) -> list[str]:
    return [
        authorised("POST", f"/v1/opportunities/{one}/promote", bench.token, body="{}")
        for one in ids
    ]


def _million(bench: Bench) -> tuple[DatabaseUrls, int]:
    rows = bench.choice.rows
    urls, new = bench.kept_database(SERVICE, f"bench_opportunities_{rows}")
    if new:
        say(f"filling in {rows:,} opportunities (kept for the next run)")
        run(connected(_admin(bench, urls), lambda one: fill(one, rows)))
    return urls, rows


def _measured(
    bench: Bench, title: str, urls: DatabaseUrls, requests: Sequence[str], mark: float
) -> list[Line]:
    seconds = 2.0 if bench.choice.quick else 10.0
    with bench.service(MODULE, "api", urls, prefix=PREFIX) as ours:
        drive(Plan(ours.port, requests, 1, seconds=seconds))  # every plan and page once
        reports = [
            drive(Plan(ours.port, requests, 1, seconds=seconds)) for _ in range(bench.choice.rounds)
        ]
    _all_answered(title, reports)
    return [
        Line(f"{title}, p50", "ms", Figure.of([one.p50 for one in reports])),
        below(Line(f"{title}, p95", "ms", Figure.of([one.p95 for one in reports])), mark),
    ]


def _all_answered(title: str, reports: Sequence[Report]) -> None:
    for one in reports:
        if one.failed:
            raise RuntimeError(f"{title}: not all were answered: {one.statuses}")


def _admin(bench: Bench, urls: DatabaseUrls) -> str:
    return url_for(bench.cluster.admin_url, "postgres", urls.app.rpartition("/")[2])


def _uuid(letter: str, number: int) -> str:
    return f"{letter}0000000-0000-4000-8000-{number:012d}"
