"""Burn rates, alerts and exhaustion, held against the worked examples of the SRE workbook."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.objectives.burn import (
    RULES,
    Burn,
    SloAction,
    SloAlert,
    Standing,
    alerts,
    burn,
    days_to_exhaustion,
    lower_limit,
    present_share,
    remaining,
    spell,
    verdict,
    window_minutes,
)

MONTH = 30.0


def burns_of(
    minutes_bad: float,
    *,
    share: float,
    per_minute: float,
    target: float,
    window_days: float = MONTH,
    since: float = 0.0,
    complete: float = 1.0,
) -> tuple[Burn, ...]:
    """Burns of steady traffic, a share of it bad for some minutes, until `since` minutes ago."""
    found: list[Burn] = []
    for minutes in window_minutes(window_days):
        overlap = max(min(minutes, minutes_bad + since) - since, 0.0)
        found.append(
            burn(
                window_minutes=minutes,
                events=round(minutes * per_minute),
                bad=overlap * per_minute * share,
                target=target,
                complete=complete,
            )
        )
    return tuple(found)


def fired(found: tuple[SloAlert, ...]) -> list[tuple[str, int]]:
    return [(alert.severity, alert.long_minutes) for alert in found]


def standing(
    *,
    events: int = 100_000,
    bad: float = 0.0,
    target: float = 0.99,
    window_days: float = 28.0,
    recent: float | None = None,
    leaving: list[float] | None = None,
    complete: float = 1.0,
) -> Standing:
    """An objective whose last days had a `recent` share of bad events (its own share if None)."""
    share = bad / events if recent is None and events else recent or 0.0
    windows = window_minutes(window_days)
    per_minute = events / windows[-1]
    found = [
        burn(
            window_minutes=minutes,
            events=round(minutes * per_minute),
            bad=minutes * per_minute * share,
            target=target,
            complete=complete,
        )
        for minutes in windows[:-1]
    ]
    own = burn(window_minutes=windows[-1], events=events, bad=bad, target=target, complete=complete)
    steps = leaving if leaving is not None else [bad / 100] * 100
    return Standing(target, window_days, (*found, own), np.array(steps, dtype=np.float64))


def test_thresholds_are_the_workbooks_for_thirty_days_and_scale_with_the_window() -> None:
    assert [rule.threshold(30) for rule in RULES] == pytest.approx([14.4, 6, 1])
    assert [rule.threshold(28) for rule in RULES] == pytest.approx([13.44, 5.6, 1])
    # Of a week, a tenth in three days is less than lasts: an alert needs a burn of 1 at least.
    assert [rule.threshold(7) for rule in RULES] == pytest.approx([3.36, 1.4, 1])


@pytest.mark.parametrize(
    ("rate", "error_share", "days"),
    [(1, 0.001, 30), (2, 0.002, 15), (10, 0.01, 3), (1000, 1.0, 43.2 / 1440)],
)
def test_a_budget_of_999_lasts_as_long_as_the_table_says(
    rate: float, error_share: float, days: float
) -> None:
    # From a clean window: the budget of 30 days lasts 30 days over the burn rate.
    told = burn(window_minutes=60, events=10**6, bad=error_share * 10**6, target=0.999)
    assert told.rate == pytest.approx(rate)
    clean = standing(
        events=10**9, target=0.999, window_days=30, recent=error_share, leaving=[0.0] * 100
    )
    assert days_to_exhaustion(clean) == pytest.approx(days, rel=1e-3)


@pytest.mark.parametrize(
    ("share", "detected_minutes"), [(1.0, 0.864), (0.1, 8.64), (0.05, 17.28), (0.0144, 60.0)]
)
def test_the_fast_page_is_detected_when_the_workbooks_formula_says(
    share: float, detected_minutes: float
) -> None:
    # (1 - SLO) / error ratio * window * burn rate, for 99.9 % and 14.4 over an hour.
    def pages(minutes: float) -> bool:
        found = burns_of(minutes, share=share, per_minute=1e6, target=0.999)
        return ("page", 60) in fired(alerts(found, target=0.999, window_days=MONTH))

    assert not pages(0.98 * detected_minutes)
    assert pages(min(1.02 * detected_minutes, 62)) or share == 0.0144


@pytest.mark.parametrize(("rule", "budget"), [(RULES[0], 0.02), (RULES[1], 0.05), (RULES[2], 0.10)])
def test_each_rule_alerts_when_its_share_of_the_budget_is_gone(rule: object, budget: float) -> None:
    assert rule in RULES
    one = RULES[[r.budget_share for r in RULES].index(budget)]
    spent = one.threshold(MONTH) * one.long_minutes / (MONTH * 1440)
    assert spent == pytest.approx(budget)


def test_ten_minutes_of_15_percent_errors_page_and_stop_five_minutes_after() -> None:
    during = burns_of(10, share=0.15, per_minute=1000, target=0.999)
    assert ("page", 60) in fired(alerts(during, target=0.999, window_days=MONTH))
    soon = burns_of(10, share=0.15, per_minute=1000, target=0.999, since=4)
    assert ("page", 60) in fired(alerts(soon, target=0.999, window_days=MONTH))
    after = burns_of(10, share=0.15, per_minute=1000, target=0.999, since=6)
    # The long window alone would go on for most of an hour.
    assert after[2].rate is not None
    assert after[2].rate > 14.4
    assert ("page", 60) not in fired(alerts(after, target=0.999, window_days=MONTH))


def test_a_slow_burn_is_a_ticket_and_no_page() -> None:
    found = burns_of(4320, share=0.002, per_minute=100, target=0.999)
    assert fired(alerts(found, target=0.999, window_days=MONTH)) == [("ticket", 4320)]


def test_ten_requests_an_hour_spend_13_9_percent_of_the_budget_with_one_failure() -> None:
    told = standing(events=7200, bad=1, target=0.999, window_days=30)
    left = remaining(told)
    assert left is not None
    assert 1 - left == pytest.approx(0.139, abs=0.0005)
    # The failure is 100 times the allowed rate of its hour, and yet nobody is woken.
    hour = burn(window_minutes=60, events=10, bad=1, target=0.999)
    assert hour.rate == pytest.approx(100)
    minutes = burn(window_minutes=5, events=1, bad=1, target=0.999)
    assert alerts((minutes, hour), target=0.999, window_days=30) == ()


@given(
    events=st.lists(st.integers(1, 100_000), min_size=8, max_size=8),
    target=st.floats(0.5, 1.0),
    window_days=st.floats(0.01, 400),
)
def test_a_single_bad_event_never_alerts(
    events: list[int], target: float, window_days: float
) -> None:
    minutes = window_minutes(window_days)
    found = [
        burn(window_minutes=m, events=n, bad=1, target=target)
        for m, n in zip(minutes, events, strict=False)
    ]
    assert alerts(found, target=target, window_days=window_days) == ()


def test_twenty_requests_a_day_do_not_page_whatever_their_luck() -> None:
    rng = np.random.default_rng(3)
    paged = tickets = 0
    for _ in range(2000):
        # A day at 20 requests, each bad one time in fifty where one in a hundred is allowed.
        at = rng.uniform(0, 4320, rng.poisson(60))
        bad = rng.random(len(at)) < 0.02
        found = [
            burn(
                window_minutes=m,
                events=int((at < m).sum()),
                bad=float((bad & (at < m)).sum()),
                target=0.99,
            )
            for m in window_minutes(28)
        ]
        names = fired(alerts(found, target=0.99, window_days=28))
        paged += any(severity == "page" for severity, _ in names)
        tickets += bool(names)
    assert paged == 0
    assert tickets <= 20


def test_windows_without_enough_of_their_scores_do_not_alert() -> None:
    bad = burns_of(4320, share=0.9, per_minute=10, target=0.9)
    assert alerts(bad, target=0.9, window_days=MONTH) != ()
    few = burns_of(4320, share=0.9, per_minute=10, target=0.9, complete=0.79)
    assert alerts(few, target=0.9, window_days=MONTH) == ()


@given(
    bad=st.integers(0, 500), more=st.integers(1, 5000), good=st.integers(0, 5000),
    target=st.floats(0.5, 0.9999),
)  # fmt: skip
def test_good_events_only_lower_the_burn(bad: int, more: int, good: int, target: float) -> None:
    events = bad + good
    before = burn(window_minutes=60, events=events, bad=bad, target=target)
    after = burn(window_minutes=60, events=events + more, bad=bad, target=target)
    if before.rate is not None and after.rate is not None:
        assert after.rate <= before.rate
    assert lower_limit(bad, events + more) <= lower_limit(bad, events) + 1e-12


@given(bad=st.integers(0, 200), good=st.integers(0, 2000))
def test_the_lower_limit_is_below_the_share(bad: int, good: int) -> None:
    events = bad + good
    low = lower_limit(bad, events)
    assert 0 <= low <= (bad / events if events else 0.0)


def test_a_target_of_all_has_no_budget_and_one_bad_event_exhausts_it() -> None:
    clean = standing(target=1.0)
    assert (clean.own.rate, remaining(clean), days_to_exhaustion(clean)) == (0.0, 1.0, None)
    assert verdict(clean, (), days=None)[0] is SloAction.CONTINUE
    gone = standing(target=1.0, bad=1)
    assert (gone.own.rate, remaining(gone), days_to_exhaustion(gone)) == (None, 0.0, 0.0)
    assert verdict(gone, (), days=0.0)[0] is SloAction.LOCKDOWN


def test_a_window_without_events_tells_nothing() -> None:
    empty = standing(events=0)
    assert (empty.own.rate, remaining(empty), days_to_exhaustion(empty)) == (None, None, None)
    action, reasons = verdict(empty, (), days=None)
    assert action is SloAction.UNKNOWN
    assert reasons == ("no request of the last 28 days tells",)


def test_a_steady_burn_below_one_never_exhausts_and_above_one_does() -> None:
    assert days_to_exhaustion(standing(bad=800)) is None
    assert days_to_exhaustion(standing(bad=800, recent=0.008)) is None
    # Spent 80 %, evenly: at a burn of 2, (1 - 0.8) / (2 - 0.8) of the window.
    days = days_to_exhaustion(standing(bad=800, recent=0.02))
    assert days == pytest.approx(28 * 0.2 / 1.2, rel=0.01)


def test_a_burn_below_one_exhausts_where_an_old_incident_stays_in_the_window() -> None:
    # 90 % was spent ten days ago and stays for 18 days more; at 0.9 of the rate it is gone in
    # 0.1 / 0.9 of 28 days.
    leaving = [0.0] * 18 + [900.0] + [0.0] * 9
    days = days_to_exhaustion(standing(bad=900, recent=0.009, leaving=leaving))
    assert days == pytest.approx(28 * 0.1 / 0.9, rel=0.01)


def test_the_present_share_leans_on_the_last_days() -> None:
    hours = burn(window_minutes=360, events=10, bad=1, target=0.99)
    days = burn(window_minutes=4320, events=120, bad=0, target=0.99)
    own = burn(window_minutes=40320, events=1120, bad=0, target=0.99)
    share = present_share((hours, days, own), target=0.99)
    assert share == pytest.approx(1 / 1010)
    many = burn(window_minutes=360, events=10**6, bad=10**5, target=0.99)
    assert present_share((many, days, own), target=0.99) == pytest.approx(0.1, rel=0.01)


def test_what_it_calls_for() -> None:
    page = SloAlert("page", 60, 5, 13.44)
    ticket = SloAlert("ticket", 4320, 360, 1.0)
    fine = standing(bad=100)
    assert verdict(fine, (), days=None)[0] is SloAction.CONTINUE
    assert verdict(fine, (ticket,), days=20)[0] is SloAction.FREEZE
    assert verdict(fine, (page,), days=2)[0] is SloAction.FREEZE
    assert verdict(fine, (page,), days=0.3)[0] is SloAction.LOCKDOWN
    assert verdict(standing(bad=950), (), days=None)[0] is SloAction.FREEZE
    assert verdict(standing(bad=1000), (), days=0)[0] is SloAction.LOCKDOWN
    assert verdict(standing(bad=100, complete=0.5), (), days=None)[0] is SloAction.UNKNOWN


def test_too_few_events_are_told_as_such() -> None:
    action, reasons = verdict(standing(events=20, bad=1), (), days=0.0)
    assert action is SloAction.UNKNOWN
    assert any("20 requests are too few" in reason for reason in reasons)
    # So many bad ones are no chance, however few events there are.
    assert verdict(standing(events=20, bad=15), (), days=0.0)[0] is SloAction.LOCKDOWN
    # One bad of a hundred is what is allowed: gone by the count, and yet perhaps chance.
    assert verdict(standing(events=100, bad=1), (), days=0.0)[0] is SloAction.FREEZE


def test_reasons_have_figures() -> None:
    found = standing(events=28_000, bad=100, recent=0.5)
    told = verdict(found, (SloAlert("page", 360, 30, 5.6),), days=0.1)[1]
    assert told[0] == (
        "burned 44.6 % of the budget in 6 hours (burn rate 50, 125 of 250 requests bad), "
        "and still burns: page from a burn rate of 5.6"
    )
    assert told[1] == "99.6 % of 28000 requests in 28 days were good; 99 % are promised"
    assert told[2] == "64.3 % of the error budget is left"
    assert told[3] == "at the present burn it is gone in 2.4 hours"


def test_windows_are_those_below_the_objectives_own_and_its_own() -> None:
    assert window_minutes(28) == (5, 30, 60, 120, 360, 1440, 4320, 40320)
    assert window_minutes(1) == (5, 30, 60, 120, 360, 1440)
    assert window_minutes(0.0001) == (1,)
    assert [spell(m) for m in (5, 60, 90, 1440, 4320)] == [
        "5 minutes", "1 hour", "1.5 hours", "24 hours", "3 days",
    ]  # fmt: skip
