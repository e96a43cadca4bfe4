"""What breaks in a twin whose backend is really lost; the service asked of a small fleet."""

from datetime import timedelta
from pathlib import Path

import pytest

from api.evaluation.losses import ask_service, broken, plan_of
from api.evaluation.service import fresh_service
from ingest.simulator import truth
from ingest.simulator.arrays import to_time

PLAN = plan_of(seed=3, per_day=2_000)


def test_what_takes_over_breaks_when_much_is_lost_and_nothing_of_the_lost_itself():
    broke = broken(PLAN, lost="aws", at=PLAN.end - timedelta(hours=10))
    assert broke
    assert not any(name.endswith("@aws") for name in broke)


def test_less_breaks_in_the_quiet_of_the_night_than_when_demand_has_grown():
    fault, *_ = truth(PLAN)
    grown = to_time(fault.end_ms or 0) - timedelta(hours=2)
    quiet = (to_time(fault.start_ms) - timedelta(days=1)).replace(hour=3)
    assert broken(PLAN, lost="neo", at=quiet) < broken(PLAN, lost="neo", at=grown)


@pytest.mark.slow
def test_the_service_says_what_the_pure_function_says(tmp_path: Path):
    said: list[str] = []
    with fresh_service(tmp_path, report=said.append) as url:
        agreement, losses = ask_service(
            seed=3, per_day=1_000, url=url, key=None, report=said.append
        )
    (row,) = agreement.rows
    told = dict(zip(agreement.columns, row, strict=True))
    assert told["on the same side of 0.5"] >= 0.97, said
    assert losses.rows[-1][0] == "all"
