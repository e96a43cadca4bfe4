"""What is given on the command line: times have an offset, slices are read however spelt."""

import pytest

from api.cli.given import instant, slice_given
from graph.errors import InvalidInput


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("2026-11-17", "2026-11-17T00:00:00+00:00"),
        ("2026-11-17T09:30Z", "2026-11-17T09:30:00+00:00"),
        ("2026-11-17T09:30:15+02:00", "2026-11-17T09:30:15+02:00"),
    ],
)
def test_a_time_has_an_offset_or_is_a_day(given: str, told: str) -> None:
    assert instant(given, field="from") == told


@pytest.mark.parametrize("given", ["yesterday", "", "2026-13-01", "2026-11-17T09:30"])
def test_any_other_time_is_refused_by_name(given: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        instant(given, field="known-at")
    assert caught.value.field == "known-at"


def test_a_slice_is_read_however_its_fields_are_spelt() -> None:
    given = ["task_type=reasoning", "taskType=coding", "task-type = a=b", "tier=premium"]
    assert slice_given(given) == {"taskType": ["reasoning", "coding", "a=b"], "tier": ["premium"]}
    assert slice_given([]) == {}
