"""No wheel is made without the console in it."""

from pathlib import Path
from typing import Any

import pytest
from hatchling.bridge.app import Application

from api.console import build, wheel
from api.console.node import NodeUnavailable


def hook() -> wheel.ConsoleInWheel:
    root = str(Path(build.ROOT))
    made: Any = wheel.ConsoleInWheel
    application: Any = Application()
    return made(root, {}, None, None, root, "wheel", application)


def unavailable(**_: object) -> bool:
    raise NodeUnavailable("no Node.js was found")


def test_a_wheel_fails_where_the_console_can_not_be_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(build, "build", unavailable)

    with pytest.raises(NodeUnavailable):
        hook().initialize("standard", {})


def test_a_wheel_builds_the_console_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def built(*, say: object) -> bool:
        asked.append(say)
        return True

    monkeypatch.setattr(build, "build", built)

    hook().initialize("standard", {})

    assert len(asked) == 1


def test_an_editable_install_needs_no_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "build", unavailable)

    hook().initialize("editable", {})
