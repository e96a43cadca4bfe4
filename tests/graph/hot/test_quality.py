"""Expected quality: few scores say nothing, many say what they say."""

import pytest

from graph.hot.quality import QualityCell, QualityTable


def test_quality_is_shrunk_toward_the_model_and_the_fleet():
    cells = [
        QualityCell("chat", "a@x", 0.9, 1000),
        QualityCell("code", "a@x", 0.5, 10),
        QualityCell("math", "a@x", 0.0, 9),
        QualityCell("chat", "b@x", 0.2, 1000),
    ]
    models = {"a@x": "a", "b@x": "b", "a@y": "a"}
    table = QualityTable(cells, models=models)
    thin = table.expected(task_type="code", deployment="a@x")
    assert thin is not None
    assert 0.5 < thin.quality < 0.9
    thin = table.expected(task_type="math", deployment="a@x")
    assert thin is not None
    assert thin.thin
    assert thin.quality > 0.85
    sibling = table.expected(task_type="chat", deployment="a@y")
    assert sibling is not None
    assert (sibling.samples, sibling.thin) == (0, True)
    assert sibling.quality == pytest.approx(0.9, abs=0.02)
    stranger = table.expected(task_type="chat", deployment="z@z")
    assert stranger is not None
    assert stranger.support == 0
    assert QualityTable([], models={}).expected(task_type="chat", deployment="a@x") is None
