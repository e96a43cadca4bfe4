"""Where a metric moved: the fewest slices that carry a change, found by a likelihood scan. Pure.

Each leaf (a combination of labels) has an expectation from before and an excess over it. A slice
is scored by how much likelier the data get if all its leaves moved by about the same amount and
nothing else moved. So a parent wins where its children share the excess, and loses to a child that
has it alone; a slice that carries little of the change counts for less, and a deeper one must earn
its depth. References: the expectation-based scan statistic (Neill 2009), the ripple effect and
explanatory power (Bhagwan et al., Adtributor, NSDI 2014; Li et al., Squeeze, ISSRE 2019; Kalander,
RiskLoc, 2022). What differs is the likelihood: leaves may respond unequally and drift a little on
their own, in proportion to the change, so that one big leaf does not decide alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from graph.causes.lattice import Lattice, lattice_of
from graph.causes.leaves import Evidence
from graph.causes.panel import Array
from graph.frame import Ints, Mask

TWO_SIGMA = 2.0


@dataclass(frozen=True, slots=True)
class Search:
    """The constants of the scan. Those of the score and `worthwhile` were chosen on labelled cases
    of another field; `routecause evaluate causes` prints how such a choice does on cases it has
    not seen.

    `unevenness` is the spread of a slice's leaves around its shift, as a share of the shift;
    `drift` how much any leaf moves on its own, as a share of the typical shift of the change.
    `depth_cost` and `slice_cost` are what each further dimension and slice must gain, as logs of
    a ratio. `carrying` is the power by which the carried share counts.
    """

    unevenness: float = 0.4
    drift: float = 0.2
    depth_cost: float = 0.06
    slice_cost: float = 0.4
    carrying: float = 1.0
    smallest: float = 10.0
    """A slice with less than this after is not named."""
    one_sided: float = 0.05
    """A slice that was this much smaller before or after than the rest's growth says has come or
    gone, not moved."""
    whole: float = 0.99
    """A slice with more than this of the traffic is all of it."""
    as_much: float = 0.5
    """The rest moved too if its shift was this share of the slices'."""
    screened: int = 300
    paired: int = 20
    offered: int = 5
    significance: float = 0.05
    worthwhile: float = 0.2
    """The least share of the change that a further slice must carry."""
    most: int = 3


@dataclass(frozen=True, slots=True)
class FoundSlice:
    """A slice that moved.

    `share` is of the whole change; `p` the chance of a shift this large anywhere among all slices
    looked at if nothing had moved. `before` and `after` are means, None for nothing to average.
    `aliases` are other names for the very same rows.
    """

    where: Mapping[str, str]
    share: float
    gain: float
    p: float
    excess: float
    before: float | None
    after: float | None
    count_before: float
    count_after: float
    aliases: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Slices that together carry `share` of the change; the higher the score, the better."""

    slices: tuple[FoundSlice, ...]
    score: float
    share: float


@dataclass(frozen=True, slots=True)
class Localisation:
    """The best explanation first, also where none is to be believed.

    `significant` tells that the best one stands out of chance, `everywhere` that what it leaves
    out moved about as much, so that no place is the place.
    """

    ranked: tuple[Explanation, ...] = ()
    significant: bool = False
    everywhere: bool = False
    looked_at: int = 0

    @property
    def found(self) -> tuple[FoundSlice, ...]:
        """The slices that carry the change; none where none stands out."""
        return self.ranked[0].slices if self.significant and not self.everywhere else ()


DEFAULT = Search()


def localise(
    evidence: Evidence,
    *,
    direction: int | None = None,
    search: Search = DEFAULT,
    newcomers: frozenset[str] = frozenset(),
) -> Localisation:
    """The slices that carry the change, best explanation first.

    `direction` is which way to look (1 up, -1 down; the sign of the whole excess when None).
    Slices that came or went are named only along the dimensions in `newcomers`.
    """
    scan = _scan(evidence, direction=direction, search=search, newcomers=newcomers)
    looked_at = scan.choices
    singles = scan.ranked(np.ones(len(evidence.weight), dtype=np.bool_))
    if not singles:
        return Localisation(looked_at=looked_at)
    ranked: list[tuple[_Single, ...]] = [(one,) for one in singles[: search.offered]]
    ranked += scan.pairs(singles[: search.paired])[:1]
    ranked.sort(key=scan.order)
    everywhere = scan.everywhere(ranked[0])
    if not everywhere:
        ranked[0] = scan.extended(ranked[0])
    best = tuple(scan.explanation(slices) for slices in ranked[: search.offered])
    return Localisation(
        ranked=best,
        significant=all(one.p <= search.significance for one in ranked[0]),
        everywhere=everywhere,
        looked_at=looked_at,
    )


@dataclass(frozen=True, slots=True)
class _Single:
    """A slice as scored: its number, the gain of its rows still in play, and what they carry."""

    number: int
    gain: float
    share: float
    depth: int
    rows: Ints
    excess: float
    p: float


@dataclass(frozen=True, slots=True)
class _Scan:
    """What every slice is scored with; excesses count upwards in the direction looked at."""

    evidence: Evidence
    search: Search
    lattice: Lattice
    shift: Array
    noise: Array
    """Variance of each leaf's shift, with its drift."""
    sign: int
    whole: float
    """The change that shares are of."""
    eligible: Mask
    choices: int
    """How many different slices there are to choose from."""

    def ranked(self, rows: Mask) -> list[_Single]:
        """The slices by score, as far as these rows of theirs go."""
        ev = self.evidence
        kept = np.where(rows, 1.0, 0.0)
        excess = self.lattice.sums(self.sign * ev.excess * kept)
        spread = self.lattice.sums(self.noise * ev.weight**2 * kept)
        weight = self.lattice.sums(ev.weight * kept)
        able = self.eligible & (excess > 0) & (weight >= self.search.smallest) & (spread > 0)
        rough = np.zeros(self.lattice.size)
        carried = np.minimum(excess[able] / self.whole, 1.0) ** self.search.carrying
        shallow = np.exp(-self.search.depth_cost * self.lattice.depth[able])
        rough[able] = excess[able] ** 2 / spread[able] * carried * shallow
        best = np.argsort(-rough, kind="stable")[: self.search.screened]
        numbers = [int(i) for i in best if rough[i] > 0]
        members = [self.lattice.members(i) for i in numbers]
        members = [m[rows[m] & (ev.weight[m] > 0)] for m in members]
        gains = _gains(members, self.shift, self.noise, ev.weight, self.search)
        found = [
            self._single(i, gain, rows=m)
            for i, gain, m in zip(numbers, gains, members, strict=True)
            if gain > 0
        ]
        return sorted(found, key=lambda s: (self.order((s,)), s.number))

    def _single(self, number: int, gain: float, *, rows: Ints) -> _Single:
        """A slice with what these rows of it carry.

        Leaves that only scatter gain from the wider variance too, so the gain is never more than
        what their sum has to say. Sums of few requests are more skewed than normal: the surprise
        is tempered as Bernstein's inequality does, for values within three deviations.
        """
        excess = self.sign * float(self.evidence.excess[rows].sum())
        variance = float(self.evidence.variance[rows].sum())
        weight = float(self.evidence.weight[rows].sum())
        apart = abs(excess) / math.sqrt(variance) if variance > 0 else math.inf
        surprise = apart**2 / (1.0 + apart / math.sqrt(weight)) if variance > 0 else math.inf
        return _Single(
            number=number,
            gain=min(gain, surprise / 2),
            share=excess / self.whole,
            depth=int(self.lattice.depth[number]),
            rows=rows,
            excess=excess,
            p=min(1.0, self.choices * math.erfc(math.sqrt(surprise / 2))),
        )

    def order(self, slices: Sequence[_Single]) -> tuple[bool, float, int]:
        """What stands out of chance before what does not, then by score, then the fewer."""
        chance = any(s.p > self.search.significance for s in slices)
        return chance, -self.score(slices), len(slices)

    def score(self, slices: Sequence[_Single]) -> float:
        """How good an explanation disjoint slices are together."""
        gain = sum(s.gain for s in slices)
        share = sum(s.share for s in slices)
        fewer = math.exp(-self.search.slice_cost * (len(slices) - 1))
        shallow = math.exp(-self.search.depth_cost * max(s.depth for s in slices))
        return gain * min(share, 1.0) ** self.search.carrying * fewer * shallow

    def pairs(self, singles: Sequence[_Single]) -> list[tuple[_Single, ...]]:
        """Two slices without a common row, best first."""
        sets = [frozenset(one.rows.tolist()) for one in singles]
        found = [
            (a, b)
            for i, a in enumerate(singles)
            for j, b in enumerate(singles[:i])
            if sets[i].isdisjoint(sets[j]) and not self.all_there_is((a, b))
        ]
        return sorted(found, key=self.order)

    def all_there_is(self, slices: Sequence[_Single]) -> bool:
        """Whether slices without a common row leave hardly anything out."""
        weight = self.evidence.weight
        inside = sum(float(weight[one.rows].sum()) for one in slices)
        return inside > self.search.whole * float(weight.sum())

    def everywhere(self, slices: Sequence[_Single]) -> bool:
        """Whether the rest moved about as much as these slices did."""
        ev = self.evidence
        inside = np.zeros(len(ev.weight), dtype=np.bool_)
        for one in slices:
            inside[self.lattice.members(one.number)] = True
        excess = self.sign * ev.excess
        moved = float(excess[inside].sum()) / max(float(ev.weight[inside].sum()), 1e-300)
        also = float(excess[~inside].sum())
        if also <= TWO_SIGMA * math.sqrt(float(ev.variance[~inside].sum())):
            return False
        return also > self.search.as_much * moved * float(ev.weight[~inside].sum())

    def extended(self, best: Sequence[_Single]) -> tuple[_Single, ...]:
        """The slices, and what else stands out once their rows are set aside."""
        slices = tuple(best)
        while len(slices) < self.search.most:
            rows = np.ones(len(self.shift), dtype=np.bool_)
            for one in slices:
                rows[self.lattice.members(one.number)] = False
            further = self.ranked(rows)
            if not further or further[0].share < self.search.worthwhile:
                break
            if further[0].p > self.search.significance:
                break
            if self.all_there_is((*slices, further[0])):
                break
            slices = (*slices, further[0])
        return slices

    def explanation(self, slices: Sequence[_Single]) -> Explanation:
        """An explanation in words and figures."""
        found = tuple(self.found(s) for s in sorted(slices, key=lambda s: -s.excess))
        return Explanation(found, self.score(slices), sum(s.share for s in found))

    def found(self, single: _Single) -> FoundSlice:
        """A slice by its labels, with its figures."""
        ev = self.evidence
        own, *others = [self._where(name) for name in self.lattice.names(single.number)]
        members = self.lattice.members(single.number)
        before, after = float(ev.before[members].sum()), float(ev.weight[members].sum())
        return FoundSlice(
            where=own,
            share=single.share,
            gain=single.gain,
            p=single.p,
            excess=self.sign * single.excess,
            before=_mean(ev.total_before, members, before),
            after=_mean(ev.total_after, members, after),
            count_before=before,
            count_after=after,
            aliases=tuple(others),
        )

    def _where(self, name: Sequence[tuple[int, int]]) -> dict[str, str]:
        ev = self.evidence
        return {ev.dimensions[d]: ev.labels[d][code] for d, code in name}


def _mean(total: Array | None, rows: Ints, count: float) -> float | None:
    return float(total[rows].sum()) / count if total is not None and count > 0 else None


def _scan(
    evidence: Evidence, *, direction: int | None, search: Search, newcomers: frozenset[str]
) -> _Scan:
    """The lattice of the leaves with all that its slices are scored with."""
    evidence = _steady(evidence, search=search, newcomers=newcomers)
    lattice = lattice_of(evidence.codes)
    weight, excess = evidence.weight, evidence.excess
    sign = direction or (-1 if excess.sum() < 0 else 1)
    live = weight > 0
    size = np.where(live, weight, 1.0)
    shift = np.where(live, sign * excess / size, 0.0)
    noise = np.where(live, evidence.variance / size**2, 0.0)
    # How far a leaf that carries the change has typically moved, beyond what noise does.
    moved = float((weight * np.maximum(shift**2 - noise, 0.0)).sum())
    typical = moved / max(float((weight * np.abs(shift)).sum()), 1e-300)
    noise = noise + (search.drift * typical) ** 2
    eligible = _nameable(evidence, lattice, search=search, newcomers=newcomers)
    carried = lattice.sums(sign * excess)
    return _Scan(
        evidence=evidence,
        search=search,
        lattice=lattice,
        shift=shift,
        noise=noise,
        sign=sign,
        whole=max(sign * float(excess.sum()), float(carried[eligible].max(initial=0.0)), 1e-300),
        eligible=eligible,
        choices=len(np.unique(lattice.alias_of[eligible])),
    )


def _one_sided(
    evidence: Evidence, lattice: Lattice, *, search: Search, newcomers: frozenset[str]
) -> Mask:
    """Which slices came or went: hardly any traffic on one side of the change, as the whole went.

    What came along the dimensions in `newcomers` is not among them.
    """
    after, before = lattice.sums(evidence.weight), lattice.sums(evidence.before)
    whole = float(evidence.before.sum())
    if whole <= 0:
        return np.zeros(lattice.size, dtype=np.bool_)
    expected = before * (float(evidence.weight.sum()) / whole)
    come = expected < search.one_sided * after
    for cuboid in lattice.cuboids:
        if any(evidence.dimensions[d] in newcomers for d in cuboid.dimensions):
            come[cuboid.first : cuboid.first + cuboid.size] = False
    return come | (after < search.one_sided * expected)


def _steady(evidence: Evidence, *, search: Search, newcomers: frozenset[str]) -> Evidence:
    """The evidence without the leaves of labels that came or went: those did not move, and what
    they differ by must not be laid on slices that they happen to cross."""
    labels = lattice_of(evidence.codes, deepest=1)
    sided = _one_sided(evidence, labels, search=search, newcomers=newcomers)
    away = np.zeros(len(evidence.weight), dtype=np.bool_)
    for cuboid in labels.cuboids:
        away |= sided[cuboid.first + cuboid.place]
    stays = np.where(away, 0.0, 1.0)
    return replace(
        evidence,
        weight=evidence.weight * stays,
        before=evidence.before * stays,
        excess=evidence.excess * stays,
        variance=evidence.variance * stays,
        total_before=None if evidence.total_before is None else evidence.total_before * stays,
        total_after=None if evidence.total_after is None else evidence.total_after * stays,
    )


def _nameable(
    evidence: Evidence, lattice: Lattice, *, search: Search, newcomers: frozenset[str]
) -> Mask:
    """Which slices may be named: neither tiny nor all there is, and with traffic on both sides of
    the change. Several names of the same rows are told one by one, for they say different things;
    the shorter comes first, as depth has its cost."""
    after = lattice.sums(evidence.weight)
    able = (after >= search.smallest) & (after <= search.whole * float(evidence.weight.sum()))
    return able & ~_one_sided(evidence, lattice, search=search, newcomers=newcomers)


def _gains(
    members: Sequence[Ints], shift: Array, noise: Array, weight: Array, search: Search
) -> list[float]:
    """Per group of rows, how much likelier they are with one shared shift than with none.

    Each leaf's shift is normal around the shared one with variance noise + (unevenness * shift)**2;
    the shared shift is the weighted mean under these variances, found by a few iterations.
    """
    if not members:
        return []
    rows = np.concatenate(members)
    sizes = np.array([len(m) for m in members])
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    d, v, n = shift[rows], noise[rows], weight[rows]
    shared = np.add.reduceat(d * n, starts) / np.add.reduceat(n, starts)
    for _ in range(3):
        w = 1.0 / (v + np.repeat((search.unevenness * shared) ** 2, sizes))
        shared = np.add.reduceat(d * w, starts) / np.add.reduceat(w, starts)
    wide = v + np.repeat((search.unevenness * shared) ** 2, sizes)
    apart = d - np.repeat(shared, sizes)
    gain = 0.5 * np.add.reduceat(d**2 / v - apart**2 / wide + np.log(v / wide), starts)
    return [float(g) if s > 0 else 0.0 for g, s in zip(gain, shared, strict=True)]
