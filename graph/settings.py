"""What the graph package reads from the environment: addresses, limits and freshness budgets."""

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class HealthSettings(BaseSettings):
    """When evidence is stale or too old, and where the limits of health lie."""

    model_config = SettingsConfigDict(
        env_prefix="ROUTECAUSE_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    fresh_s: float = Field(
        default=180.0,
        gt=0,
        description="A health sample is fresh for at least this long, and for twice its window where that is longer.",
    )
    unknown_after_s: float = Field(
        default=900.0,
        gt=0,
        description="Without a sample for this long, and for four times its window where that is longer, a deployment is UNKNOWN.",
    )
    traffic_window_minutes: int = Field(
        default=15,
        ge=1,
        le=60,
        description="Requests of the last so many minutes count as evidence of health.",
    )
    traffic_minimum: int = Field(
        default=5, ge=1, description="Fewer requests than this in the window cannot show health."
    )
    error_rate_degraded: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="Share of failed requests from which a deployment is DEGRADED.",
    )
    error_rate_down: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Share of failed requests from which a deployment is DOWN.",
    )
    breaker_cooldown_s: float = Field(
        default=60.0,
        gt=0,
        description="How long a breaker stays open before a probe may go through.",
    )
    breaker_cooldown_limit_s: float = Field(
        default=180.0,
        gt=0,
        description="The cooldown doubles with each probe that fails, up to this and to a quarter of the traffic window.",
    )
    breaker_denied_minimum: int = Field(
        default=2,
        ge=1,
        description="So many requests denied to our account (key, permission, quota) open a breaker, where they are the share that makes a deployment DOWN.",
    )
    breaker_slow_factor: float = Field(
        default=5.0,
        gt=1,
        description="An answer is slow when it took so many times longer for its tokens than the deployment's median of the minutes before.",
    )
    breaker_slow_ms: float | None = Field(
        default=None,
        gt=0,
        description="A request is also slow when it took longer than this, whatever its tokens; unset, only the factor counts.",
    )
    breaker_slow_share: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Share of slow requests that opens a breaker.",
    )
    breaker_probe_s: float = Field(
        default=60.0,
        gt=0,
        description="How long the one probe of a half-open breaker may be under way before another may be sent.",
    )
    rate_limit_pause_s: float = Field(
        default=30.0,
        gt=0,
        description="How long a deployment gets no requests after it refused most of a minute's for its rate limit.",
    )
    breaker_window_minutes: int = Field(
        default=5,
        ge=1,
        le=60,
        description="Failures of the last so many minutes can open a breaker before they fill the traffic window.",
    )
    load_degraded: float = Field(
        default=0.95, gt=0, description="Reported load from which a deployment is DEGRADED."
    )
    spot_availability_degraded: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Spot capacity below this makes a deployment DEGRADED.",
    )


class GraphSettings(BaseSettings):
    """Where Neo4j and Redis are and how long they may take."""

    model_config = SettingsConfigDict(
        env_prefix="ROUTECAUSE_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    neo4j_uri: str | None = Field(
        default=None,
        validation_alias=AliasChoices("NEO4J_URI", "neo4j_uri"),
        description="Bolt address of Neo4j; unset starts the embedded server.",
    )
    neo4j_username: str = Field(
        default="neo4j",
        validation_alias=AliasChoices("NEO4J_USERNAME", "neo4j_username"),
        description="User name at Neo4j.",
    )
    neo4j_password: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices("NEO4J_PASSWORD", "neo4j_password"),
        description="Password at Neo4j.",
    )
    neo4j_database: str = Field(
        default="neo4j",
        validation_alias=AliasChoices("NEO4J_DATABASE", "neo4j_database"),
        description="Database name at Neo4j.",
    )
    redis_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("REDIS_URL", "redis_url"),
        description="Address of Redis; unset starts the embedded server.",
    )
    graph_timeout_s: float = Field(
        default=30.0, gt=0, description="Longest time one statement may take in Neo4j."
    )
    graph_pool_size: int = Field(default=16, ge=1, description="Connections to Neo4j per process.")
    hot_timeout_s: float = Field(
        default=0.5, gt=0, description="Longest time one command may take in Redis."
    )
    view_interval_ms: int = Field(
        default=100, ge=10, description="Shortest time between two versions of the hot view."
    )
    reservation_hold_s: float = Field(
        default=30.0,
        gt=0,
        le=3600,
        description="A pick books its expected cost, tokens and one request until its completion is told, but no longer than this.",
    )
    reservation_flush_ms: int = Field(
        default=50,
        ge=5,
        le=5000,
        description="Bookings of picks are told to the other processes this often.",
    )
    view_stale_s: float = Field(
        default=5.0, gt=0, description="A hot view not renewed for this long is marked stale."
    )
