"""Keeps investigations in the graph, for people to look at, for later incidents to find, and to be
given back as they were told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, cast

import orjson
from pydantic import TypeAdapter, ValidationError

from graph.causes.investigation import Cause, Investigation
from graph.model.answers import BLAMABLE, LOCATABLE
from graph.scope import TenantScope
from graph.slices import EntityRef, Metric, Period, Slice
from graph.store import investigations
from graph.store.door import GraphStore
from graph.store.investigations import Tie

KEPT = 500
"""So many investigations are kept for each owner, the newest."""
KEPT_OF_ONE = 5
"""So many answers to one question are kept, the newest: who asks again and again as the data
move pushes out no other question's."""
LONGEST_ANSWER = 256_000
"""An answer whose JSON has more bytes is kept by its figures and ties alone."""

_ALL = "*"
_NODE_OF_KIND = {"policy": "policy_version"}
"""The kind of node of those kinds of causes that are not their own and are no change."""
# Whatever a later version adds is left out, and what it adds with a default may be missing.
_ANSWER = TypeAdapter(Investigation)
_DIGITS = 9
"""Figures that agree in so many digits are the same: the order in which rows were added up."""


def investigation_id(
    *,
    metric: Metric,
    during: Period,
    compared_to: Period | None,
    where: Slice,
    known_at: datetime | None,
    scope: TenantScope,
    data_version: str = "",
) -> str:
    """The id of the answer to a question: the same question of the same data has the same.

    `compared_to` and `known_at` are what was asked, None where nothing was; `data_version` is what
    the data said (`version_of`), empty for the question alone.
    """
    asked = {
        "metric": metric,
        "during": during,
        "comparedTo": compared_to,
        "where": _slice(where),
        "knownAt": known_at,
        "tenants": scope.parameter,
        "data": data_version,
    }
    told = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return f"inv-{blake2b(told, digest_size=8).hexdigest()}"


def version_of(found: Investigation) -> str:
    """A digest of what an answer says, whatever its id and whenever it was asked for."""
    told = replace(found, id="", asked_at=None)
    return blake2b(_json(_rounded(asdict(told))).encode(), digest_size=16).hexdigest()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in cast("Sequence[Any]", value)]
    return value


async def keep(
    store: GraphStore,
    found: Investigation,
    *,
    question: str,
    where: Slice,
    scope: TenantScope,
    asked_at: datetime,
    most: int = KEPT,
) -> None:
    """Keep an investigation under its id, tied to what it blames and locates.

    `question` is the id of what was asked, whatever the answer; `where` the slice that was asked
    about, `scope` who asked: only they may see it. Raises GraphUnavailable.
    """
    await investigations.put(
        store,
        found.id,
        properties={
            **_properties(found, where=where, scope=scope, asked_at=asked_at),
            "question": question,
        },
        ties=[*_blamed(found), *_located(found)],
        keep=most,
        keep_of_one=KEPT_OF_ONE,
    )


async def kept(store: GraphStore, identity: str, *, scope: TenantScope) -> Investigation | None:
    """The investigation kept under an id, as it was told: one statement.

    None where the scope may see none of that id, or where its whole answer was not kept: it was too
    long, or another version of this program told it in a form that is no longer read. Raises
    GraphUnavailable.
    """
    rows = await store.ask("kept_investigation", scope=scope, investigation=identity)
    return answer_of(rows[0]["answer"]) if rows else None


def answer_of(told: str | None) -> Investigation | None:
    """An investigation from its JSON; None for none, or for a form that is not read."""
    if told is None:
        return None
    try:
        return _ANSWER.validate_json(told)
    except ValidationError:
        return None


def _answer(found: Investigation) -> str | None:
    whole = _json(asdict(found))
    return whole if len(whole.encode()) <= LONGEST_ANSWER else None


def _slice(where: Slice) -> dict[str, list[str]]:
    return {name: sorted(values) for name, values in where.given().items()}


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


def _properties(
    found: Investigation, *, where: Slice, scope: TenantScope, asked_at: datetime
) -> Mapping[str, Any]:
    return {
        "owner": _ALL if scope.parameter is None else ",".join(scope.parameter),
        "tenants": scope.parameter,
        "askedAt": asked_at,
        "knownAt": found.known_at,
        "metric": found.metric.value,
        "verdict": found.verdict.value,
        "summary": found.summary,
        "where": _json(_slice(where)),
        "duringStart": found.during.start,
        "duringEnd": found.during.end,
        "comparedToStart": found.compared_to.start,
        "comparedToEnd": found.compared_to.end,
        "before": found.before,
        "after": found.after,
        "delta": found.delta,
        "deltaLow": found.delta_low,
        "deltaHigh": found.delta_high,
        "onset": found.onset,
        "unexplained": found.unexplained,
        "slices": _json([asdict(one) for one in found.slices]),
        "causes": _json([asdict(one) for one in found.causes]),
        "answer": _answer(found),
    }


def _blamed(found: Investigation) -> list[Tie]:
    return [
        Tie(
            BLAMABLE[_node(cause)],
            _key(EntityRef(_node(cause), cause.id)),
            blamed=True,
            properties={
                "rank": cause.rank,
                "contribution": cause.contribution,
                "contributionLow": cause.contribution_low,
                "contributionHigh": cause.contribution_high,
                "mechanism": cause.mechanism.value,
                "cells": _cells(cause),
            },
        )
        for cause in found.causes
    ]


def _node(cause: Cause) -> str:
    """What kind of node a cause is: its path's first; without a path what its kind tells."""
    if cause.path:
        return cause.path[0].start.kind
    node = _NODE_OF_KIND.get(cause.kind, cause.kind)
    return node if node in BLAMABLE else "change"


def _cells(cause: Cause) -> list[str]:
    passed = (step.end for step in cause.path)
    return [node.id for node in passed if node.kind == "cell"]


def _located(found: Investigation) -> list[Tie]:
    return [
        Tie(
            LOCATABLE[ref.kind],
            _key(ref),
            blamed=False,
            properties={"rank": rank, "share": one.share},
        )
        for rank, one in enumerate(found.slices, start=1)
        for ref in one.where
        if ref.kind in LOCATABLE and _key(ref)
    ]


def _key(ref: EntityRef) -> tuple[str, ...]:
    """The key of the node that a reference names; empty where its name alone tells none."""
    match ref.kind:
        case "policy_version":
            policy, _, version = ref.id.rpartition("@")
            return (policy, version)
        case "arm":
            experiment, _, arm = ref.id.rpartition("/")
            return (experiment, arm)
        case "evaluator_version":
            evaluator, _, _ = ref.id.rpartition("@")
            return (evaluator,) if evaluator else ()
        case _:
            return (ref.id,)
