"""What the HTTP edge reads from the environment: how long and how large a request may be."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HttpSettings(BaseSettings):
    """Limits of requests, and what they say in the log."""

    model_config = SettingsConfigDict(
        env_prefix="ROUTECAUSE_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    request_limit_bytes: int = Field(
        default=2**20,
        ge=1_024,
        description="Longest body of a request, but for those that carry events.",
    )
    request_timeout_s: float = Field(
        default=180.0,
        gt=0,
        description="Longest time until a request's answer begins; after it the answer is 503.",
    )
    probe_timeout_s: float = Field(
        default=2.0, gt=0, description="Longest time that /health/ready waits for one part."
    )
    access_log: bool = Field(
        default=True, description="Whether each request is logged, as one JSON object."
    )
