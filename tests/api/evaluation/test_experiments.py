"""The simulated experiments hold what they say, and so do those who decide them."""

import numpy as np
import pytest

from api.evaluation.experiments import (
    DAY_S,
    DAYS,
    FIRST_SEED,
    Trial,
    World,
    by_product,
    by_t_test,
    evaluated,
    simulated,
    watched,
)


def test_a_trial_is_what_its_world_says() -> None:
    trial = simulated(World(gain=0.1), 1)
    assert (np.diff(trial.at_s) >= 0).all()
    assert 0 <= trial.at_s.min() <= trial.at_s.max() < DAYS * DAY_S
    by_arm = [trial.score[trial.arm == arm] for arm in (0, 1)]
    assert by_arm[1].mean() - by_arm[0].mean() == pytest.approx(0.1, abs=0.05)
    counts = np.sort(np.bincount(trial.user, minlength=400))[::-1]
    assert counts[:40].sum() > 0.35 * counts.sum()
    users = np.unique(np.stack([trial.user, trial.arm]), axis=1).shape[1]
    assert users == len(np.unique(trial.user))  # each in one arm


def test_the_same_seed_gives_the_same_trial() -> None:
    one, same, other = (simulated(World(), seed) for seed in (3, 3, 4))
    assert np.array_equal(one.score, same.score)
    assert not np.array_equal(one.score[:50], other.score[:50])


def test_only_bs_low_scores_come_late() -> None:
    trial = simulated(World(low_late_h=24), 2)
    late_s = trial.known_s - trial.at_s
    late = (late_s > 20 * 3600) & (late_s < 40 * 3600)
    assert set(trial.arm[late]) == {1}
    assert trial.score[late].max() < 0.6


def test_a_large_difference_is_found_and_none_is_not() -> None:
    found = watched(World(gain=0.15, users=300), by_product, seeds=range(5, 9))
    assert found.winners == ("B",) * 4
    assert max(found.days) < DAYS
    quiet = watched(World(users=150), by_product, seeds=range(5, 17))
    assert quiet.share("A", "B") <= 2 / 12


def test_the_peer_errs_often_where_requests_of_a_user_are_alike() -> None:
    found = watched(World(), by_t_test, seeds=range(5, 45))
    assert found.share("A", "B") > 0.3


def test_scores_that_are_not_ripe_decide_nothing() -> None:
    trial = simulated(World(low_late_h=24, gain=0.3), 6)
    assert by_product(trial, DAY_S) is None  # delays of a day can't be known after one
    user, arm, at_s, known_s = (x[:0] for x in (trial.user, trial.arm, trial.at_s, trial.known_s))
    nobody = Trial(user, arm, at_s, known_s, trial.score[:0])
    assert by_product(nobody, DAY_S) is None
    assert by_t_test(nobody, DAY_S) is None


def test_tables_say_who_decided_and_how_often_wrongly() -> None:
    alike, late, planted = evaluated(tests=4, first_seed=FIRST_SEED - 100)
    assert [row[0] for row in alike.rows] == ["experiment", "t-test over requests"]
    assert [row[2] for row in alike.rows] == [4, 4]
    assert len(late.rows) == 3
    assert {row[0] for row in planted.rows} == {0.03, 0.05, 0.08}
