"""Serves what a browser opens: the console, GraphiQL, their assets, and the guide for Neo4j."""

import hashlib
import json
import mimetypes
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from api.console import guide
from api.console.build import APP, GRAPHIQL
from api.console.settings import ConsoleSettings

# Every address of the console. Each gives the same page, which reads the rest from its address.
PAGES: Final = (
    "/",
    "/deployments/{id:path}",
    "/trends",
    "/why",
    "/why/{id:path}",
    "/requests",
    "/requests/{id:path}",
    "/incidents",
    "/incidents/{id:path}",
    "/changes/{id:path}",
    "/next",
    "/next/{part}",
    "/experiments/{id:path}",
    "/ask",
)
GUIDE_PATH = "/guides/routecause.html"
IMMUTABLE = "public, max-age=31536000, immutable"
# Asked again on each visit, answered by 304 while nothing changed.
REVALIDATE = "no-cache"

_NOTHING_ELSE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
CONSOLE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    f" connect-src 'self'; {_NOTHING_ELSE}"
)
# Monaco writes <style> elements and inline styles as it goes, and its stylesheet carries small
# pictures and fonts as data: addresses. Scripts and workers come from this origin and nowhere else.
GRAPHIQL_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline';"
    f" img-src 'self' data:; font-src 'self' data:; connect-src 'self'; {_NOTHING_ELSE}"
)
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
UNBUILT = "{name} is not built; run `python -m api.console.build` and start the service again.\n"
# What stands in the built page for what this process serves besides.
_ABOUT: Final = "$about"


def console_router(settings: ConsoleSettings) -> APIRouter:
    """The console's routes: its pages, `/graphql` for browsers, their assets, and the guide.

    Mount it ahead of the GraphQL API: a GET of `/graphql` that asks for no HTML passes through to
    the route behind it. Files are read once, here.
    """
    router = APIRouter()
    router.routes.extend(_console_routes(APP.dist, settings=settings))
    if settings.graphiql:
        router.routes.extend(_graphiql_routes(GRAPHIQL.dist))
    router.routes.append(Route(GUIDE_PATH, _guide, methods=["GET", "OPTIONS"]))
    return router


@dataclass(frozen=True)
class File:
    """One static file, held in memory with its compressed form where the build made one."""

    body: bytes
    packed: bytes | None
    media_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> "File":
        """Read `path`, and `path.gz` beside it where it exists."""
        body = path.read_bytes()
        packed = path.with_name(f"{path.name}.gz")
        return cls(
            body=body,
            packed=packed.read_bytes() if packed.is_file() else None,
            media_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
        )

    def answer(self, request: Request, *, cache: str) -> Response:
        """The file as a response: 304 where the browser has it, compressed where it may be."""
        headers = {**SAFE, "Cache-Control": cache, "ETag": self.etag, "Vary": "Accept-Encoding"}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        body = self.body
        if self.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body = self.packed
            headers["Content-Encoding"] = "gzip"
        return Response(body, headers=headers, media_type=self.media_type)


class HtmlRoute(APIRoute):
    """A route for people: it answers only who asks for HTML, and lets all others pass.

    An `APIRoute`, since FastAPI makes plain routes anew where a router is included, and would lose
    the rule.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route matches, and the Accept header names text/html besides."""
        match, child = super().matches(scope)
        if match is not Match.FULL or not _wants_html(scope):
            return Match.NONE, {}
        return match, child


def _wants_html(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _graphiql_routes(dist: Path) -> list[BaseRoute]:
    html = _built(dist)

    async def graphiql(_: Request) -> Response:
        return _page(html, name=GRAPHIQL.name, policy=GRAPHIQL_POLICY)

    return [
        HtmlRoute("/graphql", graphiql, methods=["GET"], include_in_schema=False),
        _assets("/graphiql/assets/{name}", dist / "assets"),
    ]


def _console_routes(dist: Path, *, settings: ConsoleSettings) -> list[BaseRoute]:
    html = _built(dist)

    async def console(request: Request) -> Response:
        about = json.dumps(_about(request, settings=settings))
        filled = None if html is None else html.replace(_ABOUT, escape(about))
        return _page(filled, name=APP.name, policy=CONSOLE_POLICY)

    return [
        *(Route(path, console, methods=["GET"]) for path in PAGES),
        _assets("/assets/{name}", dist / "assets"),
        _asset("/mark.svg", dist / "mark.svg"),
    ]


def _built(dist: Path) -> str | None:
    page = dist / "index.html"
    return page.read_text(encoding="utf-8") if page.is_file() else None


def _page(html: str | None, *, name: str, policy: str) -> Response:
    if html is None:
        text = UNBUILT.format(name=name[0].upper() + name[1:])
        return PlainTextResponse(text, status_code=503, headers=SAFE)
    told = {"Content-Security-Policy": policy, "Cache-Control": REVALIDATE, "Vary": "Accept"}
    return HTMLResponse(html, headers={**SAFE, **told})


def _assets(path: str, folder: Path) -> Route:
    """The files of a folder, each for good under a name that changes with what is in it."""
    files = {path.name: File.read(path) for path in _served(folder)}

    async def asset(request: Request) -> Response:
        # A lookup by name, so that no path leads out of the folder.
        file = files.get(request.path_params["name"])
        if file is None:
            return PlainTextResponse("No such asset.\n", status_code=404, headers=SAFE)
        return file.answer(request, cache=IMMUTABLE)

    return Route(path, asset, methods=["GET"])


def _asset(path: str, source: Path) -> Route:
    file = File.read(source) if source.is_file() else None

    async def asset(request: Request) -> Response:
        if file is None:
            return PlainTextResponse("No such asset.\n", status_code=404, headers=SAFE)
        return file.answer(request, cache=REVALIDATE)

    return Route(path, asset, methods=["GET"])


def _served(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix != ".gz")


def _about(request: Request, *, settings: ConsoleSettings) -> dict[str, object]:
    """Which doors there are: only what this process really serves, or was told the address of."""
    browser = settings.neo4j_browser_url
    guide_url = _guide_url(request)
    return {
        "graphiql": settings.graphiql,
        "neo4jBrowser": browser,
        "guide": GUIDE_PATH if browser is None else browser_link(browser, guide_url=guide_url),
        "metrics": _serves(request, path="/metrics"),
    }


def browser_link(browser_url: str, *, guide_url: str) -> str:
    """The address that opens Neo4j Browser on the guide."""
    return f"{browser_url}?{urlencode({'cmd': 'guide', 'arg': guide_url})}"


def _guide_url(request: Request) -> str:
    # Until it is connected, Neo4j Browser takes guides from its default hosts only, and of this
    # machine's names that is `localhost`.
    base = request.base_url
    host = "localhost" if base.hostname in {"127.0.0.1", "::1"} else base.hostname
    return str(base.replace(hostname=host, path=GUIDE_PATH, query=""))


def _serves(request: Request, *, path: str) -> bool:
    scope = {**request.scope, "path": path, "method": "GET"}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


async def _guide(request: Request) -> Response:
    """The guide, readable from Neo4j Browser's own origin, which sends a preflight first."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=guide.CROSS_ORIGIN)
    html = guide.render()
    return HTMLResponse(html, headers={**SAFE, **guide.CROSS_ORIGIN, "Cache-Control": REVALIDATE})
