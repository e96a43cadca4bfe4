"""What Claude costs: by model, cached or not, and where settings or nobody states a price."""

from typing import Any

import pytest

from agent.claude.prices import DEAREST, LISTED, Prices, Usage, prices
from agent.settings import AgentSettings

MILLION = 1_000_000


def of(model: str, **given: Any) -> Prices:
    """The prices of a model."""
    return prices(AgentSettings.model_validate({"claude_model": model, **given}))


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("claude-haiku-4-5", (1, 5)),
        ("claude-haiku-4-5-20251001", (1, 5)),
        ("anthropic/claude-sonnet-4-6", (3, 15)),
        ("claude-opus-5-5", (4, 20)),
        ("claude-haiku-5-5", (0.1, 0.5)),
    ],
)
def test_listed_models(model: str, usd: tuple[float, float]) -> None:
    found = of(model)
    assert (found.input_usd_per_mtok, found.output_usd_per_mtok) == usd


def test_a_model_that_is_not_listed_is_taken_for_the_dearest() -> None:
    assert of("claude-next") == DEAREST
    assert max(one.input_usd_per_mtok for one in LISTED.values() if one != DEAREST) <= 15


def test_settings_go_before_the_list() -> None:
    stated = of("some-model", claude_input_usd_per_mtok=0.2, claude_output_usd_per_mtok=0.7)
    assert (stated.input_usd_per_mtok, stated.output_usd_per_mtok) == (0.2, 0.7)


def test_each_kind_of_token_has_its_price() -> None:
    price = of("claude-haiku-4-5")
    assert price.cost_usd(Usage(input_tokens=10_000)) == pytest.approx(0.01)
    assert price.cost_usd(Usage(output_tokens=10_000)) == pytest.approx(0.05)
    assert price.cost_usd(Usage(cache_write_tokens=10_000)) == pytest.approx(0.0125)
    assert price.cost_usd(Usage(cache_read_tokens=10_000)) == pytest.approx(0.001)
    assert of("claude-opus-5-5").cost_usd(Usage(cache_read_tokens=10_000)) == pytest.approx(0.002)


def test_a_long_prompt_costs_more_where_the_list_says_so() -> None:
    usage = Usage(input_tokens=60_000, cache_read_tokens=60_000)
    short = Usage(input_tokens=50_000, cache_read_tokens=50_000)
    assert of("claude-haiku-5-5").cost_usd(usage) == pytest.approx(5 * 0.1 * 66_000 / MILLION)
    assert of("claude-haiku-5-5").cost_usd(short) == pytest.approx(0.1 * 55_000 / MILLION)
    assert of("claude-haiku-4-5").cost_usd(usage) == pytest.approx(66_000 / MILLION)


def test_what_is_left_pays_so_many_tokens() -> None:
    assert of("claude-haiku-4-5").output_tokens(0.01) == 2000
    assert of("claude-haiku-4-5").output_tokens(-1) == 0


def test_usage_adds_up() -> None:
    assert Usage(1, 2, 3, 4) + Usage(10, 20, 30, 40) == Usage(11, 22, 33, 44)
    assert Usage(1, 2, 3, 4).prompt_tokens == 8
