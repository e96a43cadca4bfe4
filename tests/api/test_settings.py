"""A wrong setting stops the start with its name, and an unknown one with what was meant."""

import pytest

from api.settings import Settings, SettingsError, child_environment, documented, load


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in documented():
        monkeypatch.delenv(setting.name, raising=False)


def test_the_defaults() -> None:
    settings = load()
    assert settings.service.host == "127.0.0.1"
    assert settings.service.port == 8000
    assert "port" not in settings.service.model_fields_set
    assert settings.graph.neo4j_uri is None
    assert settings.servers.cache_dir.name == "routecause"


def test_values_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTECAUSE_PORT", "9001")
    monkeypatch.setenv("NEO4J_URI", "bolt://db:7687")
    monkeypatch.setenv("ROUTECAUSE_BACKLOG_LIMIT", "7")
    settings = load()
    assert settings.service.port == 9001
    assert "port" in settings.service.model_fields_set
    assert settings.graph.neo4j_uri == "bolt://db:7687"
    assert settings.ingest.backlog_limit == 7


def test_an_unknown_name_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTECAUSE_PROT", "9001")
    meant = r"^ROUTECAUSE_PROT is not a setting; did you mean ROUTECAUSE_PORT\?$"
    with pytest.raises(SettingsError, match=meant):
        load()


def test_an_unknown_name_like_no_other_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTECAUSE_ZZZZ", "1")
    with pytest.raises(SettingsError, match=r"^ROUTECAUSE_ZZZZ is not a setting$"):
        load()


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTECAUSE_PORT", "70000")
    monkeypatch.setenv("ROUTECAUSE_HOT_TIMEOUT_S", "soon")
    monkeypatch.setenv("ROUTECAUSE_REDIS_PORT", "-1")
    with pytest.raises(SettingsError) as caught:
        load()
    lines = str(caught.value).splitlines()
    assert {line.split(":")[0] for line in lines} == {
        "ROUTECAUSE_PORT",
        "ROUTECAUSE_HOT_TIMEOUT_S",
        "ROUTECAUSE_REDIS_PORT",
    }


def test_a_secret_is_never_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTECAUSE_ADMIN_KEY", "s3cret-value")
    monkeypatch.setenv("ROUTECAUSE_LOG_LEVEL", "s3cret-value")
    with pytest.raises(SettingsError) as caught:
        load()
    assert "ROUTECAUSE_LOG_LEVEL" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(Settings(service=load_service(monkeypatch)))


def load_service(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ROUTECAUSE_LOG_LEVEL")
    return load().service


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTECAUSE_PORT", "")
    monkeypatch.setenv("JAVA_HOME", "")
    assert load().service.port == 8000
    assert load().servers.java_home is None


def test_every_setting_is_described_and_has_one_name() -> None:
    settings = [*documented()]
    names = [setting.name for setting in settings]
    assert len(names) == len(set(names))
    assert all(setting.description.endswith(".") for setting in settings)
    assert all(
        name.startswith(("ROUTECAUSE_", "NEO4J_", "REDIS_URL", "JAVA_HOME", "ANTHROPIC_"))
        for name in names
    )


def test_a_child_gets_this_environment_and_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTECAUSE_LOG_LEVEL", "error")
    environment = child_environment({"REDIS_URL": "redis://x"})
    assert environment["ROUTECAUSE_LOG_LEVEL"] == "error"
    assert environment["REDIS_URL"] == "redis://x"
