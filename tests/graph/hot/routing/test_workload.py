"""Latency by tokens and load: what the sums of requests tell, and what they don't."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.hot.routing.workload import CONSTANT, TOKEN_FACTOR, load_factor, token_effect
from graph.hot.snapshot import DeploymentWork

Row = tuple[int, int, int]
"""Prompt tokens, completion tokens, latency in ms."""


def summed(rows: Sequence[Row]) -> DeploymentWork:
    return DeploymentWork(
        deployment="apex@aws",
        requests=len(rows),
        p=sum(p for p, _, _ in rows),
        c=sum(c for _, c, _ in rows),
        latency_ms=sum(ms for _, _, ms in rows),
        pp=sum(p * p for p, _, _ in rows),
        cc=sum(c * c for _, c, _ in rows),
        pc=sum(p * c for p, c, _ in rows),
        p_latency=sum(p * ms for p, _, ms in rows),
        c_latency=sum(c * ms for _, c, ms in rows),
    )


def grown(n: int) -> list[Row]:
    """Requests of 200 ms, and 0.1 ms for each token in and 5 ms for each out."""
    rows: list[Row] = []
    for i in range(n):
        p, c = 500 + 37 * i % 3000, 50 + 91 * i % 400
        rows.append((p, c, round(200 + 0.1 * p + 5 * c)))
    return rows


def test_growth_is_found_again():
    effect = token_effect(summed(grown(5000)))
    mean_ms = sum(ms for _, _, ms in grown(5000)) / 5000
    for p, c in ((500, 400), (3000, 60), (1000, 200)):
        expected = (200 + 0.1 * p + 5 * c) / mean_ms
        assert effect.factor(prompt=p, completion=c) == pytest.approx(expected, rel=0.03)


def test_a_longer_answer_takes_longer():
    effect = token_effect(summed(grown(500)))
    assert effect.factor(prompt=1000, completion=400) > effect.factor(prompt=1000, completion=50)


def test_few_requests_tell_little():
    few, many = token_effect(summed(grown(20))), token_effect(summed(grown(2000)))
    assert 0 < few.completion < many.completion
    assert token_effect(summed(grown(5))) == CONSTANT


def test_more_tokens_are_never_quicker():
    backwards = [(p, c, 5000 - c) for p, c, _ in grown(500)]
    effect = token_effect(summed(backwards))
    assert effect.completion == 0
    assert effect.prompt >= 0


def test_the_answers_mean_length_stands_in():
    rows = grown(500)
    effect = token_effect(summed(rows))
    mean = sum(c for _, c, _ in rows) / len(rows)
    same = effect.factor(prompt=800, completion=mean)
    assert effect.factor(prompt=800, completion=None) == pytest.approx(same)


tokens = st.integers(0, 10**8)
rows_told = st.lists(st.tuples(tokens, tokens, st.integers(0, 10**8)), min_size=1, max_size=40)


@given(rows_told, st.floats(0, 1e12), st.floats(0, 1e12))
def test_the_factor_is_bounded_grows_and_is_1_at_the_mean(
    rows: list[Row], prompt: float, completion: float
):
    work = summed(rows)
    effect = token_effect(work)
    lowest, highest = TOKEN_FACTOR
    factor = effect.factor(prompt=prompt, completion=completion)
    assert lowest <= factor <= highest
    assert effect.factor(prompt=prompt + 1000, completion=completion) >= factor
    assert effect.factor(prompt=prompt, completion=completion + 1000) >= factor
    at_mean = effect.factor(prompt=work.p / len(rows), completion=work.c / len(rows))
    assert at_mean == pytest.approx(1.0, abs=1e-6)


@given(st.builds(
    DeploymentWork,
    deployment=st.just("a@b"),
    **dict.fromkeys(
        ("requests", "p", "c", "latency_ms", "pp", "cc", "pc", "p_latency", "c_latency"),
        st.integers(0, 10**400),
    ),
))  # fmt: skip
def test_sums_that_contradict_each_other_break_nothing(work: DeploymentWork):
    factor = token_effect(work).factor(prompt=1e6, completion=1e6)
    assert TOKEN_FACTOR[0] <= factor <= TOKEN_FACTOR[1]


@pytest.mark.parametrize(
    ("load", "factor"),
    [(None, 1.0), (0.0, 1.0), (0.8, 1.0), (0.9, 2.0), (0.95, 4.0), (1.0, 4.0), (7.0, 4.0)],
)
def test_load(load: float | None, factor: float):
    assert load_factor(load) == pytest.approx(factor)
