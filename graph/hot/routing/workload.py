"""What latency to expect for these tokens and at this load, relative to what is measured now."""

from functools import lru_cache
from math import isfinite
from typing import Final, NamedTuple

from graph.hot.quality import SAMPLE_FLOOR
from graph.hot.snapshot import DeploymentWork

SLOPE_STRENGTH: Final = 20
"""Requests for which it counts that latency does not depend on tokens."""
TOKEN_FACTOR: Final = (0.2, 5.0)
"""Bounds of what tokens may do to the expected latency: a line is not to be trusted far out."""
LOAD_NEAR: Final = 0.8
"""Load from which waiting is expected to grow beyond what is measured."""
LOAD_FULL: Final = 0.95
"""Load beyond which the formula knows nothing more; health calls it degraded from here on."""
_KEPT: Final = 4_096


class TokenEffect(NamedTuple):
    """Latency of p prompt and c completion tokens in units of the mean request's.

    The factor is `base + prompt * p + completion * c`, held within `TOKEN_FACTOR`; it is 1 at the
    mean. `mean_completion` stands in for c where that is not known.
    """

    base: float
    prompt: float
    completion: float
    mean_completion: float

    def factor(self, *, prompt: float, completion: float | None) -> float:
        """The factor of one request."""
        tokens = self.mean_completion if completion is None else completion
        lowest, highest = TOKEN_FACTOR
        factor = self.base + self.prompt * prompt + self.completion * tokens
        return min(max(factor, lowest), highest)


CONSTANT: Final = TokenEffect(1.0, 0.0, 0.0, 0.0)
"""Tokens tell nothing."""


@lru_cache(maxsize=_KEPT)
def token_effect(work: DeploymentWork) -> TokenEffect:
    """How latency grew with tokens: least squares on the sums, shrunk toward no growth.

    Ridge regression (Hoerl and Kennard, 1970) around the means, each slope penalised by its own
    variance as if `SLOPE_STRENGTH` requests had shown none; no slope is below zero, because more
    tokens are never less work.
    """
    n = work.requests
    if n < SAMPLE_FLOOR or work.latency_ms <= 0:
        return CONSTANT
    try:
        # Whole numbers up to the division: a difference of large floats would lose its digits.
        s_pp, s_cc = (n * work.pp - work.p**2) / n**2, (n * work.cc - work.c**2) / n**2
        s_pc = (n * work.pc - work.p * work.c) / n**2
        s_pl = (n * work.p_latency - work.p * work.latency_ms) / n**2
        s_cl = (n * work.c_latency - work.c * work.latency_ms) / n**2
        mean_p, mean_c, mean_ms = work.p / n, work.c / n, work.latency_ms / n
        more = 1 + SLOPE_STRENGTH / n
        by_p, by_c = _slopes(s_pp * more, s_cc * more, s_pc, s_pl, s_cl)
        base = 1 - (by_p * mean_p + by_c * mean_c) / mean_ms
        effect = TokenEffect(base, by_p / mean_ms, by_c / mean_ms, mean_c)
    except ArithmeticError:
        return CONSTANT
    return effect if all(map(isfinite, effect)) else CONSTANT


def _slopes(pp: float, cc: float, pc: float, pl: float, cl: float) -> tuple[float, float]:
    """The two slopes at or above zero that fit best."""
    spread = pp * cc - pc * pc
    if pp > 0 and cc > 0 and spread > 0:
        by_p, by_c = (pl * cc - cl * pc) / spread, (cl * pp - pl * pc) / spread
        if by_p >= 0 and by_c >= 0:
            return by_p, by_c
    # Then one of them is zero: the one that explains less by itself.
    alone_p = pl / pp if pp > 0 and pl > 0 else 0.0
    alone_c = cl / cc if cc > 0 and cl > 0 else 0.0
    return (alone_p, 0.0) if alone_p * pl >= alone_c * cl else (0.0, alone_c)


def load_factor(load: float | None) -> float:
    """How much longer a request waits at this load than at `LOAD_NEAR`; 1 below it.

    The time in a queue with one server grows with 1 / (1 - load) (M/M/1; Kleinrock, 1975).
    """
    if load is None or load <= LOAD_NEAR:
        return 1.0
    return (1 - LOAD_NEAR) / (1 - min(load, LOAD_FULL))
