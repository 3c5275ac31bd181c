"""Rows of the sales service for its measurements: what is there before anybody asks."""

import json
from typing import Any

from bench.servers import TENANT
from kehu_sales.methods.stages import Conditions, Control, Stage, plain

STATUSES = ("in_progress", "not_evaluated", "in_evaluation", "won", "lost")
EMPLOYEES, CUSTOMERS = 200, 100_000
METHOD = "b0000000-0000-4000-8000-000000000001"
PLACES = (
    "深圳", "上海", "北京", "广州", "成都", "杭州", "武汉", "西安", "苏州", "南京", "宁波", "青岛",
)  # fmt: skip
SURNAMES = "华强金鼎恒泰宏远中天利达永兴万通东方海川新源盛世联创长江瑞丰"
THINGS = (
    "服务器采购", "服务器采购", "服务器采购", "存储扩容", "存储扩容", "机房改造", "网络升级",
    "软件维护", "ERP implementation", "备件",
)  # fmt: skip
SOLD = 10_000
"""Products that opportunities have lines of, the first ones far more often than the last ones."""
GATE = Conditions(control=Control.STRICT, activities=1, tasks=1)
STAGES = json.dumps(
    [plain(Stage(f"s{place}", f"阶段{place}", 10, 20 * place, GATE)) for place in range(1, 5)]
)

WHICH = f"abs(hashint4(n * 4 + l)) % {SOLD} * (abs(hashint4(n * 4 + l) / 7) % {SOLD}) / {SOLD}"

NUMBERED = "('{letter}0000000-0000-4000-8000-' || lpad(({number})::text, 12, '0'))::uuid"


def _id(letter: str, number: str) -> str:
    return NUMBERED.format(letter=letter, number=number)


CUSTOMER_REFS = f"""
    INSERT INTO customer_refs (tenant_id, id, sequence, name, state)
    SELECT $1, {_id("c", "n")}, 1, '客户 ' || n, 'trade' FROM generate_series(0, $2::int - 1) n
"""
METHODS = f"""
    INSERT INTO methods (tenant_id, id, version, created_at, updated_at, code, name, is_default,
        active, stages)
    VALUES ($1, '{METHOD}', 1, now(), now(), 'm', '解决方案销售', true, true, $2::jsonb)
"""
OPPORTUNITIES = f"""
    INSERT INTO opportunities (tenant_id, id, version, created_at, updated_at, number, topic,
        customer_id, owner_id, source, interest, expected_close_on, expected_revenue, currency,
        lines, status, method_id, stage_code, stage_name, stage_position, success_rate,
        stage_entered_on, stage_due_on, last_step_on, opened_on, evaluation_round, evaluator_id,
        closed_on, close_reason, won_amount)
    SELECT $1, uuidv7(-(n || ' seconds')::interval), 3, now() - (n || ' seconds')::interval, now(),
        'OPP-2026-' || n, topic, {_id("c", "n * 7 % $3")},
        {_id("e", f"n % {EMPLOYEES}")},
        'exhibition', 'high', date '2026-10-01' + n % 200, n % 100000, 'CNY',
        coalesce(lines, '[]'), status,
        '{METHOD}', stage, CASE WHEN place > 0 THEN '阶段' END, place, 20 * place, entered,
        entered + 10, '2026-11-10', '2026-08-01', 1,
        CASE WHEN status = 'in_evaluation' THEN {_id("e", f"n % {EMPLOYEES}")} END,
        CASE WHEN status IN ('won', 'lost') THEN date '2026-11-10' END,
        CASE WHEN status IN ('won', 'lost') THEN '价格' END,
        CASE WHEN status = 'won' THEN n % 100000 END
    FROM generate_series(1, $2::int) n
        CROSS JOIN LATERAL
            (SELECT ($4::text[])[1 + abs(hashint4(n) % cardinality($4))]) AS s (status)
        CROSS JOIN LATERAL (SELECT CASE WHEN status IN ('in_progress', 'won', 'lost')
            THEN 1 + abs(hashint4(n) / 7 % $5) END) AS p (place)
        CROSS JOIN LATERAL (SELECT 's' || place, CASE WHEN place > 0
            THEN date '2026-08-01' + abs(hashint4(n)) % 100 END) AS e (stage, entered)
        CROSS JOIN LATERAL (SELECT concat(($6::text[])[1 + abs(hashint4(n * 3)) % cardinality($6)],
            substr($7, 1 + abs(hashint4(n * 5)) % length($7), 1),
            substr($7, 1 + abs(hashint4(n * 11)) % length($7), 1),
            ($8::text[])[1 + abs(hashint4(n * 13)) % cardinality($8)], ' ', n)) AS t (topic)
        CROSS JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('product_id',
                {_id("a", WHICH)}, 'product_name', '产品', 'quantity', '1',
                'unit_price', '100.00'))
            FROM generate_series(1, abs(hashint4(n * 17)) % 4) l) AS g (lines)
"""
TERMS = """
    INSERT INTO opportunity_terms (tenant_id, opportunity_id, terms, created_at, number,
        expected_close_on, expected_revenue, level_rank)
    SELECT tenant_id, id,
        opportunity_terms_of(tenant_id, topic, lines, owner_id, department_id, evaluator_id),
        created_at, number, expected_close_on, expected_revenue, level_rank
    FROM opportunities
"""
ACTIVITIES = """
    INSERT INTO activities (tenant_id, id, version, created_at, updated_at, kind, topic,
        opportunity_id, stage_code, occurred_on)
    SELECT tenant_id, uuidv7(), 1, now(), now(), 'visit', '拜访', id, stage_code, '2026-11-01'
    FROM opportunities WHERE stage_code IS NOT NULL
"""
TASKS = """
    INSERT INTO tasks (tenant_id, id, version, created_at, updated_at, topic, opportunity_id,
        stage_code, status, assignee_id, started_on, finished_on)
    SELECT tenant_id, uuidv7(), 1, now(), now(), '方案', id, stage_code, 'completed', owner_id,
        '2026-11-01', '2026-11-02'
    FROM opportunities WHERE stage_code IS NOT NULL
"""
PRODUCTS = f"""
    INSERT INTO products (tenant_id, id, version, created_at, updated_at, code, name, list_price,
        list_price_currency, active)
    SELECT $1, {_id("a", "n")}, 1, now(), now(), 'P-' || n, '产品 ' || n, 100 + n, 'CNY', true
    FROM generate_series(0, $2::int - 1) n
"""
LISTS = f"""
    INSERT INTO price_lists (tenant_id, id, version, created_at, updated_at, number, name, audience,
        customer_id, audience_code, currency, tax_included, starts_on, state, line_count)
    SELECT $1, {_id("d", "n")}, 1, now(), now(), 'PRICE-' || n, '价目表 ' || n, audience,
        CASE WHEN audience = 'customer' THEN {_id("c", "n")} END,
        CASE WHEN audience = 'tier' THEN 'A' END,
        'CNY', true, '2026-01-01', 'approved', 200
    FROM generate_series(0, $2::int - 1) n
        CROSS JOIN LATERAL (SELECT CASE n % 100 WHEN 0 THEN 'everybody' WHEN 1 THEN 'tier'
            ELSE 'customer' END) AS a (audience)
"""
LINES = f"""
    INSERT INTO price_lines (tenant_id, id, price_list_id, product_id, from_quantity, price)
    SELECT $1, uuidv7(), {_id("d", "l")}, {_id("a", "(l * 31 + p) % $3::int")}, q, 90 - q
    FROM generate_series(0, $2::int - 1) l, generate_series(0, 99) p, unnest(ARRAY[1, 10]) q
"""  # fmt: skip


async def fill(connection: Any, rows: int, *, statuses: tuple[str, ...] = STATUSES) -> None:
    """Fill in so many opportunities of the tenant `bench`, over customers and employees."""
    customers = min(CUSTOMERS, max(rows // 10, 100))
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(CUSTOMER_REFS, TENANT, customers, timeout=600)
        await connection.execute(METHODS, TENANT, STAGES)
        values = (TENANT, rows, customers, list(statuses), len(json.loads(STAGES)))
        words = (list(PLACES), SURNAMES, list(THINGS))
        await connection.execute(OPPORTUNITIES, *values, *words, timeout=3600)
        await connection.execute(TERMS, timeout=3600)
    await connection.execute("VACUUM ANALYZE", timeout=3600)


async def open_opportunities(connection: Any, count: int) -> list[str]:
    """Return the ids of so many opportunities in a stage that may be left, for what is recorded."""
    await fill(connection, count * 4 // 3 + 1, statuses=("in_progress",))
    await connection.execute(ACTIVITIES)
    await connection.execute(TASKS)
    await connection.execute("VACUUM ANALYZE")
    found = await connection.fetch(
        "SELECT id FROM opportunities WHERE stage_position < 4 LIMIT $1", count
    )
    return [str(row["id"]) for row in found]


async def fill_prices(connection: Any, products: int, lists: int) -> None:
    """Fill in products and price lists: a few for everybody and for a grade, the rest for one."""
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(CUSTOMER_REFS, TENANT, max(lists, 1_000))
        await connection.execute("UPDATE customer_refs SET value_grade = 'A'")
        await connection.execute(PRODUCTS, TENANT, products)
        await connection.execute(LISTS, TENANT, lists)
        await connection.execute(LINES, TENANT, lists, products, timeout=600)
    await connection.execute("VACUUM ANALYZE", timeout=600)
