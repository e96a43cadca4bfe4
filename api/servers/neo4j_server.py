"""Neo4j Community as a child process: its configuration, its password, its start and its end."""

import base64
import hashlib
import http.client
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from api.servers import folder as folders
from api.servers.child import Child
from api.servers.errors import ServerError
from api.servers.java import find_java
from api.servers.machine import share_of_memory_mb
from api.servers.ports import LOOPBACK, free_port
from api.servers.settings import ServerSettings, plain_environment
from graph.settings import GraphSettings

MAIN_CLASS = "org.neo4j.server.Neo4jCommunity"
USERNAME = "neo4j"
DATABASE = "neo4j"
START_LIMIT_S = 120.0
GRACE_S = 30.0
HANDOVER_S = 30.0
SPACE_MB = 300
POLL_S = 0.1
CALL_LIMIT_S = 5.0
BOLT_HANDSHAKE = bytes.fromhex("6060b017") + bytes.fromhex("00000105") + bytes(12)
PASSWORD_ITERATIONS = 1024
# What Neo4j's own launcher passes, less what only large heaps need.
JVM_OPTIONS = (
    "-XX:+UseParallelGC",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djdk.nio.maxCachedBufferSize=1024",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dlog4j2.disable.jmx=true",
    "-Dfile.encoding=UTF-8",
    "--enable-native-access=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
)

# Neo4j Browser's own pages ask for fonts, analytics and a feedback widget elsewhere; under this
# policy it draws with what its package holds and speaks to this machine alone.
BROWSER_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self'; base-uri 'none'; object-src 'none';"
    " frame-ancestors 'none'; connect-src 'self' http://localhost:* ws://localhost:*"
    f" http://{LOOPBACK}:* ws://{LOOPBACK}:*"
)

Report = Callable[[str], None]


@dataclass(frozen=True)
class Neo4jAddress:
    """Where a Neo4j answers and who may ask it."""

    uri: str
    username: str
    password: str = field(repr=False)
    database: str
    browser_url: str | None

    def environment(self) -> dict[str, str]:
        """The variables under which every process of this project finds it."""
        return {
            "NEO4J_URI": self.uri,
            "NEO4J_USERNAME": self.username,
            "NEO4J_PASSWORD": self.password,
            "NEO4J_DATABASE": self.database,
        }

    def settings(self) -> GraphSettings:
        """The graph package's settings for this Neo4j."""
        return GraphSettings(
            neo4j_uri=self.uri,
            neo4j_username=self.username,
            neo4j_password=SecretStr(self.password),
            neo4j_database=self.database,
        )


class Neo4jServer:
    """One embedded Neo4j on one data directory, on the same ports for as long as it is owned."""

    def __init__(self, home: Path, *, lock: int, settings: ServerSettings, report: Report) -> None:
        """`home` is held by the lock file descriptor `lock`, which the server inherits."""
        self._home = home
        self._lock = lock
        self._settings = settings
        self._report = report
        self._java = find_java(java_home=settings.java_home)
        # Here, because what fetches is large, and the API itself never fetches.
        from api.servers.jars import NEO4J_VERSION, neo4j_jars

        self._version = NEO4J_VERSION
        self._jars = neo4j_jars(settings.cache_dir, report=report, maven_url=settings.maven_url)
        self._bolt_port = free_port(settings.neo4j_bolt_port, purpose="Neo4j (Bolt)", report=report)
        self._http_port = free_port(
            settings.neo4j_http_port,
            purpose="Neo4j Browser",
            report=report,
            avoid=(self._bolt_port,),
        )
        self._child: Child | None = None
        self.address = Neo4jAddress(
            uri=f"bolt://{LOOPBACK}:{self._bolt_port}",
            username=USERNAME,
            password=_password(home),
            database=DATABASE,
            browser_url=f"http://{LOOPBACK}:{self._http_port}/browser/",
        )

    def start(self) -> None:
        """Start it, or start it anew, and wait until it answers; `ServerError` shows its log."""
        self.stop()
        folders.require_space(self._home, megabytes=SPACE_MB)
        self._write_configuration()
        self._report(f"starting Neo4j {self._version} on Java {self._java.version}")
        started_at = time.monotonic()
        with (self._home / "console.log").open("wb") as output:
            self._child = Child(
                self._command(),
                grace_s=GRACE_S,
                output=output,
                inherit=(self._lock,),
                environment=plain_environment(),
            )
        try:
            self._wait(self._child)
        except BaseException:
            self.stop()
            raise
        self._report(f"Neo4j answers after {time.monotonic() - started_at:.1f} s")

    def exit_code(self) -> int | None:
        """The code it ended with, None while it runs; raises `ServerError` before any start."""
        if self._child is None:
            raise ServerError("Neo4j has not been started")
        return self._child.exit_code()

    @property
    def pid(self) -> int | None:
        """The process group it runs in, None before any start."""
        return self._child.pid if self._child else None

    def stop(self) -> None:
        """End it, by force after half a minute; to stop what has ended already does nothing."""
        if self._child is not None:
            self._child.stop()

    def _command(self) -> list[str]:
        heap = self._settings.neo4j_heap_mb or share_of_memory_mb(divisor=8, least=512, most=2048)
        more = (self._settings.neo4j_jvm_options or "").split()
        unsafe = ["--sun-misc-unsafe-memory-access=allow"] if self._java.version >= 23 else []
        return [
            str(self._java.executable),
            f"-Xms{heap}m",
            f"-Xmx{heap}m",
            *JVM_OPTIONS,
            *unsafe,
            *more,
            "-cp",
            os.pathsep.join(str(jar) for jar in self._jars),
            MAIN_CLASS,
            f"--home-dir={self._home}",
            f"--config-dir={self._home / 'conf'}",
        ]

    def _write_configuration(self) -> None:
        page_cache = self._settings.neo4j_page_cache_mb
        if page_cache is None:
            page_cache = share_of_memory_mb(divisor=8, least=256, most=2048)
        bolt, web = f"{LOOPBACK}:{self._bolt_port}", f"{LOOPBACK}:{self._http_port}"
        lines = {
            "server.config.strict_validation.enabled": "true",
            "server.default_listen_address": LOOPBACK,
            "server.bolt.listen_address": bolt,
            "server.bolt.advertised_address": bolt,
            "server.http.listen_address": web,
            "server.http.advertised_address": web,
            "server.https.enabled": "false",
            "server.memory.pagecache.size": f"{page_cache}m",
            "db.tx_log.preallocate": "false",
            "db.tx_log.rotation.retention_policy": "keep_none",
            # Nothing is told to anybody, and no other Neo4j is looked for on the network.
            "dbms.usage_report.enabled": "false",
            "client.allow_telemetry": "false",
            "dbms.fleet_manager.enabled": "false",
            "server.fleet_discovery.enabled": "false",
            "server.http.x_forward.enabled": "false",
            # Otherwise every end takes ten seconds of waiting for calls that cannot come.
            "internal.dbms.bolt.netty_server_shutdown_quiet_period_duration": "0s",
            # Neo4j Browser may load the guide that the API serves.
            "browser.remote_content_hostname_whitelist": f"localhost,{LOOPBACK}",
            "dbms.security.http_static_content_security_policy_header": BROWSER_POLICY,
        }
        folders.prepare(self._home / "conf")
        folders.write_private(
            self._home / "conf" / "neo4j.conf",
            text="".join(f"{name}={value}\n" for name, value in lines.items()),
        )

    def _wait(self, child: Child) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not self._answers():
            code = child.exit_code()
            if code is not None:
                raise ServerError(f"Neo4j ended with code {code} at its start.{self._log()}")
            if time.monotonic() > deadline:
                raise ServerError(
                    f"Neo4j does not answer after {START_LIMIT_S:.0f} s.{self._log()}"
                )
            time.sleep(POLL_S)

    def _answers(self) -> bool:
        """Whether Bolt shakes hands and a query comes back under our password."""
        try:
            with socket.create_connection((LOOPBACK, self._bolt_port), CALL_LIMIT_S) as bolt:
                bolt.sendall(BOLT_HANDSHAKE)
                if not bolt.recv(4):
                    return False
            status = self._query("RETURN 1")
        except (OSError, http.client.HTTPException):
            return False
        if status == http.client.UNAUTHORIZED:
            raise ServerError(
                f"Neo4j refuses the password in {self._home / 'password'}: put the right one there,"
                f" or move {self._home} away to start empty"
            )
        return status in (http.client.OK, http.client.ACCEPTED)

    def _query(self, statement: str) -> int:
        """Run a statement over HTTP; gives the status."""
        credentials = f"{self.address.username}:{self.address.password}".encode()
        web = http.client.HTTPConnection(LOOPBACK, self._http_port, timeout=CALL_LIMIT_S)
        try:
            web.request(
                "POST",
                f"/db/{DATABASE}/query/v2",
                body=json.dumps({"statement": statement}),
                headers={
                    "Authorization": f"Basic {base64.b64encode(credentials).decode()}",
                    "Content-Type": "application/json",
                },
            )
            return web.getresponse().status
        finally:
            web.close()

    def _log(self) -> str:
        """The log written last: the JVM's complaints go to the console, Neo4j's own to its log."""
        logs = [self._home / "console.log", self._home / "logs" / "neo4j.log"]
        shown = max(logs, key=lambda log: log.stat().st_mtime if log.exists() else 0.0)
        return f" The last lines of {shown}:\n{folders.last_lines(shown)}"


@contextmanager
def owned_neo4j(
    data_dir: Path, *, settings: ServerSettings, report: Report
) -> Generator[Neo4jServer]:
    """Hold the Neo4j of `data_dir`, not started yet; it is stopped at the end."""
    home = data_dir.resolve() / "neo4j"
    with ExitStack() as stack:
        lock = stack.enter_context(folders.owned(home, wait_s=HANDOVER_S))
        server = Neo4jServer(home, lock=lock, settings=settings, report=report)
        stack.callback(server.stop)
        yield server


def _password(home: Path) -> str:
    """The password of the data directory; for a new one, made and left where Neo4j finds it.

    Neo4j reads the first password from `auth.ini` when it creates its system database, which is
    what its own `set-initial-password` writes, without starting a second JVM for it.
    """
    fresh = not (home / "data" / "databases").exists()
    if fresh:
        with suppress(FileNotFoundError):
            (home / "password").unlink()
    word = folders.password(home)
    if fresh:
        folders.prepare(home / "data" / "dbms")
        salt = secrets.token_bytes(32)
        digest = hashlib.sha256(salt + word.encode()).digest()
        for _ in range(PASSWORD_ITERATIONS - 1):
            digest = hashlib.sha256(digest).digest()
        folders.write_private(
            home / "data" / "dbms" / "auth.ini",
            text=f"{USERNAME}:SHA-256,{digest.hex().upper()},{salt.hex().upper()},"
            f"{PASSWORD_ITERATIONS}:\n",
        )
    return word
