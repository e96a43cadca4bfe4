"""Planted changes that the slice search must find, and chance that it must not believe."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.causes.leaves import Leaves, evidence_of
from graph.causes.localisation import Localisation, localise

SIZES = {"deployment": 6, "task_type": 4, "tenant": 5, "tier": 2}
Where = Mapping[str, str]


def fleet(
    *moves: tuple[Where, float],
    seed: int = 1,
    rate: float = 0.8,
    before: float = 200.0,
    after: float = 60.0,
    only: Where | None = None,
) -> Leaves:
    """Hits out of tries for every combination of labels; each move adds to its slice's rate."""
    rng = np.random.default_rng(seed)
    dimensions = tuple(SIZES)
    labels = tuple(tuple(f"{name}-{i}" for i in range(size)) for name, size in SIZES.items())
    codes = np.array(list(np.ndindex(*SIZES.values())), dtype=np.int64)

    def inside(where: Where) -> np.ndarray:
        hit = np.ones(len(codes), dtype=np.bool_)
        for name, label in where.items():
            place = dimensions.index(name)
            hit &= codes[:, place] == labels[place].index(label)
        return hit

    if only is not None:
        codes = codes[inside(only)]
    usual = np.clip(rate + 0.1 * rng.standard_normal(SIZES["task_type"])[codes[:, 1]], 0.05, 0.95)
    now = usual.copy()
    for where, shift in moves:
        now[inside(where)] += shift
    tries_before, tries_after = rng.poisson(before, len(codes)), rng.poisson(after, len(codes))
    hits_before = rng.binomial(tries_before, usual).astype(np.float64)
    return Leaves(
        dimensions=dimensions,
        labels=labels,
        codes=codes,
        count_before=tries_before.astype(np.float64),
        total_before=hits_before,
        squares_before=hits_before,
        count_after=tries_after.astype(np.float64),
        total_after=rng.binomial(tries_after, np.clip(now, 0, 1)).astype(np.float64),
    )


def searched(leaves: Leaves) -> Localisation:
    return localise(evidence_of(leaves))


def places(found: Localisation) -> list[dict[str, str]]:
    return sorted((dict(one.where) for one in found.found), key=str)


PLACES: list[dict[str, str]] = [
    {"deployment": "deployment-2"},
    {"task_type": "task_type-1", "deployment": "deployment-3"},
    {"tenant": "tenant-4", "deployment": "deployment-0", "task_type": "task_type-2"},
]


@pytest.mark.parametrize("where", PLACES, ids=str)
@pytest.mark.parametrize("shift", [-0.3, 0.2])
def test_a_planted_slice_is_found_at_its_depth(where: dict[str, str], shift: float) -> None:
    evidence = evidence_of(fleet((where, shift), rate=0.55, before=2000, after=500))
    found = localise(evidence, direction=1 if shift > 0 else -1)
    assert places(found) == [where]
    (one,) = found.found
    # The deepest one has so little traffic that chance elsewhere counts beside it.
    assert one.share == pytest.approx(1, abs=0.25 if len(where) < 3 else 0.6)
    assert one.p < 0.001
    assert one.before is not None
    assert one.after is not None
    assert one.after - one.before == pytest.approx(shift, abs=0.05)
    assert (one.excess > 0) == (shift > 0)


def test_siblings_that_share_the_excess_are_their_parent() -> None:
    moved = [
        ({"deployment": "deployment-1", "task_type": f"task_type-{i}"}, -0.2) for i in range(4)
    ]
    assert places(searched(fleet(*moved))) == [{"deployment": "deployment-1"}]


def test_two_places_are_both_found() -> None:
    one, other = {"deployment": "deployment-1"}, {"deployment": "deployment-4"}
    assert places(searched(fleet((one, -0.3), (other, -0.3)))) == [one, other]


def test_a_second_place_is_found_in_what_the_first_leaves() -> None:
    one, other = {"deployment": "deployment-1"}, {"tenant": "tenant-3", "task_type": "task_type-2"}
    found = searched(fleet((one, -0.25), (other, -0.4), before=2000, after=500))
    assert places(found) == sorted([one, other], key=str)


def test_a_change_everywhere_has_no_place() -> None:
    found = searched(fleet(({}, -0.15)))
    assert (found.significant, found.everywhere, found.found) == (True, True, ())


def test_chance_is_rarely_believed() -> None:
    believed = [searched(fleet(seed=seed)).significant for seed in range(60)]
    assert sum(believed) <= 3


def test_chance_among_few_requests_is_rarely_believed() -> None:
    believed = [searched(fleet(seed=s, before=6, after=3)).significant for s in range(60)]
    assert sum(believed) <= 3


def test_a_label_that_is_all_of_the_traffic_is_never_named() -> None:
    where = {"deployment": "deployment-2"}
    found = searched(fleet((where, -0.3), only={"tier": "tier-1"}, before=400, after=100))
    assert places(found) == [where]
    named = {name for each in found.ranked for one in each.slices for name in one.where}
    assert "tier" not in named


def test_what_came_or_went_is_no_place() -> None:
    leaves = fleet(({"deployment": "deployment-5"}, -0.4), ({"tenant": "tenant-1"}, -0.3))
    newcomer = leaves.codes[:, 0] == 5
    zero = np.where(newcomer, 0.0, 1.0)
    leaves = replace(
        leaves,
        count_before=leaves.count_before * zero,
        total_before=leaves.total_before * zero,
        squares_before=leaves.squares_before * zero,
    )
    evidence = evidence_of(leaves)
    plain = localise(evidence)
    named = {label for each in plain.ranked for one in each.slices for label in one.where.values()}
    assert places(plain) == [{"tenant": "tenant-1"}]
    assert "deployment-5" not in named
    asked = localise(evidence, newcomers=frozenset({"deployment"}))
    assert {"deployment": "deployment-5"} in places(asked)


def test_a_replaced_version_is_no_place() -> None:
    leaves = fleet(({"deployment": "deployment-2"}, -0.3))
    rows, none = len(leaves.codes), np.zeros(len(leaves.codes))
    version = np.concatenate([np.zeros(rows, np.int64), np.ones(rows, np.int64)])
    both = Leaves(
        dimensions=(*leaves.dimensions, "policy_version"),
        labels=(*leaves.labels, ("p@1", "p@2")),
        codes=np.column_stack([np.vstack([leaves.codes] * 2), version]),
        count_before=np.concatenate([leaves.count_before, none]),
        total_before=np.concatenate([leaves.total_before, none]),
        squares_before=np.concatenate([leaves.squares_before, none]),
        count_after=np.concatenate([none, leaves.count_after]),
        total_after=np.concatenate([none, leaves.total_after]),
    )
    assert searched(both) == searched(leaves)


def test_two_names_of_the_same_rows_are_told() -> None:
    leaves = fleet(({"deployment": "deployment-2"}, -0.3))
    models = tuple(f"model-{i}" for i in range(6))
    twin = replace(
        leaves,
        dimensions=(*leaves.dimensions, "model"),
        labels=(*leaves.labels, models),
        codes=np.column_stack([leaves.codes, leaves.codes[:, 0]]),
    )
    (one,) = searched(twin).found
    assert one.where == {"deployment": "deployment-2"}
    assert {"model": "model-2"} in one.aliases


def test_the_direction_can_be_given() -> None:
    up, down = {"deployment": "deployment-1"}, {"deployment": "deployment-4"}
    evidence = evidence_of(fleet((up, 0.2), (down, -0.4), rate=0.6))
    assert [dict(one.where) for one in localise(evidence).found] == [down]
    assert [dict(one.where) for one in localise(evidence, direction=1).found] == [up]


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.permutations(range(len(SIZES))))
def test_order_names_and_split_rows_change_nothing(shuffled: object, turned: list[int]) -> None:
    assert hasattr(shuffled, "shuffle")
    where = {"deployment": "deployment-3", "task_type": "task_type-1"}
    leaves = fleet((where, -0.35))
    rows = list(range(len(leaves.codes)))
    shuffled.shuffle(rows)  # pyright: ignore[reportUnknownMemberType,reportAttributeAccessIssue]
    split = np.array([*rows, rows[0]])
    part = np.ones(len(split))
    part[0] = part[-1] = 0.5
    other = Leaves(
        dimensions=tuple(leaves.dimensions[d] for d in turned),
        labels=tuple(tuple(reversed(leaves.labels[d])) for d in turned),
        codes=np.column_stack([len(leaves.labels[d]) - 1 - leaves.codes[split, d] for d in turned]),
        count_before=leaves.count_before[split] * part,
        total_before=leaves.total_before[split] * part,
        squares_before=leaves.squares_before[split] * part,
        count_after=leaves.count_after[split] * part,
        total_after=leaves.total_after[split] * part,
    )
    plain, mixed = searched(leaves), searched(other)
    assert [[dict(s.where) for s in e.slices] for e in mixed.ranked] == [
        [dict(s.where) for s in e.slices] for e in plain.ranked
    ]
    assert [e.score for e in mixed.ranked] == pytest.approx([e.score for e in plain.ranked])


def test_a_neutral_split_of_the_traffic_changes_nothing() -> None:
    where = {"deployment": "deployment-3", "task_type": "task_type-1"}
    leaves = fleet((where, -0.35))
    rows = len(leaves.codes)
    third = np.concatenate([np.full(rows, 1 / 3), np.full(rows, 2 / 3)])
    split = Leaves(
        dimensions=(*leaves.dimensions, "region"),
        labels=(*leaves.labels, ("east", "west")),
        codes=np.column_stack([np.vstack([leaves.codes] * 2), np.repeat(np.array([0, 1]), rows)]),
        count_before=np.tile(leaves.count_before, 2) * third,
        total_before=np.tile(leaves.total_before, 2) * third,
        squares_before=np.tile(leaves.squares_before, 2) * third,
        count_after=np.tile(leaves.count_after, 2) * third,
        total_after=np.tile(leaves.total_after, 2) * third,
    )
    assert places(searched(split)) == places(searched(leaves)) == [where]


def test_nothing_to_search() -> None:
    leaves = fleet(only={"deployment": "deployment-0", "task_type": "task_type-0"})
    empty = replace(leaves, **{name: np.zeros(len(leaves.codes)) for name in FIGURES})
    assert searched(empty) == Localisation()
    alone = fleet(only={name: f"{name}-0" for name in SIZES})
    assert searched(alone).found == ()


FIGURES = ("count_before", "total_before", "squares_before", "count_after", "total_after")
