"""What the GraphQL API reads from the environment: how much one operation may ask for."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GraphqlSettings(BaseSettings):
    """Limits of operations and subscriptions."""

    model_config = SettingsConfigDict(
        env_prefix="ROUTECAUSE_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    introspection: bool = Field(
        default=True, description="Whether the schema can be asked for its own description."
    )
    query_characters: int = Field(
        default=20_000, ge=100, description="Longest GraphQL document, in characters."
    )
    query_tokens: int = Field(
        default=2_000, ge=50, description="Most lexical tokens in one GraphQL document."
    )
    query_depth: int = Field(
        default=10, ge=2, description="Deepest nesting of fields in one GraphQL operation."
    )
    query_aliases: int = Field(
        default=30, ge=0, description="Most aliases in one GraphQL operation, fragments unfolded."
    )
    query_complexity: int = Field(
        default=1_000,
        ge=10,
        description="Most complexity of one GraphQL operation: a field counts 1, one that reads the graph 10 to 100 by how much it reads.",
    )
    operation_timeout_s: float = Field(
        default=30.0, gt=0, description="Longest time one GraphQL operation may take."
    )
    document_cache_tokens: int = Field(
        default=50_000,
        ge=0,
        description="Parsed and validated GraphQL documents kept, as the sum of their tokens (about 1 kB each).",
    )
    trusted_documents_only: bool = Field(
        default=False,
        description="Whether only trusted GraphQL documents are answered (those of our own commands, pages and client), by hash or by text.",
    )
    period_limit_days: float = Field(
        default=400.0,
        gt=0,
        description="Longest period that one trend, comparison or investigation may span.",
    )
    points_limit: int = Field(
        default=100_000, ge=1, description="Most points in all series of one trend."
    )
    subscriptions: int = Field(
        default=200, ge=1, description="Most GraphQL subscriptions open in one process."
    )
    subscriptions_per_connection: int = Field(
        default=10, ge=1, description="Most operations open at once on one WebSocket."
    )
    subscription_heartbeat_s: float = Field(
        default=15.0, gt=0, description="How often a quiet event stream gets a sign of life."
    )
    websocket_init_timeout_s: float = Field(
        default=10.0, gt=0, description="How long a WebSocket may wait before it says who it is."
    )
