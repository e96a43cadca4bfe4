"""The demo as a newcomer starts it: it ends with 0 and has put its questions."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ANY_PORT = {
    "ROUTECAUSE_NEO4J_BOLT_PORT": "0",
    "ROUTECAUSE_NEO4J_HTTP_PORT": "0",
    "ROUTECAUSE_REDIS_PORT": "0",
    "ROUTECAUSE_NEO4J_HEAP_MB": "512",
}


@pytest.mark.slow
def test_it_answers_and_ends(tmp_path: Path) -> None:
    asked = ["demo", "--exit", "--days", "2", "--per-day", "600", "--port", "0"]
    done = subprocess.run(
        [sys.executable, "-c", "from api.cli import main; main()", *asked],
        env={**os.environ, **ANY_PORT, "ROUTECAUSE_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    questions = [line for line in done.stdout.splitlines() if line.startswith("■")]
    assert [line.split()[1] for line in questions] == [
        *("What", "Which", "Why", "Why", "Why", "Why", "What")
    ]
    assert "deployments are healthy" in done.stdout
    assert "went to" in done.stdout
    assert "requests are expected" in done.stdout
    assert "Without aws, at risk" in done.stdout
    assert "Neo4j Browser" in done.stdout
