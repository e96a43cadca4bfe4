"""A taken port is stepped past, and said."""

import socket

import pytest

from api.servers.errors import ServerError
from api.servers.ports import LOOPBACK, free_port, is_free


@pytest.fixture
def said() -> list[str]:
    return []


def test_a_free_port_is_taken_without_a_word(said: list[str]) -> None:
    port = free_port(0, purpose="Redis", report=said.append)
    assert free_port(port, purpose="Redis", report=said.append) == port
    assert said == []


def test_a_taken_port_is_stepped_past_and_said(said: list[str]) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        assert not is_free(port)
        chosen = free_port(port, purpose="Redis", report=said.append)
    assert port < chosen < port + 100
    assert said == [f"port {port} is taken; Redis uses {chosen}"]


def test_a_port_given_to_something_else_is_avoided(said: list[str]) -> None:
    port = free_port(0, purpose="Bolt", report=said.append)
    chosen = free_port(port, purpose="Browser", report=said.append, avoid=(port,))
    assert chosen > port


def test_no_port_left_is_an_error_with_a_remedy(said: list[str]) -> None:
    with pytest.raises(ServerError, match="no free port for Redis"):
        free_port(65535, purpose="Redis", report=said.append, avoid=(65535,))
