"""Who would have gone where: under another policy version, without a deployment, in one arm. Pure.

Each makes a `Rerouting`: by context (tenant, tier, task type, prompt length) and choice (a
deployment, or an arm) the share of requests that stay and where the others go. Those that a
change of shares need not move stay where they were.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from graph.causes.counterfactual import Reference, Rerouting
from graph.estimates import Array
from graph.frame import NONE, Ints, Mask
from graph.model.traffic import PROMPT_BANDS, CellKey
from graph.policies.courses import Courses
from graph.policies.facts import PolicyFacts
from graph.policies.format import read

FEW = 50
"""Requests of a context from which on its shares need no likes beside them."""
_PRIOR = 10.0
"""Requests that a few likes count as beside a context's own."""
_DISPLACED_ENOUGH = 10
_NOBODY: Ints = np.zeros(0, dtype=np.int64)

Context = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Places:
    """The context and the choice of every cell, by number."""

    contexts: tuple[Context, ...]
    choices: tuple[str, ...]
    context: Ints
    choice: Ints

    def grouped(self, of: Callable[[Context], tuple[str, ...]]) -> Ints:
        """The number of each context's group."""
        found: dict[tuple[str, ...], int] = {}
        return np.array(
            [found.setdefault(of(context), len(found)) for context in self.contexts], dtype=np.int64
        )

    @property
    def task(self) -> Ints:
        """The group whose cells stand in for a context's: its task type at its prompt length."""
        return self.grouped(lambda c: (c[2], c[3]))


def places(
    keys: Sequence[CellKey], choice_of: Callable[[CellKey], str], *, more: Sequence[str] = ()
) -> Places:
    """Number contexts and choices; `more` are choices that no cell has yet."""
    contexts: dict[Context, int] = {}
    choices: dict[str, int] = {}
    context = [
        contexts.setdefault(
            (key.tenant, key.tier, key.task_type, key.prompt_band or NONE), len(contexts)
        )
        for key in keys
    ]
    choice = [choices.setdefault(choice_of(key), len(choices)) for key in keys]
    for label in more:
        choices.setdefault(label, len(choices))
    return Places(
        tuple(contexts),
        tuple(choices),
        np.array(context, dtype=np.int64),
        np.array(choice, dtype=np.int64),
    )


def wanted(key: CellKey) -> str:
    """Where the router wanted a request to go: what it was displaced from, else who served it."""
    return key.displaced_from or key.deployment


def arm_of(key: CellKey) -> str:
    """`experiment/arm`, or none."""
    return NONE if key.experiment is None else f"{key.experiment}/{key.arm}"


@dataclass(frozen=True, slots=True)
class Requests:
    """How many requests there were, by cell and hour; `near` are not of the period asked about."""

    cell: Ints
    hour: Ints
    count: Array
    near: Mask

    def counted(self, at: Places, keep: Mask) -> Array:
        """Requests by context and choice."""
        shape = (len(at.contexts), len(at.choices))
        cell = self.cell[keep]
        codes = at.context[cell] * shape[1] + at.choice[cell]
        sums = np.bincount(codes, weights=self.count[keep], minlength=shape[0] * shape[1])
        return sums.astype(np.float64).reshape(shape)


def under_shares(
    requests: Requests,
    at: Places,
    *,
    affected: Mask,
    in_force: Mask,
    ruled: Array | None,
    judges: int,
) -> Rerouting:
    """All affected cells' requests, routed by the shares that a policy version had or has.

    Shares are those of the cells in which it was `in_force`, in whatever hours; where these are
    few, like contexts stand beside (the tenant's other prompt lengths, then the tier's other
    tenants). `ruled` are the shares that its rules give, for contexts it never decided.
    """
    told = in_force[requests.cell]
    counts = requests.counted(at, told)
    target, weight = _smoothed(counts, at)
    unknown = target.sum(axis=1) == 0
    if ruled is not None:
        target[unknown] = ruled[unknown]
    actual = _normal(requests.counted(at, affected[requests.cell] & ~requests.near))
    ahead = np.divide(target, actual, out=np.ones_like(target), where=actual > 0)
    keep = np.minimum(ahead, 1.0)
    gain = np.maximum(target - actual, 0.0)
    cell = requests.cell[told]
    return Rerouting(
        keep=keep,
        moves=_normal(gain),
        task=at.task,
        judges=judges,
        reference=Reference(
            at.context[cell],
            at.choice[cell],
            requests.hour[told],
            requests.count[told],
            weight,
            np.ones(len(at.choices), dtype=np.bool_),
            target,
            np.zeros(len(keep)),
        ),
    )


def without(
    requests: Requests, at: Places, *, lost: Mask, fled: Mask, displaced: Mask, judges: int
) -> Rerouting:
    """The requests of the lost choices, sent where the router sent those it had to displace.

    `lost` is by choice; `fled` by cell: displaced from one of the lost; `displaced`: from any.
    Where too few were, the context's other deployments are assumed to take them in proportion.
    """
    elsewhere = ~lost[at.choice]
    now = ~requests.near
    sources = (
        (requests.counted(at, (fled & elsewhere)[requests.cell]), _DISPLACED_ENOUGH),
        (requests.counted(at, (displaced & elsewhere)[requests.cell]), _DISPLACED_ENOUGH),
        (requests.counted(at, elsewhere[requests.cell] & now), 1),
        (requests.counted(at, elsewhere[requests.cell]), 1),
    )
    moves = np.zeros((len(at.contexts), len(at.choices)))
    unsure = np.ones(len(at.contexts))
    for counts, least in sources:
        for group in _chain(at, with_tier=least > 1):
            told = _pooled(counts, group)
            n = told.sum(axis=1)
            fill = (moves.sum(axis=1) == 0) & (n >= least)
            moves[fill] = _normal(told)[fill]
            if least > 1:
                unsure[fill] = 1 / (1 + n[fill])
    keep = np.ones_like(moves)
    keep[:, lost] = 0.0
    return Rerouting(
        keep=keep,
        moves=moves,
        task=at.task,
        judges=judges,
        reference=Reference(
            _NOBODY, _NOBODY, _NOBODY, np.zeros(0), np.zeros(len(keep)), lost, moves, unsure
        ),
    )


def only_choice(at: Places, *, choice: int, judges: int) -> Rerouting:
    """Every affected request, given one choice: an arm."""
    keep = np.zeros((len(at.contexts), len(at.choices)))
    keep[:, choice] = 1.0
    return Rerouting(keep=keep, moves=keep.copy(), task=at.task, judges=judges)


def _normal(counts: Array) -> Array:
    whole = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, whole, out=np.zeros_like(counts), where=whole > 1e-12)


def _pooled(counts: Array, group: Ints) -> Array:
    """The counts of each context's whole group."""
    sums = np.zeros((int(group.max(initial=-1)) + 1, counts.shape[1]))
    np.add.at(sums, group, counts)
    return sums[group]


def _chain(at: Places, *, with_tier: bool) -> list[Ints]:
    """Groups of contexts, each wider than the one before."""
    chain = [
        at.grouped(lambda c: c),
        at.grouped(lambda c: c[:3]),
        at.grouped(lambda c: (c[1], c[2])),
    ]
    return [*chain, at.grouped(lambda c: (c[1],))] if with_tier else chain


def _smoothed(counts: Array, at: Places) -> tuple[Array, Array]:
    """Shares by context, with like contexts beside where there are few; and the own part's weight.

    Rows of 0 where not even likes tell.
    """
    shares = np.zeros_like(counts)
    weight = np.zeros(len(counts))
    for group in reversed(_chain(at, with_tier=False)):
        told = _pooled(counts, group)
        n = told.sum(axis=1)
        beside = _PRIOR * np.maximum(1 - n / FEW, 0.0) * (shares.sum(axis=1) > 0)
        mixed = told + beside[:, None] * shares
        shares = np.where((n > 0)[:, None], _normal(mixed), shares)
        weight = np.divide(n, n + beside, out=np.zeros_like(n), where=n > 0)
    return shares, weight


def named_in(policy: PolicyFacts) -> tuple[str, ...]:
    """The deployments that a version's rules name, where they can be read."""
    rules = read(policy.rules) or ()
    named = {u.deployment for rule in rules for u in (*rule.use, *rule.fallbacks) if u.deployment}
    return tuple(sorted(named))


def ruled_shares(policy: PolicyFacts, at: Places) -> Array | None:
    """The shares that a version's rules give each context; None where they can't be read here.

    Rows of 0 where the rules leave the choice to a ranking, or ask for more than a context tells:
    the user, labels, or a prompt length inside a band.
    """
    rules = read(policy.rules)
    if rules is None:
        return None
    models = {name: name.rpartition("@")[0] or name for name in at.choices}
    courses = Courses([policy], [], models=models)
    number = {name: place for place, name in enumerate(at.choices)}
    shares = np.zeros((len(at.contexts), len(at.choices)))
    for row, (tenant, tier, task_type, band) in enumerate(at.contexts):
        if any(
            (rule.when.user is not None or rule.when.labels)
            and (rule.when.task_type is None or task_type in rule.when.task_type)
            and (rule.when.tier is None or tier in rule.when.tier)
            and (rule.when.tenant is None or tenant in rule.when.tenant)
            for rule in rules
        ):
            continue
        found = [
            courses.course(
                tenant=tenant, user="", tier=tier, task_type=task_type, prompt_tokens=tokens
            )
            for tokens in _ends(band)
        ]
        if len({course.rule for course in found}) > 1:
            continue
        course = found[0]
        first = dict(course.shares)
        alone = set(course.only or ()) - set(course.last)
        if not first and len(alone) == 1:
            first = dict.fromkeys(alone, 1.0)
        for name, share in first.items():
            shares[row, number[name]] = share
    return shares


def _ends(band: str) -> tuple[int, int]:
    """The shortest and the longest prompt of a band; of all prompts where it is not known."""
    longest = 2**31 - 1
    if band not in PROMPT_BANDS:
        return 0, longest
    low, _, high = band.rstrip("+").partition("-")
    return int(low), int(high) - 1 if high else longest
