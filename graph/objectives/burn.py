"""The arithmetic of error budgets: how fast they burn, when to alert, what that calls for.

Burn rates and alerts over several windows are those of the Site Reliability Workbook (Beyer et al.
2018, chapter 5): a burn rate of 1 uses the budget up exactly in the objective's window; an alert
needs a long window, so that it means something, and a short one, so that it ends soon after its
cause. Added to it is that few events tell little: a lower limit of the share of bad events must
exceed what the alert allows, and more than a handful must be bad. Pure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from graph.estimates import Z95, Array
from graph.words import counted, percent

MINUTES_A_DAY = 1440
WINDOWS_MINUTES: tuple[int, ...] = (5, 30, 60, 120, 360, 1440, 4320)
"""The windows that a burn is told of, besides the objective's own."""
LEAST_COMPLETE = 0.8
"""A window of which less than this share of the scores to be expected is in does not alert."""
EXHAUSTED_SOON_DAYS = 0.5
NEARLY_GONE = 0.1
_FEW = 5
_PRIOR_BAD = 10.0
"""The last hours lean on the last days as if those were as many events as have ten bad ones at
the objective's own rate."""
_ALMOST = 1e-9


class SloAction(StrEnum):
    """What an objective calls for."""

    CONTINUE = "continue"
    """The budget lasts: go on changing things."""
    FREEZE = "freeze"
    """It burns too fast or is nearly gone: no risky changes."""
    LOCKDOWN = "lockdown"
    """It is gone, or will be within hours: only what restores service."""
    UNKNOWN = "unknown"
    """Too little data to tell."""


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast an error budget burns over one window: 1 uses it up exactly in the SLO's window.

    `bad` of `events` were bad; `rate` is None where no event tells, or where something was bad and
    a target of 1 leaves no budget to burn. `complete` is the share of the scores to be expected
    that are in (1 for objectives without scores).
    """

    window_minutes: int
    events: int
    bad: float
    rate: float | None
    complete: float

    @property
    def share(self) -> float | None:
        """The share of bad events; None without events."""
        return self.bad / self.events if self.events else None


@dataclass(frozen=True, slots=True)
class SloAlert:
    """A multi-window alert that fires: both windows burn at least at `threshold`."""

    severity: str
    long_minutes: int
    short_minutes: int
    threshold: float


@dataclass(frozen=True, slots=True)
class AlertRule:
    """When to alert: `budget_share` of the budget gone within the long window, and still burning.

    `least_bad` bad events in the long window are the fewest that are believed.
    """

    severity: str
    long_minutes: int
    short_minutes: int
    budget_share: float
    least_bad: int

    def threshold(self, window_days: float) -> float:
        """The burn rate from which the rule alerts; 14.4, 6 and 1 for a window of 30 days.

        Never below 1, at which the budget lasts: a short objective does not alert on less.
        """
        return max(self.budget_share * window_days * MINUTES_A_DAY / self.long_minutes, 1.0)


RULES: tuple[AlertRule, ...] = (
    AlertRule("page", 60, 5, 0.02, 10),
    AlertRule("page", 360, 30, 0.05, 10),
    AlertRule("ticket", 4320, 360, 0.10, _FEW),
)
"""The workbook's recommended alerts, the most urgent first."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An objective as it stands over its own window: what a verdict is made of.

    `leaving` are the bad events of the window in equal steps, the oldest first: they leave the
    window in this order. `noun` is what an event is called.
    """

    target: float
    window_days: float
    burns: tuple[Burn, ...]
    leaving: Array
    noun: str = "request"

    @property
    def own(self) -> Burn:
        """The burn over the objective's own window."""
        return self.burns[-1]

    @property
    def budget(self) -> float:
        """How many events of the window may be bad."""
        return self.own.events * max(1.0 - self.target, 0.0)


def window_minutes(window_days: float) -> tuple[int, ...]:
    """The windows told of an objective, its own last; no other is as long."""
    own = max(round(window_days * MINUTES_A_DAY), 1)
    return (*(minutes for minutes in WINDOWS_MINUTES if minutes < own), own)


def burn(
    *, window_minutes: int, events: int, bad: float, target: float, complete: float = 1.0
) -> Burn:
    """The burn over one window."""
    rate: float | None = None
    if events and target < 1:
        rate = bad / events / (1 - target)
    elif events and bad <= 0:
        rate = 0.0
    return Burn(window_minutes, events, bad, rate, complete)


def lower_limit(bad: float, events: int) -> float:
    """The lower end of Wilson's 95 % interval of a share (Wilson 1927).

    Of objectives that are just met, it lies above the target in one case of forty.
    """
    if not events or bad <= 0:
        return 0.0
    share = min(bad / events, 1.0)
    centre = share + Z95**2 / (2 * events)
    half = Z95 * math.sqrt(share * (1 - share) / events + Z95**2 / (4 * events**2))
    return max((centre - half) / (1 + Z95**2 / events), 0.0)


def alerts(burns: Sequence[Burn], *, target: float, window_days: float) -> tuple[SloAlert, ...]:
    """The alerts that fire, the most urgent first.

    A rule whose long window exceeds the objective's own is left out.
    """
    by_window = {each.window_minutes: each for each in burns}
    found: list[SloAlert] = []
    for rule in RULES:
        long, short = by_window.get(rule.long_minutes), by_window.get(rule.short_minutes)
        if long is None or short is None:
            continue
        threshold = rule.threshold(window_days)
        if _fires(rule, long, short, allowed=threshold * (1 - target)):
            found.append(SloAlert(rule.severity, rule.long_minutes, rule.short_minutes, threshold))
    return tuple(found)


def _fires(rule: AlertRule, long: Burn, short: Burn, *, allowed: float) -> bool:
    if min(long.complete, short.complete) < LEAST_COMPLETE or long.bad < rule.least_bad:
        return False
    return (
        _reaches(long, allowed)
        and _reaches(short, allowed)
        and lower_limit(long.bad, long.events) > allowed
    )


def _reaches(burn: Burn, allowed: float) -> bool:
    share = burn.share
    return share is not None and share > 0 and share >= allowed * (1 - _ALMOST)


def remaining(standing: Standing) -> float | None:
    """The share of the budget that is left, negative where overspent; None without events.

    A target of 1 leaves no budget: all of nothing is left (1) until the first bad event (0).
    """
    if not standing.own.events:
        return None
    if standing.budget <= 0:
        return 1.0 if standing.own.bad <= 0 else 0.0
    left = 1 - standing.own.bad / standing.budget
    return 0.0 if abs(left) < _ALMOST else left


def present_share(burns: Sequence[Burn], *, target: float) -> float | None:
    """The share of bad events at present: of the last 6 hours, drawn toward the last 3 days'.

    Windows that are not complete tell nothing; where neither tells, the objective's own does.
    """
    told = {each.window_minutes: each for each in burns if each.complete >= LEAST_COMPLETE}
    days = told.get(4320) or burns[-1]
    settled = days.share if days.events else burns[-1].share
    hours = told.get(360)
    if settled is None or hours is None or target >= 1:
        return settled
    prior = _PRIOR_BAD / (1 - target)
    return (hours.bad + prior * settled) / (hours.events + prior)


def days_to_exhaustion(standing: Standing) -> float | None:
    """Days until the budget is gone if bad events go on coming at the present share.

    What is in the window leaves it as time passes, so a steady burn below 1 may never exhaust
    the budget (None), and one that started late in the window may. 0 where it is gone.
    """
    own, budget = standing.own, standing.budget
    share = present_share(standing.burns, target=standing.target)
    if not own.events or share is None:
        return None
    if own.bad > 0 and own.bad >= budget - _ALMOST * own.events:
        return 0.0
    steps = len(standing.leaving)
    if share <= 0 or not steps:
        return None
    step_days = standing.window_days / steps
    coming = share * own.events / steps
    spent = np.concatenate([[own.bad], own.bad + np.cumsum(coming - standing.leaving)])
    over = np.nonzero(spent >= budget - _ALMOST)[0]
    if not len(over):
        return None
    place = int(over[0])
    if place == 0:
        return 0.0
    rise = float(spent[place] - spent[place - 1])
    part = (budget - float(spent[place - 1])) / rise if rise > 0 else 1.0
    return (place - 1 + min(max(part, 0.0), 1.0)) * step_days


def verdict(
    standing: Standing, fired: Sequence[SloAlert], *, days: float | None
) -> tuple[SloAction, tuple[str, ...]]:
    """The action an objective calls for, and why, the weightiest reason first."""
    own = standing.own
    left = remaining(standing)
    if left is None:
        return SloAction.UNKNOWN, (
            f"no {standing.noun} of the last {spell(own.window_minutes)} tells",
        )
    reasons = [_alert_words(standing, alert) for alert in fired]
    reasons += _budget_words(standing, left)
    reasons += _pace_words(left, days)
    reasons += _complete_words(standing)
    if not _told(standing):
        reasons.append(
            f"{counted(own.events, standing.noun)} are too few: less than one bad one is allowed, "
            "so that a single one would decide"
        )
        return SloAction.UNKNOWN, tuple(reasons)
    if own.complete < LEAST_COMPLETE:
        return SloAction.UNKNOWN, tuple(reasons)
    return _action(standing, fired, left=left, days=days), tuple(reasons)


def _told(standing: Standing) -> bool:
    """Whether the events are enough for the state of the budget not to hang on one of them."""
    own = standing.own
    sure = own.bad >= _FEW and lower_limit(own.bad, own.events) > 1 - standing.target
    return standing.target >= 1 or standing.budget >= 1 - _ALMOST or sure


def _action(
    standing: Standing, fired: Sequence[SloAlert], *, left: float, days: float | None
) -> SloAction:
    paged = any(alert.severity == "page" for alert in fired)
    # A single bad event may be chance, unless none was allowed.
    gone = left <= 0 and (standing.own.bad > 1 or standing.target >= 1)
    if gone or (paged and days is not None and days <= EXHAUSTED_SOON_DAYS):
        return SloAction.LOCKDOWN
    if fired or left < NEARLY_GONE:
        return SloAction.FREEZE
    return SloAction.CONTINUE


def _alert_words(standing: Standing, alert: SloAlert) -> str:
    long = next(b for b in standing.burns if b.window_minutes == alert.long_minutes)
    spent = "" if standing.budget <= 0 else f"{percent(long.bad / standing.budget)} of "
    at = "" if long.rate is None else f"burn rate {long.rate:.3g}, "
    return (
        f"burned {spent}the budget in {spell(alert.long_minutes)} ({at}"
        f"{_count(long.bad)} of {counted(long.events, standing.noun)} bad), and still burns: "
        f"{alert.severity} from a burn rate of {alert.threshold:.3g}"
    )


def _budget_words(standing: Standing, left: float) -> list[str]:
    own = standing.own
    share = 1 - own.bad / own.events
    words = (
        f"{percent(share)} of {counted(own.events, standing.noun)} in "
        f"{spell(own.window_minutes)} were good; {percent(standing.target)} are promised"
    )
    if standing.budget <= 0:
        allowed = "a target of 100 % allows no bad one"
    elif left > 0:
        allowed = f"{percent(left)} of the error budget is left"
    else:
        allowed = f"{percent(1 - left)} of the error budget is spent"
    return [words, allowed]


def _pace_words(left: float, days: float | None) -> list[str]:
    if left <= 0 or days is None:
        return []
    when = f"{days:.1f} days" if days >= 2 else f"{max(24 * days, 0.1):.1f} hours"
    return [f"at the present burn it is gone in {when}"]


def _complete_words(standing: Standing) -> list[str]:
    """One reason for the shortest window of at least an hour of which too few scores are in."""
    for each in standing.burns:
        long_enough = each.window_minutes >= 60 or each is standing.own
        if each.complete < LEAST_COMPLETE and long_enough:
            return [
                f"{percent(each.complete)} of the scores to be expected of "
                f"{spell(each.window_minutes)} are in, so that they do not alert"
            ]
    return []


def spell(minutes: int) -> str:
    """A window in words."""
    if minutes < 60:
        return counted(minutes, "minute")
    if minutes < 2 * MINUTES_A_DAY:
        return f"{minutes / 60:.3g} hours" if minutes != 60 else "1 hour"
    return f"{minutes / MINUTES_A_DAY:.3g} days"


def _count(bad: float) -> str:
    return f"{bad:.0f}" if bad == round(bad) or bad >= 100 else f"{bad:.3g}"
