"""The doctor says what is there, what is missing and what to do about it."""

import socket
from pathlib import Path

import pytest

from api.doctor import Check, checks, redis_persistence
from api.servers.settings import ServerSettings
from api.settings import ServiceSettings, Settings
from graph.settings import GraphSettings

NOBODY = "127.0.0.1:9"


def by_name(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in checks(settings)}


def embedded(tmp_path: Path) -> Settings:
    return Settings(
        servers=ServerSettings(cache_dir=tmp_path / "cache", data_dir=tmp_path / "data"),
        graph=GraphSettings(neo4j_uri=None, redis_url=None),
    )


def test_a_fresh_machine_can_serve(tmp_path: Path) -> None:
    found = by_name(embedded(tmp_path))
    assert {name for name, check in found.items() if check.state == "missing"} == set()
    assert found["Neo4j"].state == "warning"
    assert found["Java"].found.startswith("Java ")
    assert all(check.remedy for check in found.values() if check.state != "ok")


def test_a_taken_port_is_a_warning_unless_it_was_asked_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        servers = ServerSettings(data_dir=tmp_path, redis_port=port)
        graph = GraphSettings(neo4j_uri=None, redis_url=None)
        found = by_name(Settings(servers=servers, graph=graph, service=ServiceSettings(port=port)))
    assert found["Redis port"].state == "warning"
    assert found["API port"].state == "missing"
    assert "--port" in (found["API port"].remedy or "")


def test_servers_that_answer(graph_settings: GraphSettings, tmp_path: Path) -> None:
    found = by_name(Settings(graph=graph_settings, servers=ServerSettings(data_dir=tmp_path)))
    assert found["Neo4j"].state == "ok"
    assert found["Redis"].state == "ok"
    assert found["Redis persistence"].state == "ok"
    assert "Java" not in found


def test_servers_that_do_not_answer(tmp_path: Path) -> None:
    graph = GraphSettings(neo4j_uri=f"bolt://{NOBODY}", redis_url=f"redis://{NOBODY}")
    found = by_name(Settings(graph=graph, servers=ServerSettings(data_dir=tmp_path)))
    assert found["Neo4j"].state == "missing"
    assert "NEO4J_URI" in (found["Neo4j"].remedy or "")
    assert found["Redis"].state == "missing"
    assert "REDIS_URL" in (found["Redis"].remedy or "")


@pytest.mark.parametrize(
    ("found", "state", "remedy"),
    [
        (
            {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"},
            "ok",
            "",
        ),
        ({"appendonly": "no", "appendfsync": "always"}, "missing", "appendonly yes"),
        ({"appendonly": "yes", "appendfsync": "everysec"}, "warning", "appendfsync always"),
        (
            {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "allkeys-lru"},
            "missing",
            "noeviction",
        ),
        ({}, "warning", "appendonly yes"),
    ],
)
def test_a_redis_that_would_lose_events(found: dict[str, str], state: str, remedy: str) -> None:
    check = redis_persistence(found)
    assert check.state == state
    assert remedy in (check.remedy or "")


def test_a_full_disk_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nearly_full(_folder: Path) -> int:
        return 12

    monkeypatch.setattr("api.doctor.free_megabytes", nearly_full)
    found = by_name(embedded(tmp_path))
    assert found["data folder"].state == "missing"
    assert "12 MB free" in found["data folder"].found
