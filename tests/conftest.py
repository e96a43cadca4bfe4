"""The real Neo4j and Redis of the tests, one of each for a session, and a tenant for each test.

An address in the environment wins; else a container where Docker answers; else the embedded
servers, in a folder of this session.
"""

import gc
import os
import warnings
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from docker.errors import DockerException
from hypothesis import settings as hypothesis_settings

import docker
from agent.claude.reach import LOOPBACK, allow_only
from api.servers import Neo4jAddress, ServerSettings, neo4j_server, redis_server
from graph.settings import GraphSettings

NEO4J_IMAGE = "neo4j:2026.08-community"
REDIS_IMAGE = "redis:8"
DOCKER_LIMIT_S = 5
SERVERS = {"neo4j_address", "redis_url"}
SLOW = ("slow", "browser")
PLANS = ("store", "test_questions.py")
HASTY = "-XX:TieredStopAtLevel=1"
# Neo4j's driver imports pandas wherever it is, which takes every process about a second. Only the
# yardstick of forecasts brings it here, and no installed service has it.
WITHOUT_PANDAS = """import sys


class WithoutPandas:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=name)


sys.meta_path.insert(0, WithoutPandas)
"""
COLLECTED_AFTER = (20_000, 10, 10)
CONTAINER_PASSWORD = "only-for-this-session"

# A machine that does other things too is slow by itself: no example is wrong for taking long.
hypothesis_settings.register_profile("unhurried", deadline=None)
hypothesis_settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the real servers, so that the others can be run alone.

    Files with slow tests go first: what runs beside them then ends at about the same time. Before
    them go the plans of statements, which depend on how much the graph holds.
    """
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("servers")
    slow = {item.path for item in items for name in SLOW if item.get_closest_marker(name)}
    items.sort(key=lambda item: (item.path.parts[-2:] != PLANS, item.path not in slow))


def pytest_collection_finish() -> None:
    """Let the collector pass over what was imported, and come when there is something to collect.

    Else it looks through all modules and tests again and again: a third of the time of a test that
    makes many objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)


@pytest.fixture(scope="session", autouse=True)
def no_real_claude() -> None:
    """No test asks the real Claude: neither this process nor any that it starts."""
    allow_only(LOOPBACK)
    os.environ["ROUTECAUSE_CLAUDE_LOOPBACK_ONLY"] = "true"
    os.environ.pop("ANTHROPIC_API_KEY", None)


@pytest.fixture(scope="session", autouse=True)
def processes_as_installed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every Python started from here has what an installed service has, so no pandas."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(WITHOUT_PANDAS, encoding="utf-8")
    path = (str(folder), os.environ.get("PYTHONPATH", ""))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))


@pytest.fixture(scope="session", autouse=True)
def hasty_neo4j() -> None:
    """Every embedded Neo4j, here or in a process started from here, is soon ready.

    It lives for seconds or minutes, in which the JVM's second compiler takes more than it gives.
    """
    os.environ["ROUTECAUSE_NEO4J_JVM_OPTIONS"] = HASTY


@pytest.fixture(scope="session")
def server_settings(hasty_neo4j: None) -> ServerSettings:
    """Embedded servers on any free port, small enough to run beside the tests."""
    return ServerSettings(
        neo4j_bolt_port=0,
        neo4j_http_port=0,
        redis_port=0,
        neo4j_heap_mb=512,
        neo4j_page_cache_mb=128,
    )


@pytest.fixture(scope="session")
def session_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this session's embedded servers keep their data."""
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def docker_answers() -> bool:
    """Whether a Docker daemon can be asked for containers."""
    with warnings.catch_warnings():
        # Where nobody answers, the client leaves its socket to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        answers = _ping_docker()
        gc.collect()
    return answers


@pytest.fixture(scope="session")
def neo4j_address(
    server_settings: ServerSettings, session_dir: Path, docker_answers: bool
) -> Generator[Neo4jAddress]:
    """A Neo4j for the whole session."""
    given = GraphSettings()
    with ExitStack() as stack:
        if given.neo4j_uri is not None:
            yield Neo4jAddress(
                uri=given.neo4j_uri,
                username=given.neo4j_username,
                password=given.neo4j_password.get_secret_value(),
                database=given.neo4j_database,
                browser_url=None,
            )
        elif docker_answers:
            yield _neo4j_container(stack)
        else:
            yield stack.enter_context(neo4j_server(session_dir, settings=server_settings))


@pytest.fixture(scope="session")
def redis_url(
    server_settings: ServerSettings, session_dir: Path, docker_answers: bool
) -> Generator[str]:
    """The address of a Redis for the whole session, which keeps what it is given."""
    given = GraphSettings()
    with ExitStack() as stack:
        if given.redis_url is not None:
            yield given.redis_url
        elif docker_answers:
            yield _redis_container(stack)
        else:
            yield stack.enter_context(redis_server(session_dir, settings=server_settings)).url


@pytest.fixture(scope="session")
def graph_settings(neo4j_address: Neo4jAddress, redis_url: str) -> GraphSettings:
    """The graph package's settings with both addresses filled in."""
    return neo4j_address.settings().model_copy(update={"redis_url": redis_url})


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test knows."""
    return f"t-{uuid4().hex[:12]}"


def _ping_docker() -> bool:
    try:
        client = docker.from_env(timeout=DOCKER_LIMIT_S)
        try:
            client.version()  # pyright: ignore[reportUnknownMemberType]  # the client is half typed
        finally:
            client.close()
    except DockerException:
        return False
    return True


def _neo4j_container(stack: ExitStack) -> Neo4jAddress:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of testcontainers' own making
        from testcontainers.neo4j import Neo4jContainer  # only where Docker answers

    container = stack.enter_context(Neo4jContainer(NEO4J_IMAGE, password=CONTAINER_PASSWORD))
    web = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(7474)}"
    return Neo4jAddress(
        uri=container.get_connection_url(),
        username="neo4j",
        password=CONTAINER_PASSWORD,
        database="neo4j",
        browser_url=f"{web}/browser/",
    )


def _redis_container(stack: ExitStack) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of testcontainers' own making
        from testcontainers.redis import RedisContainer  # only where Docker answers

    durable = "redis-server --appendonly yes --appendfsync always --maxmemory-policy noeviction"
    container = stack.enter_context(RedisContainer(REDIS_IMAGE).with_command(durable))
    return f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"
