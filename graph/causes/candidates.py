"""What happened that could be a cause: recorded events with what they touch and when. Pure data."""

from dataclasses import dataclass
from datetime import datetime

from graph.slices import EntityRef


@dataclass(frozen=True, slots=True)
class CandidateCause:
    """An event that may have moved a metric.

    `node` is the kind of its node (change, policy_version, experiment, incident, maintenance);
    `kind` what it was (rollout, price, policy, incident, …). `id` is the change's or incident's
    own, `policy@version`, or the experiment's. `at` is when it took effect, `ended_at` when that
    ended (None: it lasts). `targets` are what it names: deployment, model, backend, task_type,
    tier, tenant, evaluator, router, policy; none for a global incident. A policy version or an
    experiment also has `policy`, and a version is for `task_types`, `tiers`, `tenants` only where
    these are given. `arms` are the arms of an experiment.
    """

    node: str
    kind: str
    id: str
    title: str
    at: datetime
    recorded_at: datetime
    ended_at: datetime | None = None
    targets: tuple[EntityRef, ...] = ()
    policy: str | None = None
    task_types: frozenset[str] | None = None
    tiers: frozenset[str] | None = None
    tenants: frozenset[str] | None = None
    arms: tuple[str, ...] = ()
    author: str | None = None
