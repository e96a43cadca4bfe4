"""Reason codes: their order, and that every one of them, and every warning, is documented."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from graph.hot.routing.eligibility import BIT, ReasonCode, codes_of, highest, lowest

ROOT = Path(__file__).resolve().parents[4]
PAGE = ROOT / "docs" / "routing.md"

reasons = st.sets(st.sampled_from(ReasonCode))


def number(codes: set[ReasonCode]) -> int:
    return sum(BIT[code] for code in codes)


@given(reasons)
def test_codes_are_found_again_the_hardest_first(codes: set[ReasonCode]):
    assert codes_of(number(codes)) == tuple(code for code in ReasonCode if code in codes)


@given(reasons, reasons)
def test_a_further_reason_makes_it_worse_and_the_hardest_counts_first(
    one: set[ReasonCode], other: set[ReasonCode]
):
    assert number(one) <= number(one | other)
    hardest = [min(map(list(ReasonCode).index, codes), default=99) for codes in (one, other)]
    if hardest[0] < hardest[1]:
        assert number(one) > number(other)


def test_the_narrowest_limit():
    assert lowest(None, 3.0, 0.0, 2.0) == 0.0
    assert highest(None, 3.0, 0.0) == 3.0
    assert lowest(None, None) is None
    assert highest() is None


def test_each_code_is_explained():
    text = PAGE.read_text(encoding="utf-8")
    assert [code for code in ReasonCode if f"| `{code}` |" not in text] == []


def test_each_warning_is_explained():
    text = PAGE.read_text(encoding="utf-8")
    modules = (
        "graph/hot/routing/words.py",
        "graph/hot/allowances/standing.py",
        "graph/policies/courses.py",
        "graph/policies/user_rules.py",
    )
    said = {
        code
        for name in modules
        for code in re.findall(r'"([A-Z]+(?:_[A-Z]+)+): ', (ROOT / name).read_text("utf-8"))
    }
    assert "NO_CANDIDATE" in said
    assert [code for code in sorted(said) if f"| `{code}` |" not in text] == []
