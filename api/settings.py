"""All settings of the service in one place: read once, checked whole, wrong names refused."""

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.settings import AgentSettings
from api.console.settings import ConsoleSettings
from api.graphql.settings import GraphqlSettings
from api.http.settings import HttpSettings
from api.servers.settings import ServerSettings
from graph.errors import CallerError
from graph.settings import GraphSettings, HealthSettings
from ingest.settings import IngestSettings

PREFIX = "ROUTECAUSE_"


class SettingsError(CallerError):
    """A setting is wrong or unknown; the message names each one and says what is."""

    code = "INVALID_SETTING"


class ServiceSettings(BaseSettings):
    """Where the API listens, who administers it and how much it says."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address the API listens on; any but loopback requires API keys.",
    )
    port: int = Field(
        default=8000,
        ge=0,
        le=65535,
        description="Port the API listens on; where none is set and 8000 is taken, the next free one. 0 takes any.",
    )
    admin_key: SecretStr | None = Field(
        default=None,
        description="A key with every scope that needs no database entry; it makes the first API key.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severity that is logged."
    )
    start_timeout_s: float = Field(
        default=60.0,
        gt=0,
        description="How long the API may take from its start until it is ready.",
    )


class ClientSettings(BaseSettings):
    """Which server the commands talk to, and as whom."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    url: str = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^https?://\S+$",
        description="Server that a command talks to where no --url is given.",
    )
    api_key: SecretStr | None = Field(
        default=None, description="API key that a command sends where no --key is given."
    )


# Every class whose fields are settings, in the order in which the documents show them.
SECTIONS: tuple[type[BaseSettings], ...] = (
    ServiceSettings,
    ClientSettings,
    ServerSettings,
    GraphSettings,
    HealthSettings,
    IngestSettings,
    AgentSettings,
    GraphqlSettings,
    HttpSettings,
    ConsoleSettings,
)


@dataclass(frozen=True)
class Settings:
    """Every section; read from the environment where none is given."""

    service: ServiceSettings = field(default_factory=ServiceSettings)
    client: ClientSettings = field(default_factory=ClientSettings)
    servers: ServerSettings = field(default_factory=ServerSettings)
    graph: GraphSettings = field(default_factory=GraphSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    ingest: IngestSettings = field(default_factory=IngestSettings)
    agent: AgentSettings = field(default_factory=AgentSettings)
    graphql: GraphqlSettings = field(default_factory=GraphqlSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)


@dataclass(frozen=True)
class Setting:
    """One line of the settings' documentation."""

    name: str
    description: str
    default: str


def load() -> Settings:
    """Read every section from the environment.

    Raises `SettingsError`, which names each wrong value's variable, and for an unknown
    `ROUTECAUSE_` name the nearest known one.
    """
    wrong = [*_unknown_names(os.environ), *_wrong_values()]
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Settings()


def documented() -> Iterator[Setting]:
    """Every setting with what it is for and what it is when left out."""
    for section in SECTIONS:
        for name, info in section.model_fields.items():
            yield Setting(
                name=variable(name, info=info),
                description=info.description or "",
                default=_default(info),
            )


def variable(name: str, *, info: FieldInfo) -> str:
    """The environment variable of a field: its first alias, or the prefix and its name."""
    match info.validation_alias:
        case AliasChoices(choices=[str(alias), *_]):
            return alias
        case str(alias):
            return alias
        case _:
            return f"{PREFIX}{name.upper()}"


def child_environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process of ours: this one's, and `more` over it."""
    return {**os.environ, **more}


def _unknown_names(environment: Mapping[str, str]) -> Iterator[str]:
    # Compared without what they all begin with, which would make any two of them alike.
    known = [s.name.removeprefix(PREFIX) for s in documented() if s.name.startswith(PREFIX)]
    for name in sorted(environment):
        rest = name.upper().removeprefix(PREFIX)
        if name.upper().startswith(PREFIX) and rest not in known:
            near = difflib.get_close_matches(rest, known, n=1)
            meant = f"; did you mean {PREFIX}{near[0]}?" if near else ""
            yield f"{name} is not a setting{meant}"


def _wrong_values() -> Iterator[str]:
    for section in SECTIONS:
        try:
            section()
        except ValidationError as failed:
            for error in failed.errors(include_url=False, include_input=False):
                yield f"{_blamed(error['loc'], section=section)}: {error['msg']}"


def _blamed(location: tuple[int | str, ...], *, section: type[BaseSettings]) -> str:
    first = str(location[0]) if location else section.__name__
    info = section.model_fields.get(first)
    return variable(first, info=info) if info else first.upper()


def _default(info: FieldInfo) -> str:
    if info.default_factory is not None:
        # Such a default is a folder of this user; the description names it.
        return ""
    match info.default:
        case None:
            return "unset"
        case SecretStr():
            return "unset"
        case bool() as switch:
            return str(switch).lower()
        case other:
            return str(other)
