"""Neo4j Browser in a real browser: the guide opens and a path is drawn."""

from typing import Any

import pytest

from api.console import guide

pytestmark = pytest.mark.browser

# Neo4j Browser's own: its bundled pages ask for these, and its policy refuses them.
FOREIGN = ("https://fonts.googleapis.com/", "https://cdn.segment.com/", "https://canny.io/")


def test_neo4j_browser_opens_the_guide_and_draws_the_path_of_a_request(
    service: Any, drive: Any
) -> None:
    visit = drive(
        "neo4j_browser",
        url=service.url,
        username="neo4j",
        password=service.neo4j_password,
        question="How is one request tied to what served it",
        viewport={"width": 1600, "height": 1000},
    )

    assert visit.outside == visit.failures == []
    assert all(url.startswith(FOREIGN) for url in visit.refused), visit.refused
    assert "Routecause in its graph" in visit.result["start"]
    # Request, decision, bucket, cell, deployment, model, backend, policy version, policy.
    assert visit.result["nodes"] >= 9
    assert visit.result["relationships"] >= 8
    drawn = set(visit.result["labels"])
    assert {"Request", "RoutingDecision", "Bucket", "Cell", "Deployment", "PolicyVersion"} <= drawn
    # Every question of the guide ran as it stands.
    assert visit.result["unanswered"] == []
    assert visit.result["answered"] == guide.render().count("<slide>") - 1
    # Captions as the guide sets them.
    captions = {caption.strip() for caption in visit.result["captions"]}
    assert {service.request, service.deployment} <= captions
