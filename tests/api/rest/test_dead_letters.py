"""`/v1/dead-letters` over HTTP: rejected, found, corrected, replayed, gone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

EXAMPLES = (Path(__file__).parents[2] / "data" / "examples.jsonl").read_bytes().splitlines()
Client = Callable[..., httpx.AsyncClient]


async def key_of(client: Client, tenant: str) -> str:
    wanted: dict[str, Any] = {"name": "sender", "scopes": ["ingest"], "tenant": tenant}
    return (await client().post("/v1/keys", json=wanted)).json()["key"]


async def test_from_rejection_to_replay(client: Client, tenant: str) -> None:
    own = client(await key_of(client, tenant))
    event = next(json.loads(line) for line in EXAMPLES if b'"req-full"' in line)
    event |= {"tenant": tenant, "source": f"//{tenant}"}
    event["data"]["outcome"]["latency_ms"] = -1
    assert (await own.post("/v1/events", json=event)).status_code == 422
    (found,) = (await own.get("/v1/dead-letters")).json()["dead_letters"]
    assert found["errors"][0]["field"] == "data.outcome.latency_ms"
    address = f"/v1/dead-letters/{found['id']}"
    assert json.loads((await own.get(address)).json()["body"]) == event
    assert (await own.post(f"{address}/replay")).status_code == 422
    other = client(await key_of(client, f"{tenant}-b"))
    for method, path in (("GET", ""), ("POST", "/replay"), ("DELETE", "")):
        assert (await other.request(method, address + path)).status_code == 404
    event["data"]["outcome"]["latency_ms"] = 1
    replayed = await own.post(f"{address}/replay", json=event)
    assert (replayed.status_code, replayed.json()["accepted"]) == (202, 1)
    assert (await own.get(address)).status_code == 404
    assert (await own.get("/v1/dead-letters")).json() == {"dead_letters": []}


async def test_listing_and_removing(client: Client) -> None:
    http = client()
    for n in range(5):
        await http.post("/v1/events", content=b"nonsense %d" % n)
    page = (await http.get("/v1/dead-letters", params={"limit": 2})).json()
    assert (len(page["dead_letters"]), page["kept"], page["dropped"]) == (2, 5, 0)
    last = page["dead_letters"][-1]["id"]
    rest = (await http.get("/v1/dead-letters", params={"before": last})).json()["dead_letters"]
    assert len(rest) == 3
    assert (await http.delete(f"/v1/dead-letters/{last}")).status_code == 204
    assert (await http.get("/v1/dead-letters")).json()["kept"] == 4
    for params in ({"limit": 0}, {"limit": "x"}, {"before": "nothing"}):
        assert (await http.get("/v1/dead-letters", params=params)).status_code == 422
