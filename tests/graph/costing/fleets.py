"""Small fleets as traffic columns, whose every hour is known, for the tests of dear hours."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from graph.buckets import MEASURE_NAMES
from graph.frame import CellTable, Traffic
from graph.model.traffic import ARRIVALS, CellKey

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR_S = 3600
PRICES = {"large@aws": 4.0, "large@k8s": 4.0, "small@aws": 0.5}
TENANTS, TASKS, TIERS = ("acme", "globex"), ("chat", "code"), ("free", "premium")


@dataclass
class Cell:
    """One cell's hour, in words that a test may change."""

    hour: int
    tenant: str
    deployment: str
    task: str
    tier: str
    requests: int
    tokens: int
    usd_per_million: float


Change = Callable[[Cell], None]


def fleet(*, days: int, change: Change | None = None, seed: int = 1) -> tuple[Traffic, CellTable]:
    """Working days are busier than weekends and days than nights; `change` makes it otherwise."""
    draw = np.random.default_rng(seed)
    cells = CellTable()
    rows: list[tuple[int, int, list[int]]] = []
    places = [
        (tenant, deployment, task, tier)
        for tenant in TENANTS
        for deployment in PRICES
        for task in TASKS
        for tier in TIERS
    ]
    for hour in range(24 * days):
        at = START + timedelta(hours=hour)
        busy = 6 + 6 * math.sin((at.hour - 6) / 24 * 2 * math.pi)
        busy *= float(draw.gamma(30, 1 / 30)) * (0.6 if at.weekday() > 4 else 1.0)
        for number, (tenant, deployment, task, tier) in enumerate(places):
            one = Cell(
                hour, tenant, deployment, task, tier, int(draw.poisson(busy + 2)),
                1000 if task == "chat" else 2000, PRICES[deployment],
            )  # fmt: skip
            if change is not None:
                change(one)
            key = CellKey(
                tenant, deployment, task, tier, "main", "v1", None, None, "r1", "rule", None, "0"
            )
            row = cells.add(str(number), key)
            rows.append((row, int(at.timestamp()), _measures(one, draw)))
    columns = np.array([(cell, at) for cell, at, _ in rows], dtype=np.int64)
    measures = np.array([amounts for *_, amounts in rows], dtype=np.int64)
    keep = measures[:, MEASURE_NAMES.index("count")] > 0
    return Traffic(columns[:, 0], columns[:, 1], columns[:, 1], measures).take(keep), cells


def _measures(one: Cell, draw: np.random.Generator) -> list[int]:
    tokens = draw.gamma(4, one.tokens / 4, size=one.requests)
    cost = tokens * one.usd_per_million / 1e6
    amounts = dict.fromkeys(MEASURE_NAMES, 0)
    amounts["count"] = amounts["costCount"] = one.requests
    amounts["promptTokens"] = round(float(tokens.sum()) * 0.7)
    amounts["completionTokens"] = round(float(tokens.sum()) * 0.3)
    amounts["costSumNanoUsd"] = round(float(cost.sum()) * 1e9)
    amounts["costSquaresMicroUsd2"] = round(float((cost**2).sum()) * 1e12)
    for step in range(len(ARRIVALS)):
        amounts[ARRIVALS[step]] = (one.requests + step) // len(ARRIVALS)
    return list(amounts.values())
