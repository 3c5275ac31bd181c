"""What security, audit and the like cost: the same command with each of them switched off."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from bench.api import MODULE, PREFIX, new_customer
from bench.duel import Rounds, take, warm
from bench.servers import Bench, connected, run, say
from bench.stats import Figure, Line
from bench.variant import VARIANTS
from kehu_customer.__main__ import SERVICE
from kehu_kernel.testing.cluster import DatabaseUrls
from kehu_local.postgres import PASSWORD, url_for
from kehu_local.processes import Running

UNBOUND = "kehu_bench_unbound"
"""A role with the application's rights that row-level security does not bind."""

MAKE_UNBOUND = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{UNBOUND}') THEN
        CREATE ROLE {UNBOUND} LOGIN BYPASSRLS PASSWORD '{PASSWORD}' IN ROLE kehu_app;
    END IF;
END $$
"""
WHOLE = "nothing"
SIGNS = {"token cache": -1}
"""What is slower when it is off saves time: its cost is turned round."""


def costs(bench: Bench) -> list[Line]:
    """Measure the command whole and with each part off, all of them in every round."""
    urls = bench.fresh_database(SERVICE, "bench_costs")
    run(connected(bench.cluster.admin_url, lambda one: one.execute(MAKE_UNBOUND)))
    keyed, plain = new_customer(bench, keyed=True), new_customer(bench)
    with ExitStack() as stack:
        whole = stack.enter_context(bench.service(MODULE, "api", urls, prefix=PREFIX))
        servers = {WHOLE: (whole, keyed), "idempotency": (whole, plain)}
        unbound = replace(urls, app=url_for(bench.cluster.admin_url, UNBOUND, "bench_costs"))
        servers["row-level security"] = (_server(stack, bench, unbound), keyed)
        for name in VARIANTS:
            servers[name] = (_server(stack, bench, urls, without=name), keyed)
        for running, wanted in servers.values():
            warm(running, [wanted])
        rounds = {name: Rounds() for name in servers}
        for number in range(bench.choice.rounds):
            for name, (running, wanted) in servers.items():
                take(bench, running, [wanted], rounds[name])
            say(f"costs, round {number + 1}: {rounds[WHOLE].reports[-1].per_second:,.0f}/s whole")
    return [_line(name, rounds[WHOLE], rounds[name]) for name in servers if name != WHOLE]


def _server(stack: ExitStack, bench: Bench, urls: DatabaseUrls, without: str = "") -> Running:
    if not without:
        return stack.enter_context(bench.service(MODULE, "api", urls, prefix=PREFIX))
    return stack.enter_context(
        bench.service("bench.variant", "api", urls, prefix=PREFIX, more={"BENCH_WITHOUT": without})
    )


def _line(name: str, whole: Rounds, off: Rounds) -> Line:
    """Return the difference per request, in microseconds of time and of processor time."""
    sign = SIGNS.get(name, 1)
    rates = [one.per_second for one in whole.reports]
    saved = [sign * one for one in difference(rates, [one.per_second for one in off.reports])]
    cpu = [sign * (one - other) for one, other in zip(whole.cpu, off.cpu, strict=True)]
    cost, total, cpu_cost = Figure.of(saved), Figure.of(1e6 / one for one in rates), Figure.of(cpu)
    part = cost.median / total.median
    return Line(
        f"{'saving' if sign < 0 else 'cost'} of {name}",
        "us/req",
        cost,
        mark=f"{part:.1%} of a command; {cpu_cost.median:,.0f} us of the server's processor time",
        detail={"part_of_command": part, "cpu_us": cpu_cost.rounds, "whole_us": total.rounds},
    )


def difference(whole: Sequence[float], off: Sequence[float]) -> list[float]:
    """Return how much longer (microseconds) a request takes at the first rates, round by round."""
    return [1e6 / one - 1e6 / other for one, other in zip(whole, off, strict=True)]
