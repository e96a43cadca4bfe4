"""An investigation in words: what it found, with every figure as the investigation has it."""

from collections.abc import Iterator, Sequence
from typing import Final

from agent.playbooks.answering import clock
from graph.causes.investigation import Cause, Investigation, PathStep, SliceContribution, Verdict
from graph.figures import difference, figure, left_over, share
from graph.slices import EntityRef, Metric
from graph.words import counted, percent

_NOTHING_TO_BLAME: Final = frozenset({Verdict.NO_CHANGE, Verdict.INSUFFICIENT_DATA})
_EVIDENCE_SHOWN: Final = 2


def in_words(found: Investigation) -> list[str]:
    """The lines that tell it: its summary, the figures, where, why, and what is left over."""
    lines = [found.summary, *_change(found)]
    if found.slices:
        lines.append("Where:")
        lines += [_slice(one, found.metric) for one in found.slices]
    tested = counted(found.considered, "recorded event")
    if found.causes:
        lines.append(f"Why ({tested} considered):")
        for cause in found.causes:
            lines += _cause(cause, found.metric)
    elif found.verdict not in _NOTHING_TO_BLAME:
        lines.append(f"Why: none of {tested} is held responsible by the data.")
    if found.unexplained is not None:
        lines.append(f"Unexplained: {left_over(found.unexplained)}.")
    return lines


def path_in_words(path: Sequence[PathStep]) -> str:
    """The nodes of a path, from the cause to the slice."""
    nodes = [step.start for step in path[:1]] + [step.end for step in path]
    return " → ".join(f"{node.kind} {node.id}" for node in nodes)


def _change(found: Investigation) -> Iterator[str]:
    limits = ""
    if found.delta_low is not None and found.delta_high is not None:
        low, high = (
            difference(limit, metric=found.metric) for limit in (found.delta_low, found.delta_high)
        )
        limits = f" (95 %: {low} to {high})"
    before, after = (figure(one, metric=found.metric) for one in (found.before, found.after))
    yield (
        f"  {found.metric.value} {before} → {after}, "
        f"{difference(found.delta, metric=found.metric)}{limits}, from "
        f"{clock(found.during.start)} to {clock(found.during.end)}, against {found.baseline}"
    )
    if found.onset_low is not None and found.onset_high is not None:
        yield f"  It began between {clock(found.onset_low)} and {clock(found.onset_high)}."
    yield _samples(found)
    if found.coverage.warning:
        yield f"  {found.coverage.warning}"


def _samples(found: Investigation) -> str:
    """How many requests and scores stand behind it."""
    told = found.coverage
    line = f"  From {counted(told.requests, 'request')}"
    if told.scored is None:
        return f"{line}."
    line += f", {counted(told.scored, 'score')}"
    if told.scored_share is not None:
        line += f": {percent(told.scored_share)} of them are scored"
        if told.expected_scored_share is not None:
            line += f", where {percent(told.expected_scored_share)} were to be expected by now"
    return f"{line}."


def _slice(one: SliceContribution, metric: Metric) -> str:
    line = f"  {share(one.share)} of the change in {_things(one.where)}"
    if one.before is None and one.after is None:
        return line
    return f"{line}: {figure(one.before, metric=metric)} → {figure(one.after, metric=metric)}"


def _cause(cause: Cause, metric: Metric) -> Iterator[str]:
    low, high = share(cause.contribution_low), share(cause.contribution_high)
    yield (
        f"  {cause.rank}. {cause.kind} {cause.id} ({cause.title}) at {clock(cause.at)}: "
        f"{share(cause.contribution)} of the change (95 %: {low} to {high}), "
        f"{cause.mechanism.value}, confidence {percent(cause.confidence)}"
    )
    if cause.counterfactual is not None:
        yield f"     without it: {figure(cause.counterfactual, metric=metric)}"
    if cause.path:
        yield f"     path: {path_in_words(cause.path)}"
    if cause.indistinguishable_from:
        yield f"     can't be told from {', '.join(cause.indistinguishable_from)}"
    yield from (f"     + {words}" for words in cause.evidence[:_EVIDENCE_SHOWN])
    yield from (f"     - {words}" for words in cause.evidence_against[:_EVIDENCE_SHOWN])


def _things(nodes: Sequence[EntityRef]) -> str:
    return ", ".join(f"{node.kind} {node.id}" for node in nodes) or "all requests"
