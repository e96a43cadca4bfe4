"""Bounds that hold at every look, so that an experiment may be watched while it runs. Pure.

Confidence sequences for an estimate that is nearly normal, and a test for arms whose users are not
as many as configured; whoever looks every day, or stops when it pleases, errs no more often.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ALPHA = 0.05
"""How often one of all the comparisons of an experiment may err, over all looks together."""
_LEAST_FREEDOM = 4.0
"""With fewer degrees of freedom nothing is bounded: the variance itself is hardly known."""
_CONCENTRATION = 200.0
"""Users that the configured shares weigh in the alternative of the ratio test."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """An interval; infinite where nothing can be bounded."""

    low: float
    high: float


UNBOUNDED = Bounds(-math.inf, math.inf)


def confidence_sequence(
    estimate: float, variance: float, *, freedom: float, scale: float, alpha: float = ALPHA
) -> Bounds:
    """The bounds of an estimate at one look, valid at all looks together.

    Robbins' normal mixture as an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha,
    Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences",
    Annals of Statistics 2024), written in the variance of the estimate. `scale` is the standard
    deviation of the mixture, in units of the estimate, and must be fixed beforehand: the bounds
    are narrowest once the standard error is about a third of it, and valid always. The theory is
    for many users; for few, the normal tail is exchanged for Student's with `freedom` degrees.
    """
    if not freedom >= _LEAST_FREEDOM or not math.isfinite(estimate) or not variance >= 0:
        return UNBOUNDED
    half = _deviations(variance, scale, alpha, freedom) * math.sqrt(variance) if variance else 0.0
    return Bounds(estimate - half, estimate + half)


def _deviations(variance: float, scale: float, alpha: float, freedom: float) -> float:
    """How many standard errors the bounds lie from the estimate."""
    ratio = scale * scale / variance
    normal = math.sqrt((1 + 1 / ratio) * (2 * math.log(1 / alpha) + math.log1p(ratio)))
    return students(normal, freedom)


def students(deviations: float, freedom: float) -> float:
    """The point of Student's t with the tail that the normal has at so many deviations.

    Wallace's approximation (Annals of Mathematical Statistics 1959), turned round; from four
    degrees of freedom on it is a little too wide, never too narrow.
    """
    told = deviations * (8 * freedom + 3) / (8 * freedom + 1)
    exponent = told * told / freedom
    return math.sqrt(freedom * math.expm1(exponent)) if exponent < 500 else math.inf


def ratio_evidence(steps: Sequence[tuple[Mapping[str, float], Mapping[str, int]]]) -> float:
    """The evidence that users are not shared out as configured, as the odds for other shares.

    Each step has the configured percents of its arms and the users first seen in it by arm. The
    odds are a Dirichlet mixture about the configured shares against these themselves (Lindon and
    Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022): if users are shared
    out as configured, they ever exceed 1 / p with a probability of at most p.
    """
    logarithm = 0.0
    for percents, users in steps:
        shares = _shares(percents)
        counts = {arm: users.get(arm, 0) for arm in shares}
        seen = sum(counts.values())
        logarithm += math.lgamma(_CONCENTRATION) - math.lgamma(_CONCENTRATION + seen)
        for arm, expected in shares.items():
            weight = _CONCENTRATION * expected
            logarithm += math.lgamma(weight + counts[arm]) - math.lgamma(weight)
            logarithm -= counts[arm] * math.log(expected)
    return math.exp(min(logarithm, 700.0))


def _shares(percents: Mapping[str, float]) -> dict[str, float]:
    """The shares of arms that get any user at all, together 1."""
    given = {arm: percent for arm, percent in percents.items() if percent > 0}
    whole = sum(given.values())
    return {arm: percent / whole for arm, percent in given.items()}
