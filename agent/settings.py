"""What the agent reads from the environment: Claude's address and limits, the time zone of words."""

from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class AgentSettings(BaseSettings):
    """Whether and how Claude may be asked, and how words are read."""

    model_config = SettingsConfigDict(
        env_prefix="ROUTECAUSE_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    anthropic_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("ANTHROPIC_API_KEY", "anthropic_api_key"),
        description="Key of Claude, for questions that rules do not understand; works without.",
    )
    anthropic_base_url: str = Field(
        default="https://api.anthropic.com",
        validation_alias=AliasChoices("ANTHROPIC_BASE_URL", "anthropic_base_url"),
        pattern=r"^https?://[^/\s]+\S*$",
        description="Where Claude is asked; a gateway that speaks the Messages API, where there is one.",
    )
    claude_allowed: bool = Field(
        default=True, description="Whether Claude may be asked at all, whatever key there is."
    )
    claude_loopback_only: bool = Field(
        default=False,
        description="Whether Claude may only be a server on this machine; tests set it.",
    )
    claude_model: str = Field(
        default="claude-haiku-4-5", min_length=1, description="Which Claude answers."
    )
    claude_turns: int = Field(
        default=6, ge=1, le=30, description="How often Claude is asked for one question, at most."
    )
    claude_calls: int = Field(
        default=6, ge=1, le=30, description="How many tools Claude may call in one turn."
    )
    claude_timeout_s: float = Field(
        default=20.0, gt=0, le=600, description="Longest time that Claude may take for a question."
    )
    claude_output_tokens: int = Field(
        default=1024, ge=256, le=32_000, description="Longest answer of one turn, in tokens."
    )
    claude_question_usd: float = Field(
        default=0.05, gt=0, description="What one question to Claude may cost, in US dollars."
    )
    claude_daily_usd: float = Field(
        default=5.0, ge=0, description="What Claude may cost in a day (UTC), in US dollars."
    )
    claude_input_usd_per_mtok: float | None = Field(
        default=None,
        gt=0,
        description="Price of a million input tokens; unset, the list price of the model.",
    )
    claude_output_usd_per_mtok: float | None = Field(
        default=None,
        gt=0,
        description="Price of a million output tokens; unset, the list price of the model.",
    )
    time_zone: str = Field(
        default="UTC",
        description="Time zone in which words like `yesterday` are read where none is stated.",
    )
    conversation_turns: int = Field(
        default=20, ge=1, le=1000, description="Questions of a conversation that are remembered."
    )
    conversation_s: float = Field(
        default=3600.0, gt=0, description="A conversation is forgotten after so long without one."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"no time zone {name!r}; name one like Europe/Berlin") from None
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of words."""
        return ZoneInfo(self.time_zone)
