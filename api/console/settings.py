"""What the console reads from the environment: which pages are served and where Neo4j Browser is."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ConsoleSettings(BaseSettings):
    """Which pages a browser gets."""

    model_config = SettingsConfigDict(
        env_prefix="ROUTECAUSE_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    graphiql: bool = Field(default=True, description="Whether GET /graphql serves GraphiQL.")
    neo4j_browser_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s\"'<>]+$",
        description="Address of Neo4j Browser, e.g. http://127.0.0.1:7474/browser/; `serve` sets it for the embedded Neo4j, and without it the console has no door to it.",
    )
