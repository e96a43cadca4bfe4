"""What was changed, and what can be asked: each change with its time, each intent an example."""

import pytest

from agent.playbooks.answering import CantTell
from agent.playbooks.changes import changes, examples_of, help  # noqa: A004  # the intent's name
from agent.understanding.question import Intent
from graph.names import Names
from graph.slices import Period
from tests.agent.playbooks.worlds import DAY, HOUR, NOW, SmallFleet, question, told

NOON = "2020-08-13 12:00 UTC"


async def test_changes_are_told_with_what_they_touched(small_fleet: SmallFleet) -> None:
    asked = question(where={"model": small_fleet.sage})
    assert await told(changes, asked, small_fleet.world()) == (
        f"1 change naming model {small_fleet.sage} from 2020-08-12 12:00 UTC to {NOON}:",
        f"  2020-08-12 12:00 UTC rollout {small_fleet.rollout}: build 7 "
        f"(deployment {small_fleet.hit}; by ada)",
        f"  2020-08-13 10:00 UTC incident {small_fleet.incident} opened (sev2): "
        f"many molten switchgear {small_fleet.name}",
    )


async def test_where_a_day_shows_none_a_week_is_looked_at(small_fleet: SmallFleet) -> None:
    asked = question(where={"deployment": small_fleet.silent})
    nothing = f"No change naming deployment {small_fleet.silent} is recorded from"
    lines = await told(changes, asked, small_fleet.world())
    assert lines[0] == f"{nothing} 2020-08-12 12:00 UTC to {NOON}."
    assert lines[1] == f"{nothing} 2020-08-06 12:00 UTC to {NOON}."
    assert lines[2].endswith("of it.")


async def test_a_stated_period_stays_as_it_is(small_fleet: SmallFleet) -> None:
    asked = question(where={"model": small_fleet.sage}, during=Period(NOW - HOUR, NOW))
    lines = await told(changes, asked, small_fleet.world())
    assert lines[0] == (
        f"No change naming model {small_fleet.sage} is recorded "
        f"from 2020-08-13 11:00 UTC to {NOON}."
    )


async def test_a_change_is_found_by_name_weeks_later(small_fleet: SmallFleet) -> None:
    asked = question(change=small_fleet.rollout, now=NOW + 20 * DAY)
    lines = await told(changes, asked, small_fleet.world())
    assert f"  2020-08-12 12:00 UTC rollout {small_fleet.rollout}: build 7" in lines[1]
    with pytest.raises(CantTell, match="no change nothing is known"):
        await told(changes, question(change="nothing"), small_fleet.world())


async def test_what_can_be_asked_is_told_with_names_of_this_fleet(small_fleet: SmallFleet) -> None:
    lines = await told(help, question(), small_fleet.world())
    assert len(lines) == len(Intent)
    assert f"  Why did quality drop for {small_fleet.task} yesterday?" in lines


def test_there_is_an_example_of_each_intent() -> None:
    assert {*examples_of(Names())} == {*Intent} - {Intent.HELP}
