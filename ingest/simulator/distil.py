"""Distils public traces, scores and price histories into the small tables that the simulator ships.

    python -m ingest.simulator.distil DATA_FOLDER [--out TABLES_FOLDER]

The same functions serve a simulation that is given the data folder itself, so that shipped tables
and live data can never mean different things. Origins and licences: `tables/README.md`.
"""

import argparse
import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ingest.simulator.arrays import Floats

Table = dict[str, Any]

QUANTILES = 33
BANDS = 4
STEPS_PER_DAY = 144

_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "reasoning": ("agentverse-mgsm", "gsm8k", "math", "gpqa", "agentverse-logicgrid"),
    "coding": ("mbpp", "human_eval"),
    "chat": ("commonsense_qa", "openbook_qa", "arc_challenge", "mmlu"),
    "summarisation": ("commongen",),
    "extraction": ("natural_qa", "trivia_qa"),
}
"""Benchmarks of `llmrouter_scores` by the task type that they stand for."""

_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "reasoning": ("math", "reasoning"),
    "coding": ("coding",),
    "chat": ("humanities", "roleplay", "stem"),
    "summarisation": ("writing",),
    "extraction": ("extraction",),
}
"""MT-Bench categories by the task type that they stand for."""

_JUDGED = {
    "gpt-4-1106-preview": "gpt-4-1106",
    "mistralai/Mixtral-8x7B-Instruct-v0.1": "mixtral-8x7b",
}


def distil(data: Path) -> dict[str, Table]:
    """All tables by name, from a folder laid out as `tables/README.md` lists it.

    Raises OSError where a file is missing and KeyError or ValueError where one has another shape.
    """
    return {
        "tokens": _tokens(data),
        "arrivals": _arrivals(data),
        "quality": _quality(data),
        "prices": _prices(data),
    }


def _rows(path: Path) -> Iterator[dict[str, str]]:
    whole = path.read_bytes()
    text = (gzip.decompress(whole) if path.suffix == ".gz" else whole).decode("utf-8")
    yield from csv.DictReader(text.splitlines())


def _quantiles(values: Floats) -> list[float]:
    return [round(float(q), 1) for q in np.quantile(values, np.linspace(0, 1, QUANTILES))]


def _tokens(data: Path) -> Table:
    """Prompt quantiles, and completion quantiles for each quarter of the prompts, by trace."""
    azure = data / "azure_llm_2023"
    mooncake = data / "mooncake"
    files = {
        "code": (azure / "AzureLLMInferenceTrace_code.csv.gz", "ContextTokens", "GeneratedTokens"),
        "conversation": (
            azure / "AzureLLMInferenceTrace_conv.csv.gz",
            "ContextTokens",
            "GeneratedTokens",
        ),
        "long": (mooncake / "conversation_trace.csv.gz", "input_length", "output_length"),
        "lookup": (mooncake / "synthetic_trace.csv.gz", "input_length", "output_length"),
    }
    table: Table = {}
    for name, (path, prompt_field, completion_field) in files.items():
        pairs = [(float(row[prompt_field]), float(row[completion_field])) for row in _rows(path)]
        prompts, completions = np.array(pairs).T
        cuts = np.quantile(prompts, np.linspace(0, 1, BANDS + 1)[1:-1])
        band_of = np.asarray(np.searchsorted(cuts, prompts, side="right"), dtype=np.int64)
        table[name] = {
            "prompt": _quantiles(prompts),
            "completion": [_quantiles(completions[band_of == band]) for band in range(BANDS)],
        }
    return table


def _arrivals(data: Path) -> Table:
    """The shape of a day, of spikes, of bursts within minutes and of the clients' shares."""
    serving = data / "servegen"
    steady = _rates(serving / "m-small_total_rate_10min.csv")
    days = steady[: 9 * STEPS_PER_DAY].reshape(9, STEPS_PER_DAY)
    shape = np.median(days / days.mean(axis=1, keepdims=True), axis=0)
    shape = (np.roll(shape, 1) + shape + np.roll(shape, -1)) / 3
    bursty = _rates(serving / "m-large_total_rate_10min.csv")
    around = np.array([np.median(bursty[max(0, i - 9) : i + 10]) for i in range(bursty.size)])
    leaps = bursty[around > 0] / around[around > 0]
    clients: dict[str, float] = defaultdict(float)
    for row in _rows(serving / "m-large_client_rate_10min.csv.gz"):
        clients[row["client"]] += float(row["rate"])
    rates = np.array(sorted(clients.values(), reverse=True))
    shares = np.interp(np.linspace(0, 1, QUANTILES), np.linspace(0, 1, rates.size), rates)
    return {
        "day": [round(float(factor / shape.mean()), 4) for factor in shape],
        "spikes": [round(float(q), 3) for q in np.quantile(leaps, np.linspace(0.98, 1, 17))],
        "burst_shape": _burst_shape(data),
        "client_shares": [float(f"{share / shares.sum():.3g}") for share in shares],
    }


def _rates(path: Path) -> Floats:
    return np.array([float(row["rate_rps"]) for row in _rows(path)])


def _burst_shape(data: Path) -> float:
    """Shape of the gamma law of a minute's rate: mean² / (variance - mean) of counts by minute."""
    path = data / "azure_llm_2023" / "AzureLLMInferenceTrace_conv.csv.gz"
    minutes: dict[str, int] = defaultdict(int)
    for row in _rows(path):
        minutes[row["TIMESTAMP"][:16]] += 1
    counts = np.array([minutes[minute] for minute in sorted(minutes)][1:-1], dtype=np.float64)
    mean, variance = float(counts.mean()), float(counts.var())
    # Arrivals no burstier than chance have no such law; so large a shape comes to the same.
    return round(mean**2 / max(variance - mean, mean**2 / 1000), 2)


def _quality(data: Path) -> Table:
    """Quality by model and task type relative to the best model of the same source, in [0, 1]."""
    table: dict[str, dict[str, float]] = defaultdict(dict)
    sums: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in _rows(data / "llmrouter_scores" / "scores_9models.csv.gz"):
        for model in list(row)[5:]:
            sums[row["task"], model].append(float(row[model]))
    models = sorted({model for _, model in sums})
    for task, subjects in _SUBJECTS.items():
        means = {m: float(np.mean([np.mean(sums[s, m]) for s in subjects])) for m in models}
        best = max(means.values())
        for model, mean in means.items():
            table[model][task] = round(mean / best, 3)
    judged = _judged(data)
    for task in _SUBJECTS:
        best = max(judged[task].values())
        for model, mean in judged[task].items():
            table[model][task] = round(mean / best, 3)
    return dict(table)


def _judged(data: Path) -> dict[str, dict[str, float]]:
    """Mean of MT-Bench (of 10) and, for reasoning and chat, of correctness, by task and model."""
    judge: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in _rows(data / "routellm" / "mt_bench_scores.csv"):
        if row["model"] in _JUDGED:
            judge[_JUDGED[row["model"]], row["category"]].append(float(row["judge_score"]) / 10)
    right: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in _rows(data / "routellm" / "correctness.csv.gz"):
        right["gpt-4-1106", row["benchmark"]].append(float(row["gpt4_1106_correct"]))
        right["mixtral-8x7b", row["benchmark"]].append(float(row["mixtral_8x7b_correct"]))
    benchmarks = {"reasoning": "gsm8k", "chat": "mmlu"}
    answer: dict[str, dict[str, float]] = {}
    for task, categories in _CATEGORIES.items():
        answer[task] = {}
        for model in _JUDGED.values():
            means = [float(np.mean(judge[model, category])) for category in categories]
            if task in benchmarks:
                means.append(float(np.mean(right[model, benchmarks[task]])))
            answer[task][model] = float(np.mean(means))
    return answer


def _prices(data: Path) -> Table:
    """Quantiles of new price over old where it changed by a factor of at most five."""
    ratios: list[float] = []
    for row in _rows(data / "genai_prices" / "events_from_git_history.csv.gz"):
        if row["event"] != "price_change" or row["field"] not in ("input_mtok", "output_mtok"):
            continue
        old, new = float(row["old_usd_per_mtok"] or 0), float(row["new_usd_per_mtok"] or 0)
        if old > 0 and 0.2 <= new / old <= 5 and new != old:
            ratios.append(new / old)
    return {"ratios": [round(float(q), 3) for q in np.quantile(ratios, np.linspace(0, 1, 17))]}


def main() -> None:
    """Write every table as JSON, one value of the first level per line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the public data sets")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "tables")
    options = parser.parse_args()
    for name, table in distil(options.data).items():
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(table[key])}" for key in table)
        (options.out / f"{name}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
