"""What a conversion finds, makes, waits for and fails at, with the real customer and sales."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from kehu_kernel.process import Wakeable
from kehu_kernel.testing.observe import audited
from kehu_marketing.conversions.worker import wait_before

World = Any  # see conftest.py


async def converted(world: World, lead: str) -> dict[str, Any]:
    """Convert a lead, and return how the conversion ended."""
    assert (await world.marketing.post(f"{lead}/convert")).status_code == 202
    conversion: dict[str, Any] = await world.converted(world.worker(), lead)
    return conversion


async def change(world: World, lead: str, **fields: Any) -> None:
    """Change a lead."""
    etag = (await world.marketing.get(lead)).headers["etag"]
    response = await world.marketing.patch(lead, json=fields, headers={"If-Match": etag})
    assert response.status_code == 200, response.text


class TestMakes:
    async def test_everything_that_does_not_exist(self, world: World) -> None:
        lead = await world.lead(expected_close_on="2027-03-31")
        conversion = await converted(world, lead)
        assert conversion["message"] == "The lead became an opportunity."
        await world.assert_one_of_each(lead)
        body, found = (await world.marketing.get(lead)).json(), await world.everything()
        customer, contact, opportunity = (items[0] for items in found.values())
        assert customer["name"] == body["customer_name"]
        assert (customer["state"], customer["source"]) == ("prospect", "seminar")
        assert (contact["name"], contact["phone"]) == ("赵立新", "+86 512 6500 0000")
        for name in ("topic", "need", "source", "expected_revenue", "expected_close_on"):
            assert opportunity[name] == body[name], name
        reference = f"lead:{body['id']}"
        assert {one["external_ref"] for one in (customer, contact, opportunity)} == {reference}

    async def test_in_the_name_of_who_asked(self, world: World) -> None:
        lead = await world.lead()
        trace = "0273708b8f4466683bff0507ef6e7fe6"
        origin = {"X-Request-Id": "r-77", "traceparent": f"00-{trace}-16aebb4a155d1aa5-01"}
        await world.marketing.post(f"{lead}/convert", headers=origin)
        await world.converted(world.worker(), lead)
        for name, actor in (
            ("marketing", "tester"), ("customer", "kehu-marketing"), ("sales", "kehu-marketing")
        ):  # fmt: skip
            entries = await audited(world.services[name].database, world.tenant)
            ours = [entry for entry in entries if entry.request_id == "r-77"]
            assert ours
            assert {entry.actor for entry in ours} == {actor}
        sent = world.wires["sales"].requests[-1]
        assert sent.headers["traceparent"].split("-")[1] == trace

    async def test_no_contact_if_none_is_named(self, world: World) -> None:
        lead = await world.lead(contact_name=None)
        conversion = await converted(world, lead)
        assert (conversion["state"], conversion["contact_id"]) == ("completed", None)
        found = await world.everything()
        assert found["contacts"] == []
        assert found["opportunities"][0]["contact_id"] is None

    async def test_product_lines_from_interests(self, world: World) -> None:
        price = {"amount": "4800.00", "currency": "CNY"}
        product = {"code": "WS-1", "name": "工作站", "list_price": price}
        product_id = (await world.sales.post("/v1/products", json=product)).json()["id"]
        interest = {"product_id": product_id, "quantity": "2.5"}
        lead = await world.lead(interests=[interest])
        await converted(world, lead)
        (opportunity,) = (await world.everything())["opportunities"]
        assert opportunity["expected_revenue"]["amount"] == "12000.00"
        assert opportunity["lines"][0]["product_name"] == "工作站"

    async def test_an_owned_customer(self, world: World) -> None:
        department = await world.customer.post(
            "/v1/departments", json={"code": "D", "name": "销售部"}
        )
        colleague = {"code": "E", "name": "王芳", "department_id": department.json()["id"]}
        owner_id = (await world.customer.post("/v1/employees", json=colleague)).json()["id"]
        await converted(world, await world.lead(owner_id=owner_id))
        found = await world.everything()
        assert found["customers"][0]["owner_id"] == owner_id
        assert found["opportunities"][0]["owner_id"] == owner_id


class TestFinds:
    async def test_the_customer_of_the_typed_name(self, world: World) -> None:
        customer_id = str(await world.make_customer())
        conversion = await converted(world, await world.lead())
        assert conversion["customer_id"] == customer_id
        assert len((await world.everything())["customers"]) == 1

    async def test_the_contact_of_the_typed_name(self, world: World) -> None:
        customer_id = str(await world.make_customer())
        body = {"customer_id": customer_id, "name": "赵立新"}
        contact_id = (await world.customer.post("/v1/contacts", json=body)).json()["id"]
        await world.customer.post("/v1/contacts", json=body | {"name": "赵立新（助理）"})
        conversion = await converted(world, await world.lead(customer_id=customer_id))
        assert conversion["contact_id"] == contact_id
        assert len((await world.everything())["contacts"]) == 2

    async def test_what_was_picked(self, world: World) -> None:
        customer_id = str(await world.make_customer(name="恒远集团"))
        body = {"customer_id": customer_id, "name": "孙丽"}
        contact_id = (await world.customer.post("/v1/contacts", json=body)).json()["id"]
        lead = await world.lead(customer_id=customer_id, contact_id=contact_id)
        conversion = await converted(world, lead)
        assert conversion["customer_id"] == customer_id
        assert conversion["contact_id"] == contact_id
        assert (await world.everything())["customers"][0]["name"] == "恒远集团"

    async def test_no_former_customer_of_the_typed_name(self, world: World) -> None:
        former = str(await world.make_customer())
        await world.customer.post(f"/v1/customers/{former}/end", json={"reason": "已注销"})
        conversion = await converted(world, await world.lead())
        assert conversion["customer_id"] != former
        assert len((await world.everything())["customers"]) == 2


class TestFails:
    async def test_at_a_name_that_several_have(self, world: World) -> None:
        wanted = str(await world.make_customer())
        await world.make_customer()
        lead = await world.lead()
        conversion = await converted(world, lead)
        assert (conversion["state"], conversion["customer_id"]) == ("failed", None)
        reason = await world.lead_is_open_because(lead, "ambiguous-customer")
        assert (
            reason == "有多个客户名为 苏州恒远精密机械有限公司，请选择正确的客户（customer_id）。"
        )
        await change(world, lead, customer_id=wanted)
        assert (await converted(world, lead))["customer_id"] == wanted

    async def test_at_a_picked_customer_that_has_ended(self, world: World) -> None:
        customer_id = str(await world.make_customer())
        lead = await world.lead(customer_id=customer_id)
        await world.customer.post(f"/v1/customers/{customer_id}/end", json={"reason": "已注销"})
        assert (await converted(world, lead))["state"] == "failed"
        await world.lead_is_open_because(lead, "picked-customer-has-ended")
        assert (await world.everything())["opportunities"] == []

    @pytest.mark.parametrize("theirs", [True, False])
    async def test_at_a_picked_contact_that_is_not_the_customers(
        self, world: World, theirs: bool
    ) -> None:
        customer_id = str(await world.make_customer())
        other = str(await world.make_customer(name="另一家"))
        body = {"customer_id": other, "name": "孙丽"}
        contact = (await world.customer.post("/v1/contacts", json=body)).json()
        contact_id = contact["id"] if theirs else str(uuid4())
        lead = await world.lead(customer_id=customer_id, contact_id=contact_id)
        assert (await converted(world, lead))["state"] == "failed"
        await world.lead_is_open_because(
            lead, "contact-of-another-customer" if theirs else "picked-contact-missing"
        )

    async def test_at_what_another_service_refuses(self, world: World) -> None:
        lead = await world.lead(owner_id=str(uuid4()))
        chinese = {"Accept-Language": "zh-CN"}
        await world.marketing.post(f"{lead}/convert", headers=chinese)
        conversion = await world.converted(world.worker(), lead)
        assert (conversion["state"], conversion["last_error"]["code"]) == (
            "failed", "unknown-owner"
        )  # fmt: skip
        reason = await world.lead_is_open_because(lead, "unknown-owner")
        assert reason == "客户系统拒绝了请求：负责人必须是在职员工。"

    async def test_and_is_told_to_the_world(self, world: World) -> None:
        lead = await world.lead(owner_id=str(uuid4()))
        await converted(world, lead)
        assert [event.data["status"] for event in await world.told()] == [
            "open", "converting", "open"
        ]  # fmt: skip
        entry = (await audited(world.services["marketing"].database, world.tenant))[-1]
        assert (entry.action, entry.actor) == ("lead.conversion-failed", "tester")
        assert entry.changes["last_error"]["after"]["code"] == "unknown-owner"

    async def test_late_and_starts_again_with_what_is_there(self, world: World) -> None:
        lead = await world.lead(interests=[{"product_id": str(uuid4()), "quantity": "1"}])
        assert (await converted(world, lead))["state"] == "failed"
        found = await world.everything()
        assert [len(items) for items in found.values()] == [1, 1, 0]
        body = (await world.marketing.get(lead)).json()
        assert body["customer_id"] == found["customers"][0]["id"]
        assert body["contact_id"] == found["contacts"][0]["id"]
        await change(world, lead, interests=[])
        assert (await converted(world, lead))["state"] == "completed"
        await world.assert_one_of_each(lead)

    async def test_late_and_does_not_take_a_contact_along_to_another_customer(
        self, world: World
    ) -> None:
        lead = await world.lead(interests=[{"product_id": str(uuid4()), "quantity": "1"}])
        await converted(world, lead)
        other = str(await world.make_customer(name="另一家"))
        await change(world, lead, customer_id=other, contact_id=None, interests=[])
        assert (await converted(world, lead))["state"] == "failed"
        await world.lead_is_open_because(lead, "contact-of-another-customer")

    async def test_late_and_never_makes_a_second_customer(self, world: World) -> None:
        lead = await world.lead(interests=[{"product_id": str(uuid4()), "quantity": "1"}])
        await converted(world, lead)
        # Somebody types another name instead: the customer made from this lead is still the one.
        await change(
            world, lead, customer_id=None, contact_id=None, customer_name="改名公司", interests=[]
        )
        assert (await converted(world, lead))["state"] == "completed"
        await world.assert_one_of_each(lead)


class TestWaits:
    @pytest.mark.parametrize("down", ["customer", "sales", "identity"])
    async def test_for_a_service_that_is_down(self, world: World, down: str) -> None:
        lead = await world.lead()
        await world.marketing.post(f"{lead}/convert")
        world.wires[down].cut = True
        worker = world.worker()
        for _ in range(3):
            await worker.work()
            await world.deliver()
        waiting = (await world.marketing.get(f"{lead}/conversion")).json()
        assert waiting["attempts"] >= 2
        assert waiting["last_error"]["code"] == "service-unreachable"
        assert f"The {down} service gives no answer" in waiting["last_error"]["message"]
        assert (await world.marketing.get(lead)).json()["status"] == "converting"
        world.wires[down].cut = False
        done = await world.converted(worker, lead)
        assert (done["state"], done["attempts"], done["last_error"]) == ("completed", 0, None)
        await world.assert_one_of_each(lead)

    async def test_until_sales_knows_the_customer(self, world: World) -> None:
        lead = await world.lead()
        await world.marketing.post(f"{lead}/convert")
        worker = world.worker()
        for _ in range(3):
            await worker.work()
        waiting = (await world.marketing.get(f"{lead}/conversion")).json()
        assert (waiting["state"], waiting["last_error"]["code"]) == (
            "contact_done", "sales-lags-behind"
        )  # fmt: skip
        await world.deliver()
        await worker.work()
        await world.assert_one_of_each(lead)

    async def test_until_sales_knows_the_owner(self, world: World) -> None:
        department = {"code": "S", "name": "销售部"}
        made = (await world.customer.post("/v1/departments", json=department)).json()
        employee = {"name": "王芳", "department_id": made["id"]}
        await world.customer.post("/v1/employees", json=employee | {"code": "E1"})
        customer_id = await world.make_customer()  # delivers what has been told so far
        new = (await world.customer.post("/v1/employees", json=employee | {"code": "E2"})).json()
        lead = await world.lead(customer_id=str(customer_id), owner_id=new["id"])
        await world.marketing.post(f"{lead}/convert")
        worker = world.worker()
        for _ in range(3):
            await worker.work()
        waiting = (await world.marketing.get(f"{lead}/conversion")).json()
        assert (waiting["state"], waiting["last_error"]["code"]) == (
            "contact_done", "sales-lags-behind"
        )  # fmt: skip
        done = await world.converted(worker, lead)
        assert done["state"] == "completed"

    async def test_after_an_answer_nobody_foresaw(self, world: World) -> None:
        lead = await world.lead()
        await world.marketing.post(f"{lead}/convert")
        world.wires["customer"].answer = {"nonsense": True}
        worker = world.worker()
        await worker.work()
        waiting = (await world.marketing.get(f"{lead}/conversion")).json()
        assert (waiting["attempts"], waiting["last_error"]["code"]) == (1, "internal-error")
        world.wires["customer"].answer = None
        await world.converted(worker, lead)
        await world.assert_one_of_each(lead)

    async def test_for_a_service_that_is_too_slow(self, world: World) -> None:
        lead = await world.lead()
        await world.marketing.post(f"{lead}/convert")
        world.wires["customer"].before = asyncio.Event().wait  # which never comes
        await world.worker(step_seconds=0.2).work()
        waiting = (await world.marketing.get(f"{lead}/conversion")).json()
        assert (waiting["attempts"], waiting["last_error"]["code"]) == (1, "step-too-slow")
        world.wires["customer"].before = None
        await world.converted(world.worker(), lead)
        await world.assert_one_of_each(lead)

    @pytest.mark.parametrize("attempt", [1, 2, 5, 8, 9, 100])
    async def test_longer_from_try_to_try_up_to_a_minute(self, attempt: int) -> None:
        longest = min(60.0, 0.5 * 2 ** (attempt - 1))
        assert longest / 2 <= wait_before(attempt).total_seconds() <= longest


class TestRun:
    async def test_works_when_woken_and_stops_when_told(self, world: World) -> None:
        world.wires["sales"].before = world.tell_sales
        worker, stop = world.worker(), asyncio.Event()
        assert issubclass(type(worker), Wakeable)
        running = asyncio.create_task(worker.run(stop))
        lead = await world.lead()
        await world.marketing.post(f"{lead}/convert")
        worker.wake()
        async with asyncio.timeout(5):
            await world.wires["sales"].reached.wait()
            assert worker.stuck() is None
            stop.set()
            await running
        await world.assert_one_of_each(lead)

    async def test_goes_on_when_the_database_comes_back(self, world: World) -> None:
        lead = await world.lead()
        await world.marketing.post(f"{lead}/convert")
        worker, stop = world.worker(), asyncio.Event()
        world.wires["sales"].before = world.tell_sales
        async with world.database_is_down():
            running = asyncio.create_task(worker.run(stop))
            await asyncio.sleep(0.3)
            assert not running.done()
        await world.wires["sales"].reached.wait()
        stop.set()
        await running
        await world.assert_one_of_each(lead)

    async def test_finishes_its_step_and_gives_the_claim_back(self, world: World) -> None:
        lead = await world.lead()
        await world.marketing.post(f"{lead}/convert")
        go_on, stop = asyncio.Event(), asyncio.Event()
        world.wires["customer"].before = go_on.wait
        running = asyncio.create_task(world.worker().run(stop))
        await world.wires["customer"].reached.wait()
        stop.set()
        go_on.set()
        await running
        conversion = (await world.marketing.get(f"{lead}/conversion")).json()
        assert conversion["state"] == "customer_done"
        assert await world.worker().work() == 1
