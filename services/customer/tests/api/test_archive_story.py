"""The five steps of the README: a fact from a chamber of commerce, found due, made sure of."""

import httpx


async def test_a_hint_of_a_third_party_becomes_a_verified_fact(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/archive-defaults", json={})).is_success
    person = {"kind": "person", "name": "刘洋"}
    customer = (await client.post("/v1/customers", json=person)).json()
    url = f"/v1/customers/{customer['id']}/archive"
    empty = await client.get(url)
    assert (empty.headers["etag"], empty.json()["completeness"]) == ('"0"', "0.00")

    body = {
        "source_code": "association",
        "known_on": "2026-03-01",
        "facts": {"birthday": {"value": "1980-05-04"}, "sex": {"value": "female"}},
    }
    headers = {"If-Match": empty.headers["etag"]}
    recorded = (await client.patch(f"{url}/person/basic", json=body, headers=headers)).json()
    assert (recorded["known"], recorded["due"]) == (2, 2)

    query = {"due_by": "2026-12-31", "sort": "due_on"}
    due = (await client.get("/v1/facts", params=query)).json()["items"]
    birthday = next(fact for fact in due if fact["code"] == "birthday")
    announced = await client.post("/v1/due-facts/announcements", json={})
    assert announced.json() == {"told": 2, "more": False}

    how = {"how": "电话核实"}
    confirmed = await client.post(f"/v1/facts/{birthday['id']}/confirm", json=how)
    assert (confirmed.json()["verified"], confirmed.json()["due"]) == (True, False)
    left = (await client.get("/v1/facts", params=query)).json()["items"]
    assert [fact["code"] for fact in left] == ["sex"]

    little = await client.get("/v1/customers", params={"completeness_to": "50"})
    assert [one["id"] for one in little.json()["items"]] == [customer["id"]]
