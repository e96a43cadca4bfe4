"""The pages a browser gets, from the server itself."""

import gzip
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from api.console import pages
from api.console.settings import ConsoleSettings

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
Client = Callable[..., httpx.AsyncClient]


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The built bundles in small: what counts here is how they are served, not what is in them."""
    for name, served in (("APP", pages.APP), ("GRAPHIQL", pages.GRAPHIQL)):
        bundle = replace(served, folder=tmp_path / name.lower())
        assets = bundle.dist / "assets"
        assets.mkdir(parents=True)
        about = '<meta name="routecause" content="$about">' if name == "APP" else ""
        (bundle.dist / "index.html").write_text(f"<!doctype html><title>{name}</title>{about}")
        (bundle.dist / "mark.svg").write_text("<svg/>")
        (assets / "index-abc.js").write_text("export const one = 1;")
        (assets / "index-abc.js.gz").write_bytes(gzip.compress(b"export const one = 1;"))
        (bundle.dist / "secret.txt").write_text("not an asset")
        monkeypatch.setattr(pages, name, bundle)
    return tmp_path


@pytest.fixture
async def client(dist: Path) -> AsyncIterator[Client]:
    opened: list[httpx.AsyncClient] = []

    def make(*, metrics: bool = False, **settings: object) -> httpx.AsyncClient:
        app = FastAPI()
        chosen = ConsoleSettings.model_validate(settings)
        app.include_router(pages.console_router(chosen))

        async def answered() -> PlainTextResponse:
            return PlainTextResponse("the API")

        app.add_api_route("/graphql", answered, methods=["GET", "POST"])
        if metrics:
            app.add_api_route("/metrics", answered, methods=["GET"])
        transport = httpx.ASGITransport(app=app)
        opened.append(httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000"))
        return opened[-1]

    yield make
    for each in opened:
        await each.aclose()


def told(page: httpx.Response) -> dict[str, object]:
    """What the page says of the service."""
    content = page.text.partition('content="')[2].partition('">')[0]
    return json.loads(unescape(content))


async def test_a_browser_gets_graphiql_under_a_strict_policy(client: Client) -> None:
    answer = await client().get("/graphql", headers=HTML)

    assert answer.status_code == 200
    assert "GRAPHIQL" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "*/*"])
async def test_who_asks_for_no_html_reaches_the_api(client: Client, accept: str) -> None:
    answer = await client().get("/graphql", headers={"accept": accept})

    assert answer.text == "the API"


async def test_a_post_reaches_the_api_whatever_it_accepts(client: Client) -> None:
    answer = await client().post("/graphql", headers=HTML)

    assert answer.text == "the API"


async def test_graphiql_can_be_off(client: Client) -> None:
    asked = client(graphiql=False)

    assert (await asked.get("/graphql", headers=HTML)).text == "the API"
    assert (await asked.get("/graphiql/assets/index-abc.js")).status_code == 404
    assert told(await asked.get("/"))["graphiql"] is False


@pytest.mark.parametrize(
    ("bundle", "path", "name"),
    [("app", "/", "The console"), ("app", "/why", "The console"), ("graphiql", "/graphql", "Gra")],
)
async def test_without_a_build_the_page_says_what_to_do(
    client: Client, dist: Path, bundle: str, path: str, name: str
) -> None:
    (dist / bundle / "dist" / "index.html").unlink()

    answer = await client().get(path, headers=HTML)

    assert answer.status_code == 503
    assert answer.text.startswith(name)
    assert "python -m api.console.build" in answer.text


@pytest.mark.parametrize("folder", ["/assets", "/graphiql/assets"])
async def test_assets_are_kept_for_good_and_sent_compressed(client: Client, folder: str) -> None:
    asked = client()
    answer = await asked.get(f"{folder}/index-abc.js")
    plain = await asked.get(f"{folder}/index-abc.js", headers={"accept-encoding": ""})

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "content-encoding" not in plain.headers
    assert answer.text == plain.text == "export const one = 1;"


async def test_what_the_browser_already_has_is_not_sent_again(client: Client) -> None:
    asked = client()
    etag = (await asked.get("/mark.svg")).headers["etag"]

    again = await asked.get("/mark.svg", headers={"if-none-match": etag})

    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize(
    "path",
    [
        "/graphiql/assets/absent.js",
        "/graphiql/assets/..%2Fsecret.txt",
        "/graphiql/assets/index-abc.js.gz",
        "/assets/..%2Findex.html",
        "/assets/index-abc.js.gz",
        "/pages.py",
        "/fleet/nowhere",
    ],
)
async def test_nothing_else_is_served(client: Client, path: str) -> None:
    assert (await client().get(path)).status_code == 404


@pytest.mark.parametrize("path", [page.replace("{id:path}", "a@b%2Fc") for page in pages.PAGES])
async def test_every_address_of_the_console_gives_it(client: Client, path: str) -> None:
    answer = await client().get(path.replace("{part}", "budgets"), headers=HTML)

    assert answer.status_code == 200
    assert "<title>APP</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


async def test_the_console_is_told_only_of_what_is_there(client: Client) -> None:
    browser = "http://127.0.0.1:7474/browser/"
    bare = told(await client().get("/"))
    full = told(await client(metrics=True, neo4j_browser_url=browser).get("/trends"))

    guide = "/guides/routecause.html"
    assert bare == {"graphiql": True, "neo4jBrowser": None, "guide": guide, "metrics": False}
    assert full["metrics"] is True
    assert full["neo4jBrowser"] == browser
    assert full["guide"] == (
        f"{browser}?cmd=guide&arg=http%3A%2F%2Flocalhost%3A8000%2Fguides%2Froutecause.html"
    )


async def test_the_console_runs_no_script_but_its_own(client: Client) -> None:
    answer = await client().get("/")

    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "data:" not in policy


async def test_an_address_that_could_break_out_of_a_link_is_refused() -> None:
    with pytest.raises(ValueError, match="neo4j_browser_url"):
        ConsoleSettings.model_validate({"neo4j_browser_url": 'http://x/"><script>'})


async def test_neo4j_browser_may_read_the_guide_from_its_own_origin(client: Client) -> None:
    asked = client()
    origin = {"origin": "http://127.0.0.1:7474"}
    wanted = {"access-control-request-headers": "cache-control,pragma,sentry-trace"}
    preflight = await asked.options(pages.GUIDE_PATH, headers=origin | wanted)
    answer = await asked.get(pages.GUIDE_PATH, headers=origin)

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-headers"] == "*"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "<slide>" in answer.text
