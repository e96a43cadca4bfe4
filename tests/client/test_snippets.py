"""What the documents show of integrating runs, fits and is so."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from routecause import Limits, client, gate, recorder

from api.rest.routing import RoutingRequestBody
from ingest.events import parse_event

if TYPE_CHECKING:
    from tests.client.conftest import Service

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "integrating.md").read_text(encoding="utf-8")
README = (ROOT / "client" / "README.md").read_text(encoding="utf-8")
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    return [body for found, body in _FENCE.findall(text) if found == language]


SNIPPETS = [*blocks(PAGE, "python"), *blocks(README, "python")]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_what_is_shown_runs(snippet: str, service: Service) -> None:
    # A machine that runs other tests too may be late by itself.
    given = f'Routecause("{service.url}", deadline_ms=5_000'
    text = snippet.replace('Routecause("http://127.0.0.1:8000"', given)
    settings = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run(
        [sys.executable, "-c", text], env=settings, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    if "record(" in snippet or "acompletion(" in snippet:
        told = [event for post in service.posts for event in post]
        assert told, done.stderr
        for event in told:
            parse_event({**event, "recordedtime": event["time"]})


def test_the_bodies_shown_are_taken() -> None:
    request, event = (json.loads(body) for body in blocks(PAGE, "json"))
    assert RoutingRequestBody.model_validate(request).reserve
    parsed: Any = parse_event({**event, "recordedtime": event["time"]})
    assert parsed.data.decision.candidates[0].rejected == "failed_before"


def test_the_limits_told_are_those_of_the_code() -> None:
    limits = Limits()
    told = {
        "`DEADLINE_MS`": [client.DEADLINE_MS],
        "`ASK_LIMIT_S`": [client.ASK_LIMIT_S],
        "`FIRST_PAUSE_S`, `LONGEST_PAUSE_S` of asking": [gate.FIRST_PAUSE_S, gate.LONGEST_PAUSE_S],
        "`LINGER_S`": [recorder.LINGER_S],
        "`BATCH_EVENTS`, `BATCH_BYTES`": [recorder.BATCH_EVENTS, recorder.BATCH_BYTES],
        "`FIRST_PAUSE_S`, `LONGEST_PAUSE_S` of telling": [
            recorder.FIRST_PAUSE_S,
            recorder.LONGEST_PAUSE_S,
        ],
        "`views`, `views_bytes` of `Limits`": [limits.views, limits.views_bytes],
        "`events`, `events_bytes` of `Limits`": [limits.events, limits.events_bytes],
        "`WARM_UP_S`": [client.WARM_UP_S],
        "`AT_EXIT_S`": [client.AT_EXIT_S],
    }
    for name, values in told.items():
        # A whole number is written without its point, a large one with commas.
        written = ", ".join(f"{v:,.0f}" if float(v).is_integer() else f"{v:g}" for v in values)
        assert f"| {name} | {written} |" in PAGE


def test_it_brings_nothing_of_the_service_and_no_litellm() -> None:
    script = (
        "import sys, routecause; found = {name.partition('.')[0] for name in sys.modules};"
        " sys.exit(found & {'api', 'agent', 'graph', 'ingest', 'litellm', 'pydantic'} or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
