"""What the agent's settings accept."""

from typing import Any

import pytest
from pydantic import ValidationError

from agent.settings import AgentSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
        ("time_zone", "Europe"),
        ("claude_turns", 0),
        ("claude_timeout_s", 0),
        ("claude_question_usd", -1),
        ("anthropic_base_url", "api.anthropic.com"),
        ("anthropic_base_url", "ftp://api.anthropic.com"),
    ],
)
def test_wrong_values_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        AgentSettings.model_validate({name: value})
    assert {error["loc"] for error in caught.value.errors()} & {(name,), (name.upper(),)}


def test_the_zone_is_ready_to_use() -> None:
    assert AgentSettings(time_zone="Europe/Berlin").zone.key == "Europe/Berlin"


def test_names_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ROUTECAUSE_CLAUDE_MODEL", "claude-x")
    found = AgentSettings()
    assert found.anthropic_api_key is not None
    assert "not-a-key" not in repr(found)
    assert (found.anthropic_base_url, found.claude_model) == ("http://127.0.0.1:9", "claude-x")
