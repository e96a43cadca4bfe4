"""Events as facts: what is told of a budget for a part of a tenant's requests."""

from typing import Any

import orjson
import pytest

from graph.facts import EntityFact
from graph.model.world import BUDGET
from ingest.effects import effects_of
from ingest.events import InvalidEvent, parse_event
from ingest.facts import fact_of


def budget(**data: Any) -> dict[str, Any]:
    told = {"budget": "gold", "limit_usd": 12.5, "period": "month", **data}
    return {
        "specversion": "1.0", "id": "1", "source": "s", "type": "routecause.budget.defined",
        "tenant": "acme", "time": "2026-09-07T00:00:00Z", "recordedtime": "2026-09-07T00:00:01Z",
        "data": told,
    }  # fmt: skip


def test_a_budget_belongs_to_the_tenant_of_its_envelope() -> None:
    event = parse_event(budget(where={"tier": "gold", "model": "gpt-4o"}))
    fact = fact_of(event)
    assert isinstance(fact, EntityFact)
    assert (fact.entity, fact.id) == (BUDGET, ("acme", "gold"))
    where = fact.properties["where"]
    assert orjson.loads(where) == {"tier": "gold", "model": "gpt-4o"}
    rest = {name: value for name, value in fact.properties.items() if name != "where"}
    assert rest == {"limitUsd": 12.5, "period": "month"}


def test_a_budget_is_watched_and_not_enforced() -> None:
    assert effects_of(parse_event(budget())) == ()


@pytest.mark.parametrize(
    ("field", "value"), [("limit_usd", -1.0), ("period", "week"), ("where", {"user": "ann"})]
)
def test_what_a_budget_cannot_be(field: str, value: Any) -> None:
    with pytest.raises(InvalidEvent, match=field):
        parse_event(budget(**{field: value}))
