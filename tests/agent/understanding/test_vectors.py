"""Texts as rows of weights."""

import numpy as np
import pytest

from agent.understanding.vectors import learnt

TEXTS = ["why is latency up", "why is cost up", "cost by tenant", "which model is best"]


def test_each_block_of_a_row_has_length_one() -> None:
    vectors, rows = learnt(TEXTS)
    for row in rows:
        assert np.square(row.weights).sum() == pytest.approx(3.0)
        assert len(set(row.columns.tolist())) == len(row.columns)
        assert row.columns.max() < vectors.width


def test_a_text_has_the_row_that_it_was_learnt_with() -> None:
    vectors, rows = learnt(TEXTS)
    again = vectors.row(TEXTS[1])
    assert again.columns.tolist() == rows[1].columns.tolist()
    assert again.weights.tolist() == rows[1].weights.tolist()


def test_a_text_of_nothing_known_has_an_empty_row() -> None:
    vectors, _ = learnt(["aa bb", "aa bb"])
    assert np.isfinite(vectors.row("zzz").weights).all()


def test_rare_features_weigh_more() -> None:
    vectors, _ = learnt(TEXTS)
    # Both words occur once in the text; `best` in one text, `is` in three.
    words = vectors.blocks[1]
    assert words.rarity[words.columns["best"]] > words.rarity[words.columns["is"]]
