"""Buckets refill as time says, however it is cut up; shares never add up to more than there is."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.hot.accounts import (
    DEBT_LIMIT,
    MICRO,
    Account,
    Meter,
    Quota,
    day_of,
    micros,
    month_end,
    quota,
    replayed,
    share,
)
from graph.hot.allowances.reservations import WINDOW_S

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
START_US = micros(NOON)
RATES = st.builds(
    Quota, st.floats(0.01, 1e6) | st.integers(1, 1000), st.sampled_from([1, 60, 86_400])
)
STEPS = st.lists(st.tuples(st.integers(0, 5 * MICRO), st.integers(0, 20)), max_size=30)


@given(RATES, STEPS)
def test_a_debt_stays_within_its_bounds(rate: Quota, steps: list[tuple[int, int]]) -> None:
    meter, now_us = Meter(), START_US
    for wait_us, requests in steps:
        now_us += wait_us
        meter = meter.taken(requests * MICRO, rate=rate, now_us=now_us)
        assert 0 <= meter.debt_micro <= DEBT_LIMIT * rate.burst_micro
        assert meter.at_us <= now_us
        assert meter.remaining(rate, now_us=now_us) <= rate.burst


@given(RATES, st.integers(0, 10**12), st.lists(st.integers(0, 10 * MICRO), max_size=20))
def test_looking_often_refills_as_much_as_looking_once(
    rate: Quota, debt: int, waits: list[int]
) -> None:
    once = often = Meter(min(debt, DEBT_LIMIT * rate.burst_micro), START_US)
    now_us = START_US
    for wait_us in waits:
        now_us += wait_us
        often = often.settled(rate, now_us=now_us)
    once = once.settled(rate, now_us=now_us)
    # Each look may round down by less than a millionth, and keeps the time it did not use; the
    # rest is what floating point loses on long sums.
    slack = len(waits) + 1 + rate.limit / rate.period_s
    assert abs(once.debt_micro - often.debt_micro) <= slack


@given(RATES, st.lists(st.integers(0, 5), max_size=10))
def test_the_order_of_what_is_taken_at_once_never_matters(rate: Quota, taken: list[int]) -> None:
    def after(amounts: list[int]) -> Meter:
        meter = Meter()
        for amount in amounts:
            meter = meter.taken(amount * MICRO, rate=rate, now_us=START_US)
        return meter

    assert after(taken) == after(sorted(taken)) == after(taken[::-1])


def test_a_bucket_holds_one_period_and_refills_over_it() -> None:
    rate = Quota(20, 1)
    empty = Meter().taken(20 * MICRO, rate=rate, now_us=START_US)
    assert empty.remaining(rate, now_us=START_US) == 0
    assert empty.remaining(rate, now_us=START_US + MICRO // 2) == 10
    assert empty.remaining(rate, now_us=START_US + MICRO) == 20
    assert empty.remaining(rate, now_us=START_US + 60 * MICRO) == 20
    assert empty.returns_us(rate, debt_micro=19 * MICRO) == START_US + MICRO // 20


def test_a_slow_bucket_holds_one_and_an_empty_limit_none() -> None:
    assert Quota(0.1, 1).burst == 1
    nothing = Quota(0, 1)
    assert nothing.burst == 0
    assert Meter().remaining(nothing, now_us=START_US) == 0
    assert Meter().returns_us(nothing, debt_micro=0) is None
    assert quota(None, 1) is None
    assert quota(1e12, 1) is None


def test_a_clock_that_is_behind_refills_nothing() -> None:
    rate = Quota(10, 1)
    meter = Meter(5 * MICRO, START_US)
    assert meter.settled(rate, now_us=START_US - MICRO) == meter


@given(
    st.floats(0, 1e6),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 19), st.floats(0.01, 1e4)), max_size=60),
)
def test_processes_together_take_no_more_than_there_is(
    left: float, processes: int, wanted: list[tuple[int, float]]
) -> None:
    """Between two views: nobody knows what the others took."""
    own = [0.0] * processes
    alone = 0.0
    for index, amount in wanted:
        mine = own[index % processes]
        usable = share(left - mine, own=mine, processes=processes)
        if amount <= usable:
            # Beyond its share only what it took while it had nothing.
            if mine == 0 and amount > left / processes:
                alone = max(alone, amount)
            own[index % processes] += amount
    assert sum(own) <= left + max(0, processes - 1) * alone + 1e-6 * left


def test_one_process_may_take_all() -> None:
    assert share(5.0, own=3.0, processes=1) == 5.0
    assert share(5.0, own=0.0, processes=4) == 5.0
    assert share(5.0, own=3.0, processes=4) == -1.0


def test_what_was_spent_ends_with_its_day_and_its_month() -> None:
    account = Account(tenant="t", day=day_of(NOON), spent_day_nano_usd=3, spent_month_nano_usd=9)
    later = NOON + timedelta(days=1)
    assert (account.day_nano_usd(NOON), account.month_nano_usd(NOON)) == (3, 9)
    assert (account.day_nano_usd(later), account.month_nano_usd(later)) == (0, 9)
    assert account.month_nano_usd(month_end(NOON)) == 0
    assert month_end(datetime(2026, 12, 31, 23, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)


@given(st.dictionaries(st.integers(0, 23), st.integers(1, 50), max_size=24))
def test_a_day_replayed_owes_no_more_than_it_sent(ago: dict[int, int]) -> None:
    rate = Quota(240, 86_400)
    hour = START_US // (3_600 * MICRO)
    meter = replayed({hour - back: sent for back, sent in ago.items()}, rate=rate, now=NOON)
    assert meter.debt_micro <= sum(ago.values()) * MICRO
    # Ten come back each hour.
    least = sum(max(0, sent - 10 * (back + 1)) for back, sent in ago.items())
    assert meter.debt_micro >= min(least, rate.limit) * MICRO


def overshoot(*, processes: int, window_s: float, seed: int) -> float:
    """Requests over a budget of 200, where every process sees views up to half a second old."""
    chance, left, sent_at = random.Random(seed), 200.0, [list[float]() for _ in range(processes)]
    slow = [chance.random() < 0.5 for _ in sent_at]
    viewed_s = [0.0] * processes
    for step in range(300):
        now_s = step / 50
        for index in chance.sample(range(processes), processes):
            mine = sent_at[index]
            lag_s = 0.5 if slow[index] else chance.uniform(0, 0.5)
            viewed_s[index] = max(viewed_s[index], now_s - lag_s)
            seen = sum(at <= viewed_s[index] for each in sent_at for at in each)
            unseen = sum(at > viewed_s[index] for at in mine)
            own = sum(at > viewed_s[index] or at > now_s - window_s for at in mine)
            while share(left - seen - unseen, own=own, processes=processes) >= 1:
                mine.append(now_s)
                unseen, own = unseen + 1, own + 1
                if chance.random() < 0.2:
                    break
    return sum(map(len, sent_at)) - left


@pytest.mark.parametrize("processes", [2, 3, 5])
def test_with_views_of_different_ages_each_other_process_adds_one_at_most(processes: int) -> None:
    found = [overshoot(processes=processes, window_s=WINDOW_S, seed=seed) for seed in range(5)]
    assert -1 < min(found) <= max(found) <= processes - 1


def test_without_the_window_views_of_different_ages_would_add_much() -> None:
    assert max(overshoot(processes=3, window_s=0, seed=seed) for seed in range(5)) > 2
