"""Who a name is, and what reaches it: names that are not known, and scopes of what happens."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from agent.playbooks.answering import CantTell, listed, of_slice
from agent.toolbox import Toolbox
from agent.understanding.question import Question
from graph.evidence import DeploymentFacts, concerns
from graph.names import Names
from graph.slices import Slice

PLACES: Final = frozenset({"deployment", "model", "backend"})
"""The fields of a slice that name a part of the fleet; the others name traffic."""

_NOUNS: Final = {
    "deployments": ("deployment", "deployments"),
    "backends": ("backend", "backends", "provider", "cloud", "cluster", "region"),
    "tenants": ("tenant", "tenants", "customer", "customers", "team", "org"),
    "tiers": ("tier", "tiers", "plan"),
    "task_types": ("task", "tasks", "workload"),
    "policies": ("policy", "policies"),
    "experiments": ("experiment", "experiments", "test"),
    "slos": ("slo", "slos", "objective", "objectives"),
    "incidents": ("incident", "incidents", "outage"),
    "changes": ("change", "changes", "rollout", "release", "deploy"),
    "models": ("model", "models"),
}
_ALIKE: Final = 0.6


async def only_known(question: Question, toolbox: Toolbox) -> None:
    """Raise CantTell where the question names what nobody knows, with what is known instead."""
    if question.slots.unknown:
        names = await toolbox.names()
        raise CantTell(_remedy(question.slots.unknown, question.text, names))


def known(names: Names, kind: str) -> str:
    """The names of a kind (a field of Names), such as `known models are a and b`."""
    found = _of_kind(names, kind)
    noun = kind.replace("_", " ")
    return f"known {noun} are {listed(found)}" if found else f"no {noun} are known"


def _remedy(unknown: Sequence[str], text: str, names: Names) -> str:
    kind = _kind_of(unknown[0], text)
    everything = {one: each for each in _NOUNS for one in _of_kind(names, each)}
    alike = get_close_matches(unknown[0], everything, n=3, cutoff=_ALIKE)
    if kind is None:
        kind = everything[alike[0]] if alike else "models"
    told = " or ".join(f"'{one}'" for one in unknown)
    return f"nothing that is known is called {told}; {known(names, kind)}"


def _kind_of(unknown: str, text: str) -> str | None:
    """What a name is said to be by the word beside it."""
    if "@" in unknown:
        return "deployments"
    name = re.escape(unknown.lower())
    for kind, nouns in _NOUNS.items():
        noun = rf"\b(?:{'|'.join(nouns)})\b"
        if re.search(rf"{noun}\W{{1,3}}{name}|{name}\W{{1,3}}{noun}", text.lower()):
            return kind
    return None


def _of_kind(names: Names, kind: str) -> list[str]:
    return [one if isinstance(one, str) else one.id for one in getattr(names, kind)]


@dataclass(frozen=True, slots=True)
class Place:
    """The part of the fleet that a slice names: its deployments, of all there are."""

    where: Slice
    deployments: tuple[str, ...]

    @classmethod
    def of(cls, where: Slice, deployments: Iterable[str]) -> "Place":
        """Those of `deployments` that match the slice's deployment, model and backend."""
        return cls(where, tuple(one for one in deployments if _matches(where, one)))

    @property
    def named(self) -> bool:
        """Whether the slice names a part of the fleet, and not all of it."""
        return any(name in PLACES for name in self.where.given())

    @property
    def words(self) -> str:
        """What of the fleet it is, in words; empty where that is all of it."""
        given = {name: one for name, one in self.where.given().items() if name in PLACES}
        return of_slice(Slice(**given)) if given else ""

    def reached(
        self, scope_kind: str, scope_id: str | None, *, affected: Iterable[str] = ()
    ) -> bool:
        """Whether something of that scope, or with those deployments, reaches it."""
        if not self.named or scope_kind == "global":
            return True
        values = self.where.given().get(scope_kind)
        if values is not None and scope_id in values:
            return True
        return not {*affected}.isdisjoint(self.deployments) or any(
            concerns(DeploymentFacts.of_name(one), scope_kind=scope_kind, scope_id=scope_id)
            for one in self.deployments
        )


def _matches(where: Slice, deployment: str) -> bool:
    facts = DeploymentFacts.of_name(deployment)
    return (
        (where.deployment is None or deployment in where.deployment)
        and (where.model is None or facts.model in where.model)
        and (where.backend is None or facts.backend in where.backend)
    )
