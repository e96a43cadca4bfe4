"""What benchmarks print."""

import math

from api.bench.measures import Table, percentile


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([5.0, 1.0, 3.0], 0.5) == 3.0
    assert percentile([5.0, 1.0, 3.0], 0.95) == 5.0
    assert math.isnan(percentile([], 0.5))


def test_a_table_is_objects_by_column() -> None:
    table = Table("Speed", ("what", "rate"), [("ours", 1.5)])
    assert table.to_json() == {"title": "Speed", "rows": [{"what": "ours", "rate": 1.5}]}
