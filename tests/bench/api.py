"""Command, read by id and list: one worker of the customer service against the bare handler."""

import json

from bench.duel import authorised, duel
from bench.load import UNIQUE
from bench.servers import TENANT, Bench, connected, run, say
from bench.stats import Line, at_least_part, at_most_times
from kehu_customer.__main__ import SERVICE
from kehu_kernel.testing.cluster import DatabaseUrls
from kehu_local.postgres import url_for

PREFIX = "KEHU_CUSTOMER_"
MODULE = "kehu_customer"
LISTED = 1_000_000
INDUSTRIES = 10
STATES = ("prospect", "trade", "former")

NEW_CUSTOMER = {
    "kind": "organisation",
    "name": f"深圳华强系统集成有限公司 {UNIQUE}",
    "roles": ["merchant", "partner"],
    "industry": "system integration",
    "country": "CN",
    "source": "referral",
    "founded_year": 1998,
}
NEW_CUSTOMER_BODY = json.dumps(NEW_CUSTOMER, ensure_ascii=False)


def command(bench: Bench) -> list[Line]:
    """Create a customer: row, audit entry, event; then with an Idempotency-Key."""
    urls = bench.fresh_database(SERVICE, "bench_command")
    with (
        bench.service(MODULE, "api", urls, prefix=PREFIX) as ours,
        bench.floor(urls) as floor,
    ):
        plain = duel(bench, "command", ours, floor, [new_customer(bench)])
        keyed = duel(bench, "command, with key", ours, floor, [new_customer(bench, keyed=True)])
    return [*_marked(*plain), *_marked(*keyed)]


def read(bench: Bench) -> list[Line]:
    """Read a customer by its id."""
    urls = bench.fresh_database(SERVICE, "bench_read")
    ids = run(connected(url_for(bench.cluster.admin_url, "postgres", "bench_read"), _some))
    requests = [authorised("GET", f"/v1/customers/{one}", bench.token) for one in ids]
    with (
        bench.service(MODULE, "api", urls, prefix=PREFIX) as ours,
        bench.floor(urls) as floor,
    ):
        return _marked(*duel(bench, "read", ours, floor, requests))


def list_(bench: Bench) -> list[Line]:
    """List 50 of a million customers by two filters, in the order of names."""
    urls = million(bench)
    requests = [
        authorised(
            "GET", f"/v1/customers?industry=industry-{industry}&state={state}&limit=50",
            bench.token,
        )
        for industry in range(INDUSTRIES)
        for state in STATES
    ]  # fmt: skip
    with (
        bench.service(MODULE, "api", urls, prefix=PREFIX) as ours,
        bench.floor(urls) as floor,
    ):
        throughput, slowest, cpu = duel(bench, "list of 50", ours, floor, requests)
    return [at_least_part(throughput, 0.5), slowest, cpu]


def new_customer(bench: Bench, *, keyed: bool = False) -> str:
    """Return the request that creates a customer."""
    headers = {"Idempotency-Key": UNIQUE * 3} if keyed else {}
    return authorised("POST", "/v1/customers", bench.token, body=NEW_CUSTOMER_BODY, headers=headers)


def _marked(throughput: Line, slowest: Line, cpu: Line) -> list[Line]:
    return [at_least_part(throughput, 0.5), at_most_times(slowest, 3), cpu]


FILL = """
INSERT INTO customers (tenant_id, id, version, created_at, updated_at, kind, code, name, roles,
    state, industry, country, source, created_on, promoted_on, ended_on, end_reason)
SELECT $1, gen_random_uuid(), 1, now(), now(), 'organisation', 'C-' || number,
    'Customer ' || md5(number::text), ARRAY['merchant'], state,
    'industry-' || number % {industries}, 'CN', 'referral', '2026-01-01',
    CASE WHEN state <> 'prospect' THEN date '2026-02-01' END,
    CASE WHEN state = 'former' THEN date '2026-03-01' END,
    CASE WHEN state = 'former' THEN 'closed' END
FROM generate_series(1, {count}) AS number
    CROSS JOIN LATERAL (SELECT (ARRAY['former', 'trade', 'trade', 'prospect', 'prospect'])
        [1 + abs(hashint4(number) % 5)]) AS drawn (state)
"""


def million(bench: Bench) -> DatabaseUrls:
    """Return the kept database with a million customers; it is filled when it is new."""
    count = 20_000 if bench.choice.quick else LISTED
    urls, new = bench.kept_database(SERVICE, f"bench_list_{count}")
    if new:
        say(f"filling in {count:,} customers (kept for the next run)")
        admin = url_for(bench.cluster.admin_url, "postgres", urls.app.rpartition("/")[2])
        run(connected(admin, lambda connection: _fill(connection, count)))
    return urls


async def _fill(connection: object, count: int) -> None:
    statement = FILL.format(industries=INDUSTRIES, count=count)
    await connection.execute(statement, TENANT, timeout=600)  # type: ignore[attr-defined]
    await connection.execute("VACUUM ANALYZE customers", timeout=600)  # type: ignore[attr-defined]


async def _some(connection: object) -> list[str]:
    statement = FILL.format(industries=INDUSTRIES, count=10_000)
    await connection.execute(statement, TENANT)  # type: ignore[attr-defined]
    await connection.execute("VACUUM ANALYZE customers")  # type: ignore[attr-defined]
    rows = await connection.fetch("SELECT id FROM customers LIMIT 1000")  # type: ignore[attr-defined]
    return [str(row["id"]) for row in rows]
