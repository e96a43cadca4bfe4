"""What Claude costs, in US dollars for a million tokens, by model.

List prices of the model table at platform.claude.com (about-claude/pricing), read in November 2026.
A cache that holds for five minutes costs 1.25 of the input's price to write. Batch, fast and
regional prices are left out: none of them is used here.
"""

from dataclasses import dataclass, replace
from typing import Final

from agent.settings import AgentSettings

_MILLION: Final = 1_000_000
_LONG_PROMPT_TOKENS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as they are billed. `input_tokens` are those that no cache had or got."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
        )

    @property
    def prompt_tokens(self) -> int:
        """All that was read, cached or not."""
        return self.input_tokens + self.cache_write_tokens + self.cache_read_tokens


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens of input and output.

    `cache_read` and `cache_write` are shares of the input's price; `long_prompt` is what all
    prices are multiplied with where a prompt has more than 100,000 tokens.
    """

    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cache_read: float = 0.1
    cache_write: float = 1.25
    long_prompt: float = 1.0

    def cost_usd(self, usage: Usage) -> float:
        """What one request cost."""
        read = (
            usage.input_tokens
            + usage.cache_write_tokens * self.cache_write
            + usage.cache_read_tokens * self.cache_read
        )
        told = (
            read * self.input_usd_per_mtok + usage.output_tokens * self.output_usd_per_mtok
        ) / _MILLION
        return told * (self.long_prompt if usage.prompt_tokens > _LONG_PROMPT_TOKENS else 1.0)

    def output_tokens(self, left_usd: float) -> int:
        """How many tokens of output so much money pays."""
        return max(int(left_usd / self.output_usd_per_mtok * _MILLION), 0)


LISTED: Final = {
    "claude-fable-5": Prices(10, 50),
    "claude-fable-5-1": Prices(10, 50, cache_read=0.025),
    "claude-mythos-5": Prices(10, 50),
    "claude-mythos-5-1": Prices(10, 50, cache_read=0.025),
    "claude-opus-4": Prices(15, 75),
    "claude-opus-4-1": Prices(15, 75),
    "claude-opus-4-5": Prices(5, 25),
    "claude-opus-4-6": Prices(5, 25),
    "claude-opus-4-7": Prices(5, 25),
    "claude-opus-4-8": Prices(5, 25),
    "claude-opus-5": Prices(5, 25),
    "claude-opus-5-5": Prices(4, 20, cache_read=0.05),
    "claude-sonnet-4": Prices(3, 15),
    "claude-sonnet-4-5": Prices(3, 15),
    "claude-sonnet-4-6": Prices(3, 15),
    "claude-sonnet-5": Prices(2, 10),
    "claude-sonnet-5-5": Prices(2, 10, cache_read=0.05),
    "claude-haiku-4-5": Prices(1, 5),
    "claude-haiku-5-5": Prices(0.10, 0.50, long_prompt=5.0),
}
"""By model, without the date at the end of its name."""

DEAREST: Final = max(LISTED.values(), key=lambda one: one.output_usd_per_mtok)
"""Taken for a model that is not listed, so that a limit in dollars rather stops too early."""


def prices(settings: AgentSettings) -> Prices:
    """The prices of the model that is set; what settings state goes before the list."""
    listed = _listed(settings.claude_model)
    stated = {
        "input_usd_per_mtok": settings.claude_input_usd_per_mtok,
        "output_usd_per_mtok": settings.claude_output_usd_per_mtok,
    }
    return replace(listed, **{name: value for name, value in stated.items() if value is not None})


def _listed(model: str) -> Prices:
    # Gateways put a provider before the name; snapshots have a date after it.
    name = model.rpartition("/")[2]
    parts = name.split("-")
    if parts[-1].isdigit() and len(parts[-1]) == len("20260101"):
        name = "-".join(parts[:-1])
    return LISTED.get(name, DEAREST)
