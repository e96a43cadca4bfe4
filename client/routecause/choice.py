"""What is asked and what comes back: the request, the ranked deployments, the decision to report.

Nothing here does I/O. Fields that a newer service adds are ignored, and ones that an older service
leaves out have a default, so that either side can be upgraded first.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, cast

NO_POLICY: Final = "none"
"""What a decision names as policy and as version where no policy was in force."""
CANDIDATES_AT_MOST: Final = 200
"""As many candidates as the service takes in a decision."""
REASONS_AT_MOST: Final = 50

Fallback: TypeAlias = "str | tuple[str, str]"
"""A deployment that was tried before and failed, alone or with the cause."""
Method = Literal["rule", "semantic", "learned", "pinned", "fallback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that is to be routed. Without `tenant` it is the key's own, without `tier` the
    user's configured one. `reserve=False` only looks: nothing is booked for it.
    """

    user: str
    task_type: str
    prompt_tokens: int
    tenant: str | None = None
    tier: str | None = None
    max_completion_tokens: int | None = None
    max_latency_ms: float | None = None
    max_cost_usd: float | None = None
    min_quality: float | None = None
    capabilities: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    reserve: bool = True

    def as_json(self) -> dict[str, Any]:
        """The body of `POST /v1/route`."""
        body: dict[str, Any] = {
            "user": self.user,
            "taskType": self.task_type,
            "promptTokens": self.prompt_tokens,
            "tenant": self.tenant,
            "tier": self.tier,
            "maxCompletionTokens": self.max_completion_tokens,
            "labels": dict(self.labels),
        }
        demands: dict[str, Any] = {
            "maxLatencyMs": self.max_latency_ms,
            "maxCostUsd": self.max_cost_usd,
            "minQuality": self.min_quality,
            "capabilities": list(self.capabilities),
        }
        body["requirements"] = _told(demands)
        told = _told(body)
        if not self.reserve:
            told["reserve"] = False
        return told

    def requirements(self) -> dict[str, Any]:
        """What it demands, as an event tells it."""
        return _told(
            {
                "max_latency_ms": self.max_latency_ms,
                "max_cost_usd": self.max_cost_usd,
                "min_quality": self.min_quality,
                "capabilities": list(self.capabilities),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One deployment for one request; the meaning of each field is `Candidate`'s of the API."""

    deployment: str
    rank: int | None = None
    score: float | None = None
    eligible: bool = False
    reasons: tuple[str, ...] = ()
    reason_codes: tuple[str, ...] = ()
    expected_latency_ms: float | None = None
    expected_cost_usd: float | None = None
    expected_quality: float | None = None
    quality_samples: int | None = None
    status: str = "UNKNOWN"
    stale: bool = False
    propensity: float | None = None
    probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Every deployment for one request, best first, then those ruled out, the least bad first.

    `stale` says not to rely on it: the service's own view was old, or the answer is `remembered`:
    given `age_ms` ago for a like request, because (`problem`) the service did not answer in time.
    """

    request: Request
    candidates: tuple[Candidate, ...] = ()
    as_of: str | None = None
    view_version: str | None = None
    tier: str | None = None
    policy: str | None = None
    policy_version: str | None = None
    policy_rule: str | None = None
    experiment: str | None = None
    arm: str | None = None
    propensity: float | None = None
    flags: Mapping[str, str] = field(default_factory=dict[str, str])
    stale: bool = False
    budget_remaining_usd: float | None = None
    quota_remaining: float | None = None
    steps: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    asked_at: datetime | None = None
    age_ms: float = 0.0
    remembered: bool = False
    problem: str | None = None

    @property
    def deployment(self) -> str | None:
        """The best deployment that may serve the request; None where none may or none is known."""
        first = next(iter(self.candidates), None)
        return first.deployment if first is not None and first.eligible else None

    @property
    def least_bad(self) -> str | None:
        """The best deployment, or where all are ruled out the one with least against it."""
        return self.candidates[0].deployment if self.candidates else None

    def candidate(self, deployment: str) -> Candidate | None:
        """What is known of one deployment."""
        return next((one for one in self.candidates if one.deployment == deployment), None)

    def decision(
        self,
        deployment: str | None = None,
        *,
        method: Method | None = None,
        fallback_from: Sequence[Fallback] = (),
        reasons: Sequence[str] = (),
        rejected: Mapping[str, str] | None = None,
        router_version: str | None = None,
    ) -> dict[str, Any]:
        """The decision record of an event: all candidates with scores, or codes against them.

        `deployment` is where the request went, by default `self.deployment`. `rejected` holds the
        router's own reasons against candidates, by deployment. Raises ValueError where no
        deployment is given and none was chosen.
        """
        served = deployment or self.deployment
        if served is None:
            raise ValueError("no deployment was chosen: say which one served the request")
        chosen = self.candidate(served)
        why = [*reasons, *(chosen.reasons if chosen is not None else ())]
        if self.problem is not None:
            why.append(self._says_how_old())
        first = self.least_bad == served
        propensity = chosen.propensity if chosen is not None else None
        return _told(
            {
                "deployment": served,
                "policy": self.policy or NO_POLICY,
                "policy_version": self.policy_version or NO_POLICY,
                "method": method or self._method(fallback_from),
                "router_version": router_version,
                "experiment": self.experiment,
                "arm": self.arm,
                "propensity": self.propensity if propensity is None and first else propensity,
                "exploration": True if chosen is not None and chosen.probe else None,
                "view_version": self.view_version,
                "reasons": why[:REASONS_AT_MOST],
                "candidates": self._weighed(rejected or {}),
                "fallback_from": [_fallback(one) for one in fallback_from],
            }
        )

    def _method(self, fallback_from: Sequence[Fallback]) -> Method:
        if fallback_from:
            return "fallback"
        return "rule" if self.policy_rule is not None else "learned"

    def _says_how_old(self) -> str:
        if isinstance(self, NoView):
            return f"no view of Routecause: {self.problem}"
        return f"from memory, {self.age_ms:.0f} ms old: {self.problem}"

    def _weighed(self, rejected: Mapping[str, str]) -> list[dict[str, Any]]:
        return [
            _told(
                {
                    "deployment": one.deployment,
                    "score": one.score,
                    "propensity": one.propensity,
                    "rejected": rejected.get(one.deployment) or _codes(one),
                }
            )
            for one in self.candidates[:CANDIDATES_AT_MOST]
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoView(Choice):
    """The service did not answer in time and nothing is remembered; `problem` says why."""


def choice_of(body: bytes, *, request: Request) -> Choice:
    """A choice from the answer of `POST /v1/route`. Raises ValueError where it is none."""
    told = json.loads(body)
    if not isinstance(told, dict) or "candidates" not in told:
        raise ValueError("the answer has no candidates; is this the address of Routecause?")
    view = cast("dict[str, Any]", told)
    return Choice(
        request=request,
        candidates=tuple(_candidate(one) for one in _objects(view.get("candidates"))),
        as_of=_text(view.get("asOf")),
        view_version=_text(view.get("viewVersion")),
        tier=_text(view.get("tier")),
        policy=_text(view.get("policy")),
        policy_version=_text(view.get("policyVersion")),
        policy_rule=_text(view.get("policyRule")),
        experiment=_text(view.get("experiment")),
        arm=_text(view.get("arm")),
        propensity=_number(view.get("propensity")),
        flags=_flags(view.get("flags")),
        stale=bool(view.get("stale")),
        budget_remaining_usd=_number(view.get("budgetRemainingUsd")),
        quota_remaining=_number(view.get("quotaRemaining")),
        steps=_texts(view.get("steps")),
        warnings=_texts(view.get("warnings")),
    )


def _candidate(told: Mapping[str, Any]) -> Candidate:
    eligible = bool(told.get("eligible"))
    reasons = _texts(told.get("reasons"))
    codes = _texts(told.get("reasonCodes"))
    rank, samples = _number(told.get("rank")), _number(told.get("qualitySamples"))
    return Candidate(
        deployment=str(told["deployment"]),
        rank=None if rank is None else int(rank),
        score=_number(told.get("score")),
        eligible=eligible,
        reasons=reasons,
        # A service that tells no codes begins each reason with its code.
        reason_codes=codes or (() if eligible else tuple(r.partition(":")[0] for r in reasons)),
        expected_latency_ms=_number(told.get("expectedLatencyMs")),
        expected_cost_usd=_number(told.get("expectedCostUsd")),
        expected_quality=_number(told.get("expectedQuality")),
        quality_samples=None if samples is None else int(samples),
        status=_text(told.get("status")) or "UNKNOWN",
        stale=bool(told.get("stale")),
        propensity=_number(told.get("propensity")),
        probe=bool(told.get("probe")),
    )


def _codes(one: Candidate) -> str | None:
    if one.eligible:
        return None
    return ",".join(one.reason_codes) or "ineligible"


def _fallback(one: Fallback) -> dict[str, str]:
    if isinstance(one, str):
        return {"deployment": one}
    return {"deployment": one[0], "cause": one[1]}


def _flags(value: Any) -> dict[str, str]:
    """Flags as a list of name and value, the value as JSON; or as an object."""
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        return {name: json.dumps(flag) for name, flag in named.items()}
    return {str(one.get("name")): str(one.get("value")) for one in _objects(value)}


def _told(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not told."""
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


def _objects(value: Any) -> list[dict[str, Any]]:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", one) for one in items if isinstance(one, dict)]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in cast("list[Any]", value)) if isinstance(value, list) else ()


def _number(value: Any) -> float | None:
    told = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if told else None
