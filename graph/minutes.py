"""The outcomes of single requests as evidence: counted by deployment and minute."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from graph.evidence import MinuteOutcomes
from graph.outcomes import Outcome, measured_ms, outcome_of
from graph.sketch import Sketch
from graph.store.door import Record

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_US: Final = 60_000_000


@dataclass(slots=True)
class _Minute:
    """The outcomes of one deployment and minute while they are counted."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    latency: Sketch = field(default_factory=Sketch)
    pace: Sketch = field(default_factory=Sketch)
    last_us: int = 0

    def outcomes(self, minute: int) -> MinuteOutcomes:
        """The same as evidence, of a minute counted from 1970."""
        return MinuteOutcomes(
            minute=datetime.fromtimestamp(minute * 60, UTC),
            count=sum(self.counts.values()),
            latency=self.latency,
            pace=self.pace,
            last_at=_EPOCH + timedelta(microseconds=self.last_us),
            **{outcome.value: number for outcome, number in self.counts.items()},
        )


def minutes_of(rows: Iterable[Record]) -> dict[str, list[MinuteOutcomes]]:
    """What `fleet_traffic.cypher` returns, by deployment.

    A try that failed before another deployment served counts for the one that failed.
    """
    minutes: dict[tuple[str, int], _Minute] = {}

    def counted(deployment: str, at_us: int, outcome: Outcome) -> _Minute:
        cell = minutes.setdefault((deployment, at_us // _MINUTE_US), _Minute())
        cell.counts[outcome] += 1
        cell.last_us = max(cell.last_us, at_us)
        return cell

    for row in rows:
        for at_us, tries, status, error_type, *measures in row["outcomes"]:
            outcome = outcome_of(status, error_type)
            cell = counted(row["deployment"], at_us, outcome)
            latency_ms, prompt_tokens, completion_tokens, cache_hit = measures
            measured = measured_ms(
                outcome,
                latency_ms=latency_ms,
                prompt_tokens=prompt_tokens or 0,
                completion_tokens=completion_tokens or 0,
                cache_hit=bool(cache_hit),
            )
            for sketch, value_ms in zip((cell.latency, cell.pace), measured, strict=True):
                if value_ms is not None:
                    sketch.add(value_ms)
            for failed in orjson.loads(tries or b"[]"):
                counted(failed["deployment"], at_us, outcome_of("error", failed.get("cause")))
    found: dict[str, list[MinuteOutcomes]] = {}
    for (deployment, minute), each in minutes.items():
        found.setdefault(deployment, []).append(each.outcomes(minute))
    return found
