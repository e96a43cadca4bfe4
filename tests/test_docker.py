"""The compose file and the Dockerfile name only settings, files and versions that exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import documented

ROOT = Path(__file__).parents[1]
COMPOSE = ROOT / "docker" / "compose.yaml"
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_the_service_is_given_settings_that_exist(services: dict[str, Any]) -> None:
    known = {setting.name for setting in documented()}
    assert set(services["service"]["environment"]) <= known
    named = re.findall(r"ROUTECAUSE_\w+", DOCKERFILE)
    assert named
    assert set(named) <= known


def test_redis_keeps_what_it_acknowledged(services: dict[str, Any]) -> None:
    command = services["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options == {
        "--appendonly": "yes",
        "--appendfsync": "always",
        "--maxmemory-policy": "noeviction",
    }
    assert services["redis"]["volumes"] == ["redis:/data"]


def test_the_service_is_open_to_others_only_with_a_key(services: dict[str, Any]) -> None:
    assert services["service"]["environment"]["ROUTECAUSE_ADMIN_KEY"].startswith("${ROUTECAUSE")
    assert ":?" in services["service"]["environment"]["ROUTECAUSE_ADMIN_KEY"]
    assert all(port.startswith("127.0.0.1:") for port in services["neo4j"]["ports"])
    assert "ports" not in services["redis"]


def test_the_service_waits_for_both_stores(services: dict[str, Any]) -> None:
    waits = services["service"]["depends_on"]
    assert {name: wait["condition"] for name, wait in waits.items()} == {
        "neo4j": "service_healthy",
        "redis": "service_healthy",
    }
    assert all("healthcheck" in services[name] for name in waits)


def test_the_dockerfile_copies_what_there_is() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_one_version_of_uv() -> None:
    pinned = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert pinned is not None
    assert f"astral-sh/uv:{pinned[1]} " in DOCKERFILE
