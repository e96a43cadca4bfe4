"""Times that are told relative to something: found by name, by what it touches, or not at all."""

from datetime import timedelta

import pytest

from agent.playbooks import when
from agent.playbooks.answering import CantTell
from agent.toolbox import Toolbox
from agent.understanding.question import Anchored, AnchorKind, Moment, Slots
from graph.names import Happening, Names
from graph.slices import Period, Slice
from tests.agent.playbooks.worlds import DAY, HOUR, NOW, SmallFleet, question

OLD = Happening("inc-1", "incident", "old", NOW - DAY, NOW - DAY + HOUR, ("a@x",))
NEW = Happening("inc-2", "incident", "new", NOW - 2 * HOUR, None, ("y",))
PRICE = Happening("chg-1", "price", "dearer", NOW - HOUR, None, ("a",))
BUILD = Happening("chg-2", "rollout", "build", NOW - 3 * HOUR, None, ("b@y",))
FUTURE = Happening("chg-3", "rollout", "later", NOW + HOUR, None, ("b@y",))
NAMES = Names(incidents=(NEW, OLD), changes=(FUTURE, PRICE, BUILD))


@pytest.mark.parametrize(
    ("anchor", "where", "found"),
    [
        (Anchored(AnchorKind.INCIDENT), Slice(), NEW),
        (Anchored(AnchorKind.INCIDENT), Slice(model=frozenset({"a"})), OLD),
        (Anchored(AnchorKind.INCIDENT), Slice(tier=frozenset({"gold"})), NEW),
        (Anchored(AnchorKind.INCIDENT, id="inc-1"), Slice(), OLD),
        (Anchored(AnchorKind.CHANGE), Slice(), PRICE),
        (Anchored(AnchorKind.ROLLOUT), Slice(), BUILD),
        (Anchored(AnchorKind.CHANGE, id="chg-9"), Slice(), None),
        (Anchored(AnchorKind.POLICY), Slice(), None),
    ],
)
def test_the_newest_that_fits_is_meant(
    anchor: Anchored, where: Slice, found: Happening | None
) -> None:
    assert when.happening(anchor, NAMES, slots=Slots(where=where), now=NOW) == found


@pytest.mark.parametrize(
    ("anchor", "start", "end"),
    [
        (Anchored(AnchorKind.INCIDENT), -DAY, timedelta()),
        (Anchored(AnchorKind.INCIDENT, whole=True), -DAY, HOUR - DAY),
        (Anchored(AnchorKind.INCIDENT, after_end=True), HOUR - DAY, timedelta()),
        (Anchored(AnchorKind.INCIDENT, None, -2 * HOUR, timedelta()), -DAY - 2 * HOUR, -DAY),
        (Anchored(AnchorKind.INCIDENT, None, HOUR, 3 * DAY), HOUR - DAY, timedelta()),
    ],
)
def test_offsets_count_from_it_and_end_by_now(
    anchor: Anchored, start: timedelta, end: timedelta
) -> None:
    assert when.around(anchor, OLD, now=NOW) == Period(NOW + start, NOW + end)


def test_a_time_that_has_not_come_can_not_be_looked_at() -> None:
    anchor = Anchored(AnchorKind.INCIDENT, None, 2 * DAY)
    with pytest.raises(CantTell, match="incident inc-1 leaves no time that has passed"):
        when.around(anchor, OLD, now=NOW)


async def test_what_a_question_tells_is_looked_up(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    since = question(during=Anchored(AnchorKind.ROLLOUT), where={"model": small_fleet.sage})
    assert await when.during(since, toolbox, back=HOUR) == Period(NOW - DAY, NOW)
    assert await when.instant(since, toolbox) is None
    at = question(during=Moment(NOW - DAY))
    assert await when.instant(at, toolbox) == NOW - DAY
    assert await when.during(at, toolbox, back=HOUR) == Period(NOW - DAY - HOUR, NOW - DAY)
    assert await when.during(question(), toolbox, back=HOUR) == Period(NOW - HOUR, NOW)
    assert await when.compared_to(question(), toolbox) is None
    assert await when.instant(question(now=NOW - HOUR), toolbox) == NOW - HOUR
    lost = question(during=Anchored(AnchorKind.CHANGE, id="nothing"))
    with pytest.raises(CantTell, match="no change nothing is known that fits"):
        await when.during(lost, toolbox, back=HOUR)
