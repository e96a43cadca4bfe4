"""Simulated fleets that tests hurt in known ways and then look at: rates and means, then chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from graph.causes.candidates import CandidateCause
from graph.causes.inquiry import Scene
from graph.causes.ledgers import Ledger, ledgers_of
from graph.causes.panel import Array, Panel, is_total
from graph.causes.pursuit import Pursuit
from graph.causes.reach import reaches
from graph.causes.residuals import Effect
from graph.frame import Mask
from graph.slices import Metric
from tests.graph.causes.worlds import HOUR_S, START_S, event, filled, unit, until

HOURS, MIDDLE = 96, 48
"""Two days are compared with the two days before them."""
TENANTS, TIERS, TASKS = ("acme", "zeta"), ("free", "gold"), ("chat", "code", "math")
SERVED = {"big@aws": 0.4, "big@k8s": 0.25, "small@k8s": 0.35}
LEVEL = {"chat": 0.85, "code": 0.75, "math": 0.65}
WEAKER = 0.15
"""By how much the small model is worse."""
SPREAD = 0.15
RATE = 3.0
"""Requests of a kind of work, per hour and tenth of its traffic."""


@dataclass(frozen=True)
class Fleet:
    """What to expect of each unit and hour: requests, their mean, tokens of a request."""

    units: tuple[dict[str, str], ...]
    rate: Array
    mean: Array
    prompts: Array
    completions: Array
    metric: Metric = Metric.QUALITY
    spread: float = SPREAD

    def inside(self, **labels: str) -> Mask:
        """The units that have all of these labels."""
        return np.array(
            [all(each[name] == label for name, label in labels.items()) for each in self.units]
        )

    def hurt(self, exposure: npt.ArrayLike, *, by: float, **labels: str) -> "Fleet":
        """Another mean in some units, as far as each hour is exposed."""
        moved = self.inside(**labels)[:, None] * np.asarray(exposure, dtype=np.float64)
        return replace(self, mean=self.mean + by * moved)

    def grown(self, exposure: npt.ArrayLike, *, times: float, **labels: str) -> "Fleet":
        """More or fewer requests in some units."""
        part = self.inside(**labels)[:, None] * np.asarray(exposure, dtype=np.float64)
        return replace(self, rate=self.rate * (1 + (times - 1) * part))

    def moved(
        self, exposure: npt.ArrayLike, *, to: str, share: float = 1.0, **labels: str
    ) -> "Fleet":
        """A share of the requests of some units goes to another deployment of the same work."""
        leaving = self.inside(**labels) & ~self.inside(deployment=to)
        gone = self.rate * leaving[:, None] * share * np.asarray(exposure, dtype=np.float64)
        rate = self.rate - gone
        for place in np.flatnonzero(leaving):
            kin = {k: v for k, v in self.units[place].items() if k not in _OF_DEPLOYMENT}
            other = np.flatnonzero(self.inside(**kin, deployment=to))
            rate[other] += gone[place]
        return replace(self, rate=rate)

    def split(
        self, exposure: npt.ArrayLike, *, among: Mapping[str, str] | None = None, **labels: str
    ) -> "Fleet":
        """Some units twice: as they were, and with new labels, which an hour's exposure carries."""
        part = self.inside(**(among or {}))
        share = part[:, None] * np.asarray(exposure, dtype=np.float64)
        twins = tuple({**self.units[place], **labels} for place in np.flatnonzero(part))
        return replace(
            self,
            units=(*self.units, *twins),
            rate=np.concatenate([self.rate * (1 - share), (self.rate * share)[part]]),
            mean=np.concatenate([self.mean, self.mean[part]]),
            prompts=np.concatenate([self.prompts, self.prompts[part]]),
            completions=np.concatenate([self.completions, self.completions[part]]),
        )

    def drawn(self, seed: int, *, shared: float = 0.0) -> Scene:
        """What chance makes of it; all requests of an hour share a luck of that size."""
        rng = np.random.default_rng(seed)
        luck = np.asarray(rng.standard_normal(self.mean.shape[1]), dtype=np.float64)
        mean: Array = self.mean + shared * luck
        spread = 0.0 if self.metric is Metric.VOLUME else self.spread
        panel = filled(
            self.metric,
            self.units,
            hours=self.rate.shape[1],
            count=rng.poisson(self.rate),
            mean=1.0 if self.metric is Metric.VOLUME else mean,
            spread=spread,
            rng=rng,
            prompt_tokens=self.prompts,
            completion_tokens=self.completions,
        )
        # Observations scatter around their own mean with one degree of freedom less.
        within = spread**2 * rng.chisquare(np.maximum(panel.count - 1, 1e-9))
        squares = panel.total**2 / panel.count + np.where(panel.count > 1, within, 0.0)
        return scene(replace(panel, squares=squares))


_OF_DEPLOYMENT = {"deployment", "model", "backend"}


def scene(panel: Panel, *, middle: int = MIDDLE, belongs: Mask | None = None) -> Scene:
    """The question why the metric is another from the middle on."""
    before = until(panel, middle)
    counted = np.ones(len(before)) if belongs is None else belongs[panel.unit].astype(np.float64)
    lengths = int(panel.hour.max() - START_S) / HOUR_S + 1 - middle
    total, count = panel.total * counted, panel.count
    if is_total(panel.metric):
        delta = total[~before].sum() - lengths / middle * total[before].sum()
    else:
        delta = total[~before].sum() / count[~before].sum()
        delta -= total[before].sum() / count[before].sum()
    everything = np.ones(len(before), dtype=np.bool_)
    return Scene(
        panel, before, ~before, everything, belongs, float(delta), lengths=float(lengths / middle)
    )


def ledgers(scene: Scene) -> list[Ledger]:
    """The ledgers of a scene."""
    return ledgers_of(
        scene.panel,
        before=scene.before,
        during=scene.during,
        inside=scene.inside,
        belongs=scene.belongs,
    )


def pursued(
    scene: Scene, candidates: Sequence[CandidateCause], *, smallest: float = 0.0
) -> list[Effect]:
    """The effects that a pursuit finds in a scene."""
    told = ledgers(scene)
    return Pursuit(
        scene.panel,
        told,
        inside=scene.inside,
        before=scene.before & scene.inside,
        during=scene.during & scene.inside,
        candidates=candidates,
        reaches=reaches(
            candidates,
            scene.panel,
            [each.part for each in told],
            before=scene.before & scene.inside,
            during=scene.during & scene.inside,
        ),
        smallest=smallest,
    ).effects()


def fleet(
    metric: Metric = Metric.QUALITY,
    *,
    hours: int = HOURS,
    rate: float = RATE,
    tenants: Sequence[str] = TENANTS,
    spread: float = SPREAD,
) -> Fleet:
    """Every tenant's work of every tier and task on every deployment, busier by day."""
    judged = {"evaluator": "judge", "evaluator_version": "1"} if metric is Metric.QUALITY else {}
    units = tuple(
        unit(tenant=tenant, tier=tier, task_type=task, deployment=deployment, **judged)
        for tenant, tier, task, deployment in product(tenants, TIERS, TASKS, SERVED)
    )
    daily = 1 + 0.5 * np.sin(2 * np.pi * np.arange(hours) / 24)
    share = np.array([SERVED[each["deployment"]] for each in units])
    level = np.array(
        [
            LEVEL[each["task_type"]] - (WEAKER if each["deployment"] == "small@k8s" else 0.0)
            for each in units
        ]
    )
    shape = (len(units), hours)
    return Fleet(
        units=units,
        rate=10 * rate / len(TASKS) * share[:, None] * daily / len(tenants),
        mean=np.broadcast_to(level[:, None], shape).copy(),
        prompts=np.zeros(shape),
        completions=np.zeros(shape),
        metric=metric,
        spread=spread,
    )


def since(hour: float, *, until_hour: float = np.inf, hours: int = HOURS) -> Array:
    """The part of each hour that lies after one instant, and before another."""
    starts = np.arange(hours, dtype=np.float64)
    begun, over = (np.clip(starts + 1 - instant, 0.0, 1.0) for instant in (hour, until_hour))
    return np.asarray(begun - over, dtype=np.float64)


def ramp(hour: float, *, hours: int = HOURS) -> Array:
    """From nothing at an instant to all at the end."""
    risen = (np.arange(hours) + 0.5 - hour) / (hours - hour)
    return np.asarray(np.clip(risen, 0.0, 1.0), dtype=np.float64)


def worth(scene: Scene, hurt: Fleet, healthy: Fleet) -> float:
    """The true share of a scene's delta that lies between two fleets of the same requests."""
    panel = scene.panel
    place = (panel.hour - START_S) // HOUR_S
    # The units of a panel are in the order of its fleet's.
    apart = (hurt.mean - healthy.mean)[panel.unit, place]
    rows = scene.during & scene.inside
    return float((panel.count * apart)[rows].sum()) / (scene.delta * scene.size)


def decoys(around: float = MIDDLE) -> list[CandidateCause]:
    """Events that did nothing, of every node, here and there, near the time that matters."""
    return [
        event("change", "chg-idle", around - 7.6, ("deployment", "small@k8s")),
        event("change", "chg-notes", around + 9.3, ("task_type", "chat")),
        event("change", "chg-judge", around - 20.2, ("evaluator", "judge")),
        event("incident", "inc-far", around + 20.4, ("backend", "k8s"), ended=around + 23.4),
        event("maintenance", "mnt-aws", around - 11.5, ("backend", "aws"), ended=around - 9.0),
        event("change", "chg-zeta", around + 14.7, ("tenant", "zeta")),
    ]
