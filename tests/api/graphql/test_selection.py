"""What is worked out only where it is selected, however the selection is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from graph.store.door import counting

if TYPE_CHECKING:
    from tests.api.graphql.conftest import Api, Place

T0 = datetime(2026, 9, 8, 12, tzinfo=UTC)
ASKED = (
    'trend(metric: QUALITY, granularity: HOUR, during: {from: "2026-09-08T00:00:00Z", '
    'to: "2026-09-08T12:00:00Z"})'
)


@pytest.mark.parametrize(
    ("query", "reads"),
    [
        (f"{{ {ASKED} {{ points {{ at value }} }} }}", 1),
        (f"{{ {ASKED} {{ points {{ at share: complete }} }} }}", 2),
        (f"{{ {ASKED} {{ ... {{ points {{ ... on Point {{ complete }} }} }} }} }}", 2),
        (f"{{ {ASKED} {{ ...S }} }} fragment S on Series {{ points {{ complete }} }}", 2),
    ],
)
async def test_completeness_is_read_only_where_it_is_selected(
    api: Api, place: Place, query: str, reads: int
) -> None:
    await place.tell(place.request("a", T0 - timedelta(hours=3)))
    await api.data(query)
    with counting() as counted:
        (series,) = (await api.data(query))["trend"]
    assert counted.statements == ["hour_versions"] * reads
    assert len(series["points"]) == 12
