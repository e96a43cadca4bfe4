"""What the ingest package reads from the environment: limits of what may enter and wait."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class IngestSettings(BaseSettings):
    """Limits of bodies, of the log and of the dead letters."""

    model_config = SettingsConfigDict(
        env_prefix="ROUTECAUSE_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    body_limit_bytes: int = Field(
        default=64 * 2**20,
        ge=1_024,
        description="Longest body of newline-delimited events, unpacked; over it is 413.",
    )
    batch_limit_bytes: int = Field(
        default=16 * 2**20,
        ge=1_024,
        description="Longest body of a JSON array of events, unpacked; over it is 413.",
    )
    event_limit_bytes: int = Field(
        default=256 * 2**10, ge=1_024, description="Longest single event, as JSON."
    )
    body_events: int = Field(
        default=20_000, ge=1, description="Events in one body, at most; over it is 413."
    )
    append_batch: int = Field(
        default=500,
        ge=1,
        le=1_000,
        description="Events made durable in one step; a longer body takes several.",
    )
    write_batch: int = Field(
        default=2_000,
        ge=1,
        le=10_000,
        description="Events written to the graph in one transaction, at most.",
    )
    project_batch: int = Field(
        default=1_000,
        ge=1,
        le=10_000,
        description="Events applied to the hot view in one step, at most.",
    )
    read_wait_ms: int = Field(
        default=500,
        ge=1,
        description="How long a consumer waits for new events before it looks again.",
    )
    clock_skew_s: float = Field(
        default=300.0, ge=0, description="How far a sender's clock may be ahead of the server's."
    )
    log_timeout_s: float = Field(
        default=5.0, gt=0, description="Longest time one command on the log may take in Redis."
    )
    backlog_limit: int = Field(
        default=200_000,
        ge=1,
        description="Events that may wait in the log; at more, new ones are refused with 429.",
    )
    overload_retry_s: float = Field(
        default=2.0, gt=0, description="What Retry-After says while the writer is too far behind."
    )
    idempotency_days: float = Field(
        default=30.0,
        gt=0,
        description="An event sent again is known as a duplicate in the log for at least this long; the graph knows it for ever.",
    )
    idempotency_entries: int = Field(
        default=20_000_000,
        ge=1_000,
        description="Most keys remembered for that (a request takes two, about 60 bytes each); over it the oldest are forgotten sooner.",
    )
    recover_idle_s: float = Field(
        default=15.0,
        gt=0,
        description="What a consumer has held for this long without applying it is given to another, or again.",
    )
    dead_letter_count: int = Field(
        default=10_000, ge=1, description="Dead letters kept; over it the oldest are dropped."
    )
    dead_letter_tenant_count: int = Field(
        default=2_500,
        ge=1,
        description="Dead letters kept for one tenant, so that none can push out the others'.",
    )
    dead_letter_total_bytes: int = Field(
        default=64 * 2**20,
        ge=1_024,
        description="Size of all dead letters; over it the oldest are dropped.",
    )
    dead_letter_body_bytes: int = Field(
        default=64 * 2**10,
        ge=256,
        description="Longest body kept in a dead letter; a longer one is cut and marked.",
    )
