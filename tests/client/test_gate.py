"""After a failure nobody waits, one tries, and success opens again."""

from hypothesis import given
from hypothesis import strategies as st
from routecause.gate import Gate, Way


def gate() -> Gate:
    return Gate(first_pause_s=1.0, longest_pause_s=4.0)


def test_open_until_a_failure() -> None:
    one = gate()
    assert [one.way(0), one.way(0)] == [Way.ASK, Way.ASK]
    one.failed("late", now_s=10)
    assert one.way(10.5) is Way.REMEMBER
    assert one.problem == "late"


def test_one_tries_after_the_pause_and_success_opens() -> None:
    one = gate()
    one.failed("late", now_s=10)
    assert [one.way(11), one.way(11), one.way(99)] == [Way.TRY, Way.REMEMBER, Way.REMEMBER]
    one.succeeded(99)
    assert one.way(99) is Way.ASK


def test_the_pause_doubles_up_to_its_limit() -> None:
    one, now = gate(), 0.0
    one.failed("gone", now_s=now)
    for pause in (1, 2, 4, 4):
        assert one.way(now + pause - 0.01) is Way.REMEMBER
        now += pause
        assert one.way(now) is Way.TRY
        one.failed("gone", now_s=now)


def test_many_failures_at_once_are_one() -> None:
    one = gate()
    for _ in range(200):
        one.failed("late", now_s=0)
    assert one.way(1) is Way.TRY


def test_what_was_asked_before_the_failure_does_not_open() -> None:
    one = gate()
    one.failed("late", now_s=0)
    one.succeeded(0.5)
    assert one.way(0.6) is Way.REMEMBER


def test_retry_after_is_kept_within_the_limit() -> None:
    one = gate()
    one.failed("429", now_s=0, retry_after_s=3)
    assert one.way(2.9) is Way.REMEMBER
    assert one.way(3) is Way.TRY
    one.failed("429", now_s=3, retry_after_s=3_600)
    assert one.way(7) is Way.TRY


@given(st.lists(st.tuples(st.sampled_from(["way", "ok", "bad"]), st.floats(0, 3)), max_size=80))
def test_it_always_opens_again(steps: list[tuple[str, float]]) -> None:
    one, now = gate(), 0.0
    for step, later in steps:
        now += later
        if step == "way":
            one.way(now)
        elif step == "ok":
            one.succeeded(now)
        else:
            one.failed("x", now_s=now)
    now += 5
    if one.way(now) is not Way.ASK:
        one.succeeded(now)
    assert one.way(now) is Way.ASK
