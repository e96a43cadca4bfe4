"""What the command line of `serve` changes of the settings, and what it prints."""

from pathlib import Path

import pytest

from api.cli.serve import address_lines, chosen_settings
from api.servers import Neo4jAddress
from api.servers.redis_server import RedisAddress
from api.settings import SettingsError
from api.supervisor import Addresses


def test_the_command_line_wins_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("ROUTECAUSE_PORT", "9001")
    monkeypatch.setenv("ROUTECAUSE_HOST", "127.0.0.2")
    settings = chosen_settings(host=None, port=9002, data_dir=tmp_path)
    assert (settings.service.host, settings.service.port) == ("127.0.0.2", 9002)
    assert settings.servers.data_dir == tmp_path.resolve()
    assert chosen_settings(host=None, port=None, data_dir=None).service.port == 9001


def test_an_unknown_name_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ROUTECAUSE_PROT", "9001")
    with pytest.raises(SettingsError, match="did you mean ROUTECAUSE_PORT"):
        chosen_settings(host=None, port=None, data_dir=None)


def test_addresses_are_printed_without_the_password():
    neo4j = Neo4jAddress(
        uri="bolt://127.0.0.1:7687",
        username="neo4j",
        password="secret-word",
        database="neo4j",
        browser_url="http://127.0.0.1:7474/browser/",
    )
    redis = RedisAddress(url="redis://127.0.0.1:6379")
    addresses = Addresses("http://127.0.0.1:8000", neo4j, redis)
    shown = "\n".join(address_lines(addresses, data_dir=Path("kept")))
    assert "http://127.0.0.1:8000/graphql" in shown
    assert "http://127.0.0.1:7474/browser/" in shown
    assert "password in kept/neo4j/password" in shown
    assert ":guide http://localhost:8000/guides/routecause.html" in shown
    assert "secret-word" not in shown
