"""What the policy in force, the experiment and the user's rules want of one request: its course.

Pure. The order in which policies, rules, targets, experiments or arms are given never changes an
answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from itertools import chain
from math import fsum
from typing import Any

from graph.policies.assignment import Arms, draw, salted, stable_hash
from graph.policies.facts import (
    FREE,
    ArmFacts,
    Course,
    ExperimentFacts,
    PolicyFacts,
    policy_in_force,
)
from graph.policies.format import FORMAT, Rule, Target, read
from graph.policies.user_rules import UserRuleLike, joined

_KEPT = 4_096
"""Courses and lists of rules kept in memory for each set of policies, at most so many of each."""
_NOBODY: Mapping[str, str] = {}


def course(
    policies: Iterable[PolicyFacts],
    experiments: Iterable[ExperimentFacts],
    *,
    models: Mapping[str, str],
    tenant: str,
    user: str,
    tier: str | None,
    task_type: str,
    prompt_tokens: int,
    labels: Mapping[str, str] | None = None,
    user_rules: Sequence[UserRuleLike] = (),
) -> Course:
    """The course of one request; where many are asked for, keep a `Courses` instead."""
    return Courses(policies, experiments, models=models).course(
        tenant=tenant,
        user=user,
        tier=tier,
        task_type=task_type,
        prompt_tokens=prompt_tokens,
        labels=labels or _NOBODY,
        user_rules=user_rules,
    )


@dataclass(frozen=True, slots=True)
class _Request:
    """What rules may look at."""

    tenant: str
    user: str
    tier: str | None
    task_type: str
    prompt_tokens: int
    labels: Mapping[str, str]
    hash: int


@dataclass(frozen=True, slots=True)
class _Placed:
    """A user's arm of an experiment."""

    experiment: ExperimentFacts
    arm: ArmFacts
    propensity: float


_Key = tuple[str, str, str | None, str | None, str | None, float | None, tuple[str, ...]]


class Courses:
    """The courses under one set of policies and experiments, for one fleet.

    `models` has the model of each deployment that is known. Make one for each view: what does not
    depend on the request is made once, and what depends on little of it is kept.
    """

    def __init__(
        self,
        policies: Iterable[PolicyFacts],
        experiments: Iterable[ExperimentFacts],
        *,
        models: Mapping[str, str],
    ) -> None:
        self._policies = tuple(policies)
        self._versions = {(p.policy, p.version): p for p in self._policies}
        self._models = models
        self._deployments = _by_model(models)
        self._experiments: dict[str, list[tuple[ExperimentFacts, Arms, Mapping[str, ArmFacts]]]]
        self._experiments = {}
        for each in sorted(experiments, key=lambda e: e.experiment):
            if each.running:
                by_name = {arm.arm: arm for arm in each.arms}
                arms = Arms({name: arm.percent for name, arm in by_name.items()})
                self._experiments.setdefault(each.policy, []).append((each, arms, by_name))
        self._in_force: dict[tuple[str, str | None, str], PolicyFacts | None] = {}
        self._rules: dict[tuple[str, str, str | None, str], tuple[Rule, ...] | None] = {}
        self._splits: dict[tuple[str, str, str], Mapping[str, float]] = {}
        self._made: dict[_Key, Course] = {}

    def course(
        self,
        *,
        tenant: str,
        user: str,
        tier: str | None,
        task_type: str,
        prompt_tokens: int,
        labels: Mapping[str, str] = _NOBODY,
        user_rules: Sequence[UserRuleLike] = (),
    ) -> Course:
        """The course of one request; `tier` is the one it is served as."""
        number = stable_hash(tenant, user)
        request = _Request(tenant, user, tier, task_type, prompt_tokens, labels, number)
        found = self._policy_course(request)
        return _with_user_rules(found, user_rules, request=request) if user_rules else found

    def _policy_course(self, request: _Request) -> Course:
        place = (request.tenant, request.tier, request.task_type)
        if place not in self._in_force:
            _make_room(self._in_force)
            self._in_force[place] = policy_in_force(
                self._policies,
                tenant=request.tenant,
                tier=request.tier,
                task_type=request.task_type,
            )
        policy = self._in_force[place]
        if policy is None:
            return FREE
        placed = self._arm(policy.policy, request) if self._experiments else None
        version = policy
        if placed is not None and placed.arm.policy_version is not None:
            named = self._versions.get((policy.policy, placed.arm.policy_version))
            if named is not None and (not named.tenants or request.tenant in named.tenants):
                version = named
        rule = self._rule(version, request)
        order: tuple[str, ...] = ()
        if rule is not None and rule.use and rule.use[0].weight is not None:
            weights = self._split(version, rule)
            seed = salted(request.hash, "split", policy.policy, rule.name)
            order = draw(weights, seed=seed)
        key: _Key = (
            version.policy,
            version.version,
            rule.name if rule else None,
            placed.experiment.experiment if placed else None,
            placed.arm.arm if placed else None,
            placed.propensity if placed else None,
            order,
        )
        made = self._made.get(key)
        if made is None:
            _make_room(self._made)
            made = self._made[key] = self._make(
                version, rule=rule, placed=placed, order=order, in_force=policy
            )
        return made

    def _arm(self, policy: str, request: _Request) -> _Placed | None:
        """The user's arm: of several experiments on the policy, the first by name that has one."""
        left_over = 1.0
        for experiment, arms, by_name in self._experiments.get(policy, ()):
            name = arms.of(salted(request.hash, "arm", experiment.experiment))
            if name is not None:
                arm = by_name[name]
                return _Placed(experiment, arm, left_over * arm.percent / 100)
            left_over *= 1 - min(fsum(arm.percent for arm in by_name.values()), 100) / 100
        return None

    def _rule(self, policy: PolicyFacts, request: _Request) -> Rule | None:
        place = (policy.policy, policy.version, request.tier, request.task_type)
        if place not in self._rules:
            _make_room(self._rules)
            rules = read(policy.rules)
            self._rules[place] = rules and tuple(
                rule
                for rule in rules
                if (rule.when.task_type is None or request.task_type in rule.when.task_type)
                and (rule.when.tier is None or request.tier in rule.when.tier)
            )
        return next((r for r in self._rules[place] or () if _fits(r, request)), None)

    def _split(self, policy: PolicyFacts, rule: Rule) -> Mapping[str, float]:
        place = (policy.policy, policy.version, rule.name)
        if place not in self._splits:
            _make_room(self._splits)
            self._splits[place] = self._weights(rule)
        return self._splits[place]

    def _weights(self, rule: Rule) -> dict[str, float]:
        """What each known deployment is drawn for: a model's weight is shared by its deployments.

        A deployment named itself does not count among those of its model, nor one that is avoided.
        """
        weights: dict[str, float] = {}
        avoided = self._named(rule.avoid).keys()
        own = {use.deployment for use in rule.use}
        for use in rule.use:
            members = [d for d in self._resolved(use) if d not in avoided]
            if use.model is not None:
                members = [d for d in members if d not in own]
            for member in members:
                weights[member] = (use.weight or 0.0) / len(members)
        return weights

    def _resolved(self, target: Target) -> tuple[str, ...]:
        """The known deployments that a target names, by name."""
        if target.model is not None:
            return self._deployments.get(target.model, ())
        name = target.deployment or ""
        return (name,) if name in self._models else ()

    def _named(self, targets: Iterable[Target]) -> dict[str, None]:
        return dict.fromkeys(chain.from_iterable(self._resolved(each) for each in targets))

    def _make(
        self,
        policy: PolicyFacts,
        *,
        rule: Rule | None,
        placed: _Placed | None,
        order: tuple[str, ...],
        in_force: PolicyFacts,
    ) -> Course:
        found = Course(policy=policy.policy, policy_version=policy.version)
        steps = [_told_of(policy)]
        warnings: list[str] = []
        if rule is not None:
            found = self._ruled(found, rule, policy=policy, order=order)
            steps += _told_of_rule(rule, found)
            warnings += self._unknown(rule, policy=policy)
        elif read(policy.rules) is not None:
            steps.append(f"no rule of policy {policy.name} fits the request")
        if placed is not None:
            found = self._in_arm(found, placed, steps=steps, warnings=warnings)
            version = placed.arm.policy_version
            if version is not None and version != policy.version:
                warnings.append(
                    f"UNKNOWN_VERSION: arm {placed.arm.arm} names version {version} of policy"
                    f" {policy.policy}, which is not known or is for other tenants;"
                    f" {in_force.version} holds"
                )
        return replace(found, steps=tuple(steps), warnings=tuple(warnings))

    def _ruled(
        self, found: Course, rule: Rule, *, policy: PolicyFacts, order: tuple[str, ...]
    ) -> Course:
        whose = f"policy {policy.name}, rule {rule.name}"
        avoided = self._named(rule.avoid)
        used = self._named(rule.use)
        last = tuple(d for d in self._named(rule.fallbacks) if d not in used and d not in avoided)
        shares = self._split(policy, rule)
        largest = max((shares[d] for d in order), default=0.0)
        total = sum(shares[d] / largest for d in order)
        shares = {d: shares[d] / largest / total for d in order}

        def bound(most: float | None) -> tuple[float, str] | None:
            return None if most is None else (most, whose)

        return replace(
            found,
            rule=rule.name,
            only=dict.fromkeys((*used, *last), whose) if rule.use else None,
            avoid=dict.fromkeys(avoided, whose),
            first=order,
            last=last,
            shares=shares,
            propensity=shares[order[0]] if order else None,
            max_cost_usd=bound(rule.ceilings.cost_usd),
            max_latency_ms=bound(rule.ceilings.latency_ms),
            min_quality=bound(rule.floors.quality),
            flags=dict(sorted(rule.flags.items())),
        )

    def _in_arm(
        self, found: Course, placed: _Placed, *, steps: list[str], warnings: list[str]
    ) -> Course:
        experiment, arm = placed.experiment.experiment, placed.arm
        propensity = placed.propensity * (1.0 if found.propensity is None else found.propensity)
        found = replace(
            found,
            experiment=experiment,
            arm=arm.arm,
            propensity=propensity,
            arm_propensity=placed.propensity,
        )
        words = (
            f"experiment {experiment}: the user is in arm {arm.arm},"
            f" as {100 * placed.propensity:.4g} % of users are"
        )
        target = arm.deployment
        if arm.policy_version is not None:
            words += f", and is routed by version {arm.policy_version}"
        if target is not None:
            words += f", and goes to {target} first"
        steps.append(words)
        if target is None:
            return found
        whose = f"experiment {experiment}, arm {arm.arm}"
        if target not in self._models:
            warnings.append(
                f"UNKNOWN_DEPLOYMENT: {whose} names {target}, which is not known in the fleet"
            )
            return found
        if target in found.avoid:
            warnings.append(f"ARM_WITHOUT_EFFECT: {found.avoid[target]} avoids {target} of {whose}")
            return found
        return replace(
            found,
            first=(target, *(d for d in found.first if d != target)),
            last=tuple(d for d in found.last if d != target),
            only=None if found.only is None else {**found.only, target: whose},
            shares={target: 1.0},
            propensity=placed.propensity,
        )

    def _unknown(self, rule: Rule, *, policy: PolicyFacts) -> list[str]:
        """A warning where a rule names what the fleet does not have; none of an empty fleet."""
        if not self._models:
            return []
        targets = sorted({t.name: t for t in (*rule.use, *rule.fallbacks)}.items())
        lacking = [name for name, target in targets if not self._resolved(target)]
        if not lacking:
            return []
        listed = ", ".join(lacking)
        return [
            f"UNKNOWN_DEPLOYMENT: policy {policy.name}, rule {rule.name} names {listed},"
            " which is not known in the fleet"
        ]


def _by_model(models: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for deployment in sorted(models):
        found.setdefault(models[deployment], []).append(deployment)
    return {model: tuple(deployments) for model, deployments in found.items()}


def _make_room(kept: dict[Any, Any]) -> None:
    if len(kept) >= _KEPT:
        # The oldest goes; dicts keep the order in which they were filled.
        del kept[next(iter(kept))]


def _fits(rule: Rule, request: _Request) -> bool:
    """Whether the conditions hold that the task type and the tier do not settle."""
    when = rule.when
    if when.tenant is not None and request.tenant not in when.tenant:
        return False
    if when.user is not None and request.user not in when.user:
        return False
    length = when.prompt_tokens
    if length is not None:
        if length.min is not None and request.prompt_tokens < length.min:
            return False
        if length.max is not None and request.prompt_tokens > length.max:
            return False
    return all(request.labels.get(name) in values for name, values in when.labels.items())


def _told_of(policy: PolicyFacts) -> str:
    words = f"policy {policy.name} of {policy.published_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if read(policy.rules) is None:
        words += f": its rules are not in the format {FORMAT}, so they are not read here"
    return words


def _told_of_rule(rule: Rule, found: Course) -> list[str]:
    """What a rule does, in words, and why it and not another."""
    conditions = rule.when.conditions
    why = f"priority {rule.priority}, {conditions} condition{'' if conditions == 1 else 's'}"
    steps = [
        f"rule {rule.name} decides ({why}): highest priority, then most conditions, then by name"
    ]
    if found.first:
        drawn = found.first[0]
        share = found.shares[drawn]
        steps.append(f"split by user: {drawn} was drawn, as for {100 * share:.4g} % of users")
    elif rule.use:
        allowed = ", ".join(sorted(d for d in found.only or () if d not in found.last))
        weightless = "" if rule.use[0].weight is None else ", as no weight is above zero"
        steps.append(f"best score first{weightless}, of: {allowed or 'none that is known'}")
    if found.last:
        steps.append(f"fallbacks, in this order: {', '.join(found.last)}")
    if found.avoid:
        steps.append(f"avoided: {', '.join(sorted(found.avoid))}")
    if found.flags:
        steps.append("flags: " + ", ".join(f"{k}={v}" for k, v in found.flags.items()))
    return steps


def _with_user_rules(found: Course, rules: Iterable[UserRuleLike], *, request: _Request) -> Course:
    own = joined(
        rules,
        tier=request.tier,
        task_type=request.task_type,
        prompt_tokens=request.prompt_tokens,
        labels=request.labels,
    )
    if not own.fitting and not own.warnings:
        return found
    steps = found.steps
    if own.fitting:
        words = f"rules of user {request.user} that fit: {own.fitting}"
        if own.only is not None:
            words += f"; only {', '.join(own.only)}"
        if own.avoid:
            words += f"; never {', '.join(own.avoid)}"
        steps = (*steps, words)
    whose = f"user {request.user}"
    return replace(
        found,
        user_only=None if own.only is None else dict.fromkeys(own.only, whose),
        user_avoid=dict.fromkeys(own.avoid, whose),
        steps=steps,
        warnings=(*found.warnings, *own.warnings),
    )
