"""The measured shapes that a fleet is drawn from: tokens, days, bursts, quality and price steps."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from graph.errors import InvalidInput
from ingest.simulator.arrays import Floats, Ints
from ingest.simulator.distil import BANDS, distil

TABLES = Path(__file__).parent / "tables"
_NAMES = ("tokens", "arrivals", "quality", "prices")


@dataclass(frozen=True, slots=True)
class TokenShape:
    """Quantiles of prompt tokens, and of completion tokens for each quarter of the prompts."""

    prompt: Floats
    completion: Floats

    def prompts(self, u: Floats) -> Ints:
        """Prompt tokens at the quantiles `u` in [0, 1), at least 1."""
        grid = np.linspace(0, 1, self.prompt.size)
        return np.maximum(1, np.interp(u, grid, self.prompt)).astype(np.int64)

    def completions(self, u: Floats, *, prompt_u: Floats) -> Ints:
        """Completion tokens at the quantiles `u`, given those of their prompts; at least 1."""
        place = u * (self.completion.shape[1] - 1)
        left = place.astype(np.int64)
        band = (prompt_u * BANDS).astype(np.int64)
        low, high = self.completion[band, left], self.completion[band, left + 1]
        return np.maximum(1, low + (high - low) * (place - left)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Shapes:
    """All tables. `day` has mean 1 over its steps; `quality` is relative to the best model."""

    tokens: Mapping[str, TokenShape]
    day: Floats
    spikes: Floats
    burst_shape: float
    client_shares: Floats
    quality: Mapping[str, Mapping[str, float]]
    price_ratios: Floats


@lru_cache(maxsize=16)
def shapes(data: Path | None = None) -> Shapes:
    """The shipped shapes, or those distilled now from a folder of the public data sets.

    Raises InvalidInput where the folder lacks a file or one has another shape.
    """
    if data is None:
        tables: dict[str, Any] = {
            name: json.loads((TABLES / f"{name}.json").read_text(encoding="utf-8"))
            for name in _NAMES
        }
    else:
        try:
            tables = distil(data)
        except (OSError, KeyError, ValueError) as error:
            raise InvalidInput(
                f"cannot distil {data}: {error}; leave it out to use the shipped tables",
                field="data",
            ) from error
    return Shapes(
        tokens={
            name: TokenShape(np.array(shape["prompt"]), np.array(shape["completion"]))
            for name, shape in tables["tokens"].items()
        },
        day=np.array(tables["arrivals"]["day"]),
        spikes=np.array(tables["arrivals"]["spikes"]),
        burst_shape=float(tables["arrivals"]["burst_shape"]),
        client_shares=np.array(tables["arrivals"]["client_shares"]),
        quality=tables["quality"],
        price_ratios=np.array(tables["prices"]["ratios"]),
    )
