"""`/v1/keys` over HTTP: a key works at once and stops at once."""

from collections.abc import Callable

import httpx

Client = Callable[..., httpx.AsyncClient]


async def test_from_making_to_revoking(client: Client, tenant: str) -> None:
    wanted = {"name": "router", "scopes": ["ingest", "admin"], "tenant": tenant}
    made = await client().post("/v1/keys", json=wanted)
    assert made.status_code == 201
    key = made.json()
    assert (key["tenant"], key["scopes"]) == (tenant, ["admin", "ingest"])
    own = client(key["key"])
    listed = (await own.get("/v1/keys")).json()["keys"]
    assert [one["id"] for one in listed] == [key["id"]]
    assert "key" not in listed[0]
    assert "hash" not in listed[0]
    revoked = await client().delete(f"/v1/keys/{key['id']}")
    assert revoked.json()["revoked_at"] is not None
    assert (await own.get("/v1/keys")).status_code == 401
    assert (await client().delete("/v1/keys/rc_nothing")).status_code == 404


async def test_bad_wishes_name_their_field(client: Client) -> None:
    http = client()
    for wish, field in (
        ({"name": "x", "scopes": ["write"]}, "scopes"),
        ({"name": "", "scopes": ["read"]}, "name"),
        ({"name": "x", "scopes": ["read"], "tenant": "a b"}, "tenant"),
        ({"name": "x", "scopes": ["read"], "tenent": "a"}, "tenent"),
        ({"name": "x"}, "scopes"),
    ):
        response = await http.post("/v1/keys", json=wish)
        assert response.status_code == 422
        assert field in response.json()["error"]["message"]
    assert (await http.post("/v1/keys", content=b"{")).status_code == 422
    assert (await client(None).post("/v1/keys", json={})).status_code == 401
