"""`routecause keys`: create, list and revoke API keys."""

from typing import Annotated, Any

import typer

from api.cli.options import Json, Key, Url

keys = typer.Typer(help="API keys.", no_args_is_help=True)


@keys.command()
def create(
    name: Annotated[str, typer.Option(help="Whom it is for.")],
    scope: Annotated[
        list[str], typer.Option(help="read, route, ingest, backfill or admin; can be repeated.")
    ],
    tenant: Annotated[
        str | None, typer.Option(help="The only tenant it may see and send for; by default all.")
    ] = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Make a key; it is shown this once."""
    from api.cli.client import Client

    wanted = {"name": name, "scopes": scope, "tenant": tenant}
    with Client(url=url, key=key) as client:
        made = client.call("POST", "/v1/keys", body=wanted)
    if _printed(made, json=json):
        return
    print(f"{made['key']}")
    print(f"id {made['id']}, scopes {' '.join(made['scopes'])}, tenant {made['tenant'] or 'all'}")
    print("Keep it now: it is stored hashed and cannot be shown again.")


@keys.command("list")
def list_(url: Url = None, key: Key = None, json: Json = False) -> None:
    """All keys, revoked ones too, without their secrets."""
    from api.cli.client import Client

    with Client(url=url, key=key) as client:
        found = client.call("GET", "/v1/keys")
    if _printed(found, json=json):
        return
    for one in found["keys"]:
        state = f"revoked {one['revoked_at']}" if one["revoked_at"] else "active"
        print(
            f"{one['id']}  {one['name']}  {' '.join(one['scopes'])}  "
            f"tenant {one['tenant'] or 'all'}  created {one['created_at']}  {state}"
        )
    if not found["keys"]:
        print("no keys: on loopback every caller has every scope")


@keys.command()
def revoke(
    id: Annotated[str, typer.Argument(help="The key's id, as list shows it.")],  # noqa: A002 - the name users see
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Revoke a key, for good."""
    from urllib.parse import quote

    from api.cli.client import Client

    with Client(url=url, key=key) as client:
        revoked = client.call("DELETE", f"/v1/keys/{quote(id, safe='')}")
    if not _printed(revoked, json=json):
        print(f"{revoked['id']} revoked {revoked['revoked_at']}")


def _printed(answer: Any, *, json: bool) -> bool:
    if json:
        from orjson import dumps

        print(dumps(answer).decode())
    return json
