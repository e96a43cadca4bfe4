"""Distilling data sets of the shapes that are public into the simulator's tables."""

import gzip
import json
from pathlib import Path

import pytest

from graph.errors import InvalidInput
from ingest.simulator import SimulationPlan, simulate
from ingest.simulator.catalogue import MODELS, TASKS
from ingest.simulator.distil import distil
from ingest.simulator.shapes import TABLES, shapes

_JUDGED = ("gpt-4-1106", "mixtral-8x7b")
_MODELS = [model.profile for model in MODELS if model.profile not in _JUDGED]
_SUBJECTS = (
    "agentverse-mgsm", "gsm8k", "math", "gpqa", "agentverse-logicgrid", "mbpp", "human_eval",
    "commonsense_qa", "openbook_qa", "arc_challenge", "mmlu", "commongen", "natural_qa",
    "trivia_qa",
)  # fmt: skip


def _write(path: Path, header: str, rows: list[str]) -> None:
    path.parent.mkdir(exist_ok=True)
    text = "\n".join([header, *rows]) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Files of the public layout with made-up figures."""
    azure, mooncake, serving = (
        tmp_path / name for name in ("azure_llm_2023", "mooncake", "servegen")
    )
    lines = [
        f"2023-11-16 18:{15 + n // 40:02d}:{n % 40:02d}.000,{100 + n},{10 + n % 50}"
        for n in range(400)
        if n % 7 or n > 200
    ]
    for name in ("code", "conv"):
        _write(
            azure / f"AzureLLMInferenceTrace_{name}.csv.gz",
            "TIMESTAMP,ContextTokens,GeneratedTokens",
            lines,
        )
    for name in ("conversation", "synthetic"):
        rows = [f"{n},{500 + n},{20 + n},1" for n in range(100)]
        header = "timestamp_ms,input_length,output_length,n_hash_blocks"
        _write(mooncake / f"{name}_trace.csv.gz", header, rows)
    for name in ("small", "large"):
        rows = [f"{n * 600},{10 + n % 144}" for n in range(9 * 144)]
        _write(serving / f"m-{name}_total_rate_10min.csv", "t_seconds,rate_rps", rows)
    rows = [f"0,{client},{1 / (client + 1)},1.0" for client in range(20)]
    _write(serving / "m-large_client_rate_10min.csv.gz", "t,client,rate,cv", rows)
    rows = [f"train,{s},em,abc,10,{','.join(['0.5'] * len(_MODELS))}" for s in _SUBJECTS]
    header = f"split,task,metric,query_sha1_12,query_chars,{','.join(_MODELS)}"
    _write(tmp_path / "llmrouter_scores" / "scores_9models.csv.gz", header, rows)
    categories = (
        "math", "reasoning", "coding", "humanities", "roleplay", "stem", "writing", "extraction"
    )  # fmt: skip
    rows = [
        f"1,{category},{model},1,{score}"
        for category in categories
        for model, score in (
            ("gpt-4-1106-preview", 10),
            ("mistralai/Mixtral-8x7B-Instruct-v0.1", 5),
        )
    ]
    header = "question_id,category,model,turn,judge_score"
    _write(tmp_path / "routellm" / "mt_bench_scores.csv", header, rows)
    header = "benchmark,subject,prompt_sha1_12,prompt_chars,mixtral_8x7b_correct,gpt4_1106_correct"
    rows = [f"{benchmark},x,abc,10,{n % 2},1" for benchmark in ("mmlu", "gsm8k") for n in range(10)]
    _write(tmp_path / "routellm" / "correctness.csv.gz", header, rows)
    rows = [
        "2025-06-22T11:28:08+01:00,a,x,m,model_added,,,",
        "2025-06-23T11:28:08+01:00,b,x,m,price_change,input_mtok,2,3",
        "2025-06-24T11:28:08+01:00,c,x,m,price_change,output_mtok,4,5",
    ]
    header = "commit_time,commit,provider,model,event,field,old_usd_per_mtok,new_usd_per_mtok"
    _write(tmp_path / "genai_prices" / "events_from_git_history.csv.gz", header, rows)
    return tmp_path


def test_tables_say_what_the_data_says(data: Path):
    tables = distil(data)
    assert tables["prices"]["ratios"][0] == 1.25
    assert tables["prices"]["ratios"][-1] == 1.5
    assert tables["quality"]["mixtral-8x7b"]["coding"] == 0.5
    assert tables["quality"]["gpt-4-1106"] == dict.fromkeys(TASKS, 1.0)
    assert tables["tokens"]["long"]["prompt"][0] == 500
    assert tables["tokens"]["long"]["completion"][3][-1] == 119


def test_a_folder_of_data_serves_in_place_of_the_tables(data: Path):
    plan = SimulationPlan(days=0.2, per_day=2_000, data=data)
    prompts = [
        e["data"]["prompt_tokens"]
        for e in simulate(plan)
        if e["type"] == "routecause.request.completed"
    ]
    assert prompts
    assert max(prompts) <= 499


def test_the_shipped_tables_are_whole():
    shipped = shapes()
    assert set(shipped.tokens) == {"code", "conversation", "long", "lookup"}
    assert shipped.day.size == 144
    assert shipped.day.mean() == pytest.approx(1, abs=0.01)
    for model in MODELS:
        assert set(shipped.quality[model.profile]) == set(TASKS)
    for table in TABLES.glob("*.json"):
        assert table.name in (TABLES / "README.md").read_text()
        assert json.loads(table.read_text())


def test_a_folder_that_lacks_a_file_is_named(tmp_path: Path):
    with pytest.raises(InvalidInput, match="data: cannot distil"):
        shapes(tmp_path)
