"""Spent is the graph's sum and the tail, whatever the order in which both are learned."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.hot.accounts import day_of
from graph.hot.allowances import spending
from graph.hot.allowances.spending import END, Part, Place, Spending, kept, parts_of, position_of

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
HOUR = int(NOW.timestamp()) // 3_600
TODAY = day_of(NOW)
CHARGES = st.dictionaries(
    st.integers(1, 60).map(lambda n: f"{1_000 + n // 3}-{n}"),
    st.builds(
        Part,
        st.sampled_from(["a", "b"]),
        st.sampled_from(["", "u", "v"]),
        st.integers(HOUR - 800, HOUR),
        st.integers(0, 10**9),
    ).map(lambda part: (part,)),
)


def total(charges: dict[str, tuple[Part, ...]], tenant: str, user: str) -> tuple[int, int]:
    month = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) // 3_600
    parts = [p for told in charges.values() for p in told if p.tenant == tenant]
    mine = [p for p in parts if not user or p.user == user]
    day = sum(p.nano_usd for p in mine if p.hour // 24 == TODAY)
    return day, 0 if user else sum(p.nano_usd for p in mine if p.hour >= month)


def graph_sums(charges: dict[str, tuple[Part, ...]]) -> dict[Place, int]:
    sums: dict[Place, int] = {}
    for part in (p for told in charges.values() for p in told):
        places = [Place(part.tenant, "", part.hour)]
        if part.user:
            places.append(Place(part.tenant, part.user, part.hour // 24))
        for place in places:
            sums[place] = sums.get(place, 0) + part.nano_usd
    return sums


@given(CHARGES, st.integers(0, 25), st.data())
def test_wherever_the_writer_stands_the_sum_is_the_same(
    charges: dict[str, tuple[Part, ...]], stands: int, data: st.DataObject
) -> None:
    position = (1_000 + stands, 0)
    written = {i: told for i, told in charges.items() if position_of(i) < position}
    held = Spending.of({}, {})
    for entry_id in data.draw(st.permutations(sorted(charges))):
        held.charge(entry_id, charges[entry_id])
        held.charge(entry_id, charges[entry_id])
    inside = held.before(position)
    assert sorted(inside) == sorted(written)
    assert held.places(inside) == set(graph_sums(written))
    for place, nano_usd in graph_sums(written).items():
        held.read(place, nano_usd)
    held.settle(inside)
    for tenant in ("a", "b"):
        for user in ("", "u", "v"):
            assert held.spent(tenant, user, now=NOW) == total(charges, tenant, user)
    again = Spending.of(held.sums, held.tail)
    assert again.spent("a", "", now=NOW) == held.spent("a", "", now=NOW)


@given(CHARGES)
def test_all_written_leaves_no_tail(charges: dict[str, tuple[Part, ...]]) -> None:
    held = Spending.of({}, charges)
    held.settle(held.before(END))
    assert held.tail == {}
    assert held.spent("a", "", now=NOW) == (0, 0)


def test_a_tail_grown_long_is_folded_without_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spending, "TAIL_LIMIT", 10)
    held = Spending()
    for n in range(11):
        held.charge(f"{n}-0", [Part("a", f"u{n % 2}", HOUR, 5)])
    before = [held.spent("a", user, now=NOW) for user in ("", "u0", "u1")]
    folded = held.folded()
    assert folded is not None
    held.fold(folded)
    assert len(held.tail) == 7
    assert folded.entry_id == "4-0"
    assert [held.spent("a", user, now=NOW) for user in ("", "u0", "u1")] == before
    # What was folded is in the graph only once all of it is.
    assert held.before((4, 0)) == []
    assert held.before((5, 0)) == ["4-0"]
    assert held.folded() is None


def test_days_and_months_that_are_over_are_forgotten() -> None:
    held = Spending.of({Place("a", "", HOUR): 1, Place("a", "u", TODAY): 2}, {})
    assert held.outdated(now=NOW) == []
    assert held.outdated(now=NOW + timedelta(days=1)) == [Place("a", "u", TODAY)]
    assert held.spent("a", "", now=NOW + timedelta(days=1)) == (0, 1)
    for place in held.outdated(now=NOW + timedelta(days=20)):
        held.forget(place)
    assert held.sums == {}
    assert held.spent("a", "", now=NOW) == (0, 0)


def test_what_is_kept_is_read_again() -> None:
    parts = (Part("a", "u", HOUR, 5), Part("b", "", HOUR, 6))
    assert parts_of(kept(parts).encode()) == parts
    for place in (Place("a", "u\u00e9", 7), Place("a", "", 7)):
        assert Place.of(place.field) == place
