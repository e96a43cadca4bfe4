"""The run of an experiment that its revisions tell: its arms, since when, which shares. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from graph.policies.facts import ArmFacts
from graph.store.door import instant


@dataclass(frozen=True, slots=True)
class Step:
    """From when on arms had which percent of the users."""

    at: datetime
    percents: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch in which an experiment ran and each of its arms stood for the same.

    `arms` are those of its last step; shares may have changed from step to step.
    """

    policy: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    arms: tuple[ArmFacts, ...]
    steps: tuple[Step, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The arms in the order they were configured in, the baseline first."""
        return tuple(arm.arm for arm in self.arms)

    @property
    def removed(self) -> tuple[str, ...]:
        """Arms of earlier steps that the last one no longer has."""
        found = dict.fromkeys(name for step in self.steps for name in step.percents)
        return tuple(name for name in found if name not in self.names)


def run_of(told: Sequence[Mapping[str, Any]]) -> Run:
    """The last run, from what was told of an experiment (at least once), oldest first.

    Of two tellings for one instant the one that became known later holds. An arm that was given
    another deployment or policy version begins a new run: before, it was something else.
    """
    steps = list({instant(one["at"]): one for one in told}.items())
    running = [n for n, (_, one) in enumerate(steps) if one["status"] == "running"]
    last = running[-1] if running else len(steps) - 1
    first = last
    while running and first and _continues(steps[first - 1][1], steps[last][1]):
        first -= 1
    after = steps[last + 1 : last + 2]
    ended_at = after[0][0] if after else None
    return Run(
        policy=steps[last][1]["policy"],
        status=steps[-1][1]["status"],
        started_at=steps[first][0],
        ended_at=ended_at if running else steps[last][0],
        arms=arms_of(steps[last][1]),
        steps=tuple(
            Step(at, {arm.arm: arm.percent for arm in arms_of(one)})
            for at, one in steps[first : last + 1]
        ),
    )


def arms_of(told: Mapping[str, Any]) -> tuple[ArmFacts, ...]:
    """The arms of one telling."""
    return tuple(
        ArmFacts(
            arm=one["arm"],
            percent=float(one.get("percent") or 0.0),
            deployment=one.get("deployment"),
            policy_version=one.get("policy_version"),
        )
        for one in orjson.loads(told["arms"] or "[]")
    )


def _continues(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    if earlier["status"] != "running" or earlier["policy"] != later["policy"]:
        return False
    was = {arm.arm: (arm.deployment, arm.policy_version) for arm in arms_of(earlier)}
    return all(
        was.get(arm.arm, meant) == meant
        for arm in arms_of(later)
        for meant in [(arm.deployment, arm.policy_version)]
    )
