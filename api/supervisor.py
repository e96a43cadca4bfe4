"""What `routecause serve` runs: Neo4j and Redis where no address is given, and three workers.

    serve ── Neo4j, Redis      embedded, each under a leash, where no address is given
          ├─ the API           python -m uvicorn api.app:create_app
          ├─ the writer        python -m ingest.writer       log → graph
          └─ the projector     python -m ingest.projector    log → hot view

Each is started again when it dies, on the same ports and data. The end goes in order: first no
more events come in, then what is under way is finished, then the stores close.
"""

import http.client
import signal
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Lock
from types import FrameType
from urllib.parse import urlsplit

from api.kept import Kept, Line, Worker
from api.servers import Neo4jAddress, RedisAddress, ServerError, owned_neo4j, owned_redis
from api.servers.ports import free_port, is_free
from api.settings import Settings, child_environment

API_GRACE_S = 10.0
# How long uvicorn waits for calls under way, subscriptions among them.
API_DRAIN_S = 5
WRITER_GRACE_S = 20.0
PROJECTOR_GRACE_S = 10.0
POLL_S = 0.1
CALL_LIMIT_S = 2.0
# One event loop each: more arenas of memory, or threads for linear algebra, would help nobody.
_SMALL = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not listened on

Report = Callable[[str], None]


@dataclass(frozen=True)
class Addresses:
    """Where everything answers."""

    url: str
    neo4j: Neo4jAddress
    redis: RedisAddress

    @property
    def graphql_url(self) -> str:
        """GraphQL, and GraphiQL in a browser."""
        return f"{self.url}/graphql"


@dataclass(frozen=True)
class Running:
    """A service that is up: its addresses, and its parts by name for who wants to watch them."""

    addresses: Addresses
    parts: Mapping[str, Kept]


class Stopped(BaseException):
    """A signal asked for the end; no `Exception`, so that nothing takes it for a fault."""


def serve(
    settings: Settings,
    *,
    ready: Callable[[Addresses], None] | None = None,
    report: Report = print,
    say: Line | None = None,
) -> None:
    """Run the service until SIGTERM or SIGINT, then end it in order; call in the main thread.

    `ready` is called once all of it answers. Raises `ServerError` or `SettingsError` where it
    cannot be started.
    """
    with _signals_raise():
        try:
            with running(settings, report=report, say=say) as service:
                if ready is not None:
                    ready(service.addresses)
                while True:
                    signal.pause()
        except Stopped:
            report("stopped")


@contextmanager
def running(
    settings: Settings, *, report: Report = print, say: Line | None = None
) -> Generator[Running]:
    """The whole service for as long as the block lasts; it is ready when the block begins.

    `say` gets each line that a worker prints, with the worker's name; without it, `report` gets
    them in one text. Raises `ServerError` where a part cannot be started.
    """
    said = _one_at_a_time(report)

    def in_one(name: str, line: str) -> None:
        said(f"{name:<9} | {line}")

    url = _url(settings, report=said)
    with ExitStack() as stack:
        parts: dict[str, Kept] = {}

        def keep(kept: Kept) -> None:
            parts[kept.name] = kept
            stack.callback(_release, kept, report=said)
            kept.start()

        redis = _redis(settings, stack=stack, keep=keep, report=said)
        neo4j = _neo4j(settings, stack=stack, keep=keep, report=said)
        addresses = Addresses(url=url, neo4j=neo4j, redis=redis)
        workers = [*_workers(settings, addresses=addresses, say=say or in_one)]
        for worker in workers:
            keep(Kept(worker, name=worker.name, report=said))
        watched = [(worker, parts[worker.name]) for worker in workers]
        _wait_until_ready(url, workers=watched, limit_s=settings.service.start_timeout_s)
        yield Running(addresses=addresses, parts=parts)
        said("ending")


def _redis(
    settings: Settings, *, stack: ExitStack, keep: Callable[[Kept], None], report: Report
) -> RedisAddress:
    given = settings.graph.redis_url
    if given:
        return RedisAddress(url=given)
    server = stack.enter_context(
        owned_redis(settings.servers.data_dir, settings=settings.servers, report=report)
    )
    keep(Kept(server, name="Redis", report=report))
    return server.address


def _neo4j(
    settings: Settings, *, stack: ExitStack, keep: Callable[[Kept], None], report: Report
) -> Neo4jAddress:
    given = settings.graph
    if given.neo4j_uri:
        return Neo4jAddress(
            uri=given.neo4j_uri,
            username=given.neo4j_username,
            password=given.neo4j_password.get_secret_value(),
            database=given.neo4j_database,
            browser_url=settings.console.neo4j_browser_url,
        )
    server = stack.enter_context(
        owned_neo4j(settings.servers.data_dir, settings=settings.servers, report=report)
    )
    keep(Kept(server, name="Neo4j", report=report))
    return server.address


def _workers(settings: Settings, *, addresses: Addresses, say: Line) -> Iterator[Worker]:
    """The workers in the order of their start, which is the reverse of the order of their end."""
    at = urlsplit(addresses.url)
    service = settings.service
    more = {
        **_SMALL,
        **addresses.neo4j.environment(),
        **addresses.redis.environment(),
        "ROUTECAUSE_HOST": service.host,
        "ROUTECAUSE_PORT": str(at.port),
        "ROUTECAUSE_LOG_LEVEL": service.log_level,
    }
    if addresses.neo4j.browser_url:
        more["ROUTECAUSE_NEO4J_BROWSER_URL"] = addresses.neo4j.browser_url
    environment = child_environment(more)
    serving = ("-m", "uvicorn", "api.app:create_app", "--factory")
    listening = ("--host", service.host, "--port", str(at.port))
    ending = ("--timeout-graceful-shutdown", str(API_DRAIN_S))
    quiet = ("--no-access-log", "--no-server-header", "--log-level", service.log_level)
    for name, arguments, grace_s in (
        ("projector", ("-m", "ingest.projector"), PROJECTOR_GRACE_S),
        ("writer", ("-m", "ingest.writer"), WRITER_GRACE_S),
        ("API", (*serving, *listening, *ending, *quiet), API_GRACE_S),
    ):
        yield Worker(name, arguments=arguments, environment=environment, grace_s=grace_s, say=say)


def _wait_until_ready(url: str, *, workers: Sequence[tuple[Worker, Kept]], limit_s: float) -> None:
    """Wait for `/health/ready`; a worker that ends twice before that has something to say."""
    deadline = time.monotonic() + limit_s
    while (status := _status(url)) != http.client.OK:
        for worker, kept in workers:
            code = worker.exit_code()
            if code is not None and kept.restarts > 0:
                raise ServerError(
                    f"the {worker.name} ended with code {code} at its start; it said last:\n"
                    f"{worker.last_lines()}"
                )
        if time.monotonic() > deadline:
            answer = f"answers {status}" if status else "does not answer"
            raise ServerError(
                f"{url}/health/ready {answer} after {limit_s:.0f} s; what the API said last:\n"
                f"{workers[-1][0].last_lines()}"
            )
        time.sleep(POLL_S)


def _status(url: str) -> int | None:
    at = urlsplit(url)
    caller = http.client.HTTPConnection(at.hostname or "", at.port, timeout=CALL_LIMIT_S)
    try:
        caller.request("GET", "/health/ready")
        return caller.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        caller.close()


def _url(settings: Settings, *, report: Report) -> str:
    """Where the API will be found; a port that was asked for is that one or an error."""
    host, port = settings.service.host, settings.service.port
    if "port" in settings.service.model_fields_set and port != 0:
        if not is_free(port, host=host):
            raise ServerError(
                f"port {port} at {host} is taken: end what uses it, or choose another with --port"
            )
    else:
        port = free_port(port, purpose="the API", report=report, host=host)
    reached = ANYWHERE.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _release(kept: Kept, *, report: Report) -> None:
    started_at = time.monotonic()
    kept.release()
    report(f"{kept.name} ended in {time.monotonic() - started_at:.1f} s")


def _one_at_a_time(report: Report) -> Report:
    """Lines come from several threads; each is reported whole."""
    lock = Lock()

    def said(text: str) -> None:
        with lock:
            report(text)

    return said


@contextmanager
def _signals_raise() -> Generator[None]:
    """SIGTERM and SIGINT raise `Stopped` once; from then on they are ignored until the end."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    # Under nohup the end of the terminal is ignored, and shall be.
    numbers = [number for number in wanted if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
