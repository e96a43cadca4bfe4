"""What cells are told apart by: bands without gaps, and ids that outlive a new dimension."""

import pytest

from graph.frame import CellTable
from graph.model.traffic import PROMPT_BANDS, CellKey, prompt_band
from graph.slices import Dimension

OLD = CellKey("t", "m@b", "chat", "gold", "main", "v1", None, None, "r1", "rule", None)


@pytest.mark.parametrize(
    ("tokens", "band"),
    [
        (0, "0-512"),
        (511, "0-512"),
        (512, "512-2048"),
        (2047, "512-2048"),
        (2048, "2048-8192"),
        (8191, "2048-8192"),
        (8192, "8192+"),
        (10**9, "8192+"),
    ],
)
def test_every_prompt_lies_in_one_band(tokens: int, band: str) -> None:
    assert prompt_band(tokens) == band
    assert band in PROMPT_BANDS


def test_a_cell_from_before_the_bands_keeps_its_id() -> None:
    # Written down when there was no band: cells of that time are still found under it.
    assert OLD.id == "3f0b306fda6eb9cf"
    ids = {OLD._replace(prompt_band=band).id for band in (None, *PROMPT_BANDS)}
    assert len(ids) == 1 + len(PROMPT_BANDS)


def test_a_cell_says_its_band_or_that_it_has_none() -> None:
    cells = CellTable()
    keys = [OLD, OLD._replace(prompt_band="8192+")]
    rows = [cells.add(key.id, key) for key in keys]
    assert [cells.label(row, Dimension.PROMPT_BAND) for row in rows] == ["none", "8192+"]
