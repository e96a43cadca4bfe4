"""The scoring of labelled cases, on small ones of the same form."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from api.evaluation.robustspot import (
    COLUMNS,
    Case,
    Cause,
    cross_validated,
    leaves,
    rank,
    read,
    run,
    score,
)
from graph.causes.localisation import DEFAULT, Search

MINUTE = 1_600_000_020


def cause(*slices: dict[str, str]) -> Cause:
    return frozenset(frozenset(one.items()) for one in slices)


def write_case(path: Path, *, stalled: dict[str, str], seed: int) -> None:
    """Ten minutes of viewers; in the last but two, a third of those in `stalled` stall."""
    rng = np.random.default_rng(seed)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["min", "value", "cnt", "cdn", "bitrate", "p2p"])
        for minute in range(MINUTE - 7 * 60, MINUTE + 3 * 60, 60):
            for cdn, bitrate, p2p in np.ndindex(3, 4, 2):
                labels = {"cdn": str(cdn), "bitrate": str(500 * bitrate), "p2p": str(p2p)}
                hit = minute == MINUTE and stalled.items() <= labels.items()
                viewers = int(rng.poisson(150))
                value = int(rng.binomial(viewers, 0.33 if hit else 0.02))
                out.writerow([minute, value, viewers, *labels.values()])


CAUSES = [{"bitrate": "500"}, {"cdn": "2", "p2p": "0"}, {"cdn": "1"}, {"bitrate": "0", "p2p": "1"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    with (tmp_path / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["case", "timestamp", "cause", "robustspot_prediction"])
        for seed, where in enumerate(CAUSES):
            told = {name: label if name == "cdn" else int(label) for name, label in where.items()}
            guess = [[(("p2p", 9),)], [tuple(told.items())]]
            name = f"case+{seed} x"
            out.writerow([name, MINUTE, str(told), str(guess)])
            write_case(tmp_path / "cases" / f"{name}.csv.gz", stalled=where, seed=seed)
    return tmp_path


def test_cases_are_found_and_both_rankings_scored(folder: Path) -> None:
    table = run(folder)
    assert table.columns == COLUMNS
    ours, crossed, published = table.rows
    assert ours[1:6] == (4, 1.0, 1.0, 1.0, 1.0)
    assert ours[6] < 5
    assert crossed[2:6] == (1.0, 1.0, 1.0, 1.0)
    assert published[2:6] == (0.0, 1.0, 1.0, 0.0)


def test_labels_are_read_as_text(folder: Path) -> None:
    cases = read(folder)
    assert [case.truth for case in cases] == [cause(where) for where in CAUSES]
    assert cases[0].published == (cause({"p2p": "9"}), cause(CAUSES[0]))


def test_only_the_minutes_before_are_history(folder: Path) -> None:
    found = leaves(folder / "cases" / "case+0 x.csv.gz", minute=MINUTE)
    # 24 leaves in each of five minutes: the anomalous one, and four before.
    assert len(found.codes) == 24 * 5
    assert int((found.count_before > 0).sum()) == 24 * 4
    assert not (found.count_before * found.count_after).any()
    assert found.dispersion == pytest.approx(1, abs=0.5)


def test_f1_counts_slices_and_top_counts_whole_sets() -> None:
    a, b, c = {"x": "1"}, {"x": "2"}, {"y": "1"}
    rankings = [[cause(a), cause(b)], [cause(c), cause(a, b)], []]
    marks = score(rankings, [cause(a), cause(a, b), cause(c)])
    assert marks.top == pytest.approx((1 / 3, 2 / 3, 2 / 3))
    # One right; c wrong; a, b and c missed.
    assert marks.f1 == pytest.approx(2 / (2 + 1 + 3))


def test_constants_come_from_the_other_folds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = read(folder)
    good, bad = Search(most=1), Search(most=2)
    # What is good for the first case is bad for all others: it must get the others' choice.
    answers = {(case.name, search.most): () for case in cases for search in (good, bad)}

    def ranked(case: Case, *, search: Search) -> tuple[Cause, ...]:
        right = (search is good) == (case.name == cases[0].name)
        assert (case.name, search.most) in answers
        return (case.truth,) if right else ()

    monkeypatch.setattr("api.evaluation.robustspot.rank", ranked)
    chosen = cross_validated(cases, searches=(good, bad), folds=4)
    assert chosen == [(), *((case.truth,) for case in cases[1:])]


def test_the_product_search_is_the_one_that_is_scored(folder: Path) -> None:
    case = read(folder)[1]
    assert rank(case, search=DEFAULT)[0] == cause(CAUSES[1])


def test_a_folder_of_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run(tmp_path)
