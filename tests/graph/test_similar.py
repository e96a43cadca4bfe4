"""Incidents alike by words and by the graph: bounded, explained, and never fooled by signs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import similar
from graph.causes.archive import keep
from graph.causes.investigation import (
    Cause,
    Coverage,
    Investigation,
    Mechanism,
    SliceContribution,
    Verdict,
)
from graph.errors import InvalidInput, NotFound
from graph.evidence import Incident
from graph.scope import TenantScope
from graph.similar import SimilarIncident, Traits, compared, rarity_of, similar_incidents
from graph.slices import EntityRef, Metric, Period, Slice
from graph.store.door import GraphStore, counting
from graph.store.ledger import record
from ingest.events import parse_event
from ingest.facts import fact_of

T0 = datetime(2026, 6, 1, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


def incident(**told: Any) -> Incident:
    given: dict[str, Any] = {
        "id": "i",
        "title": "packet loss",
        "severity": "sev2",
        "scope_kind": "backend",
        "scope_id": "aws",
        "opened_at": T0,
        "resolved_at": T0 + HOUR,
    }
    return Incident(**{**given, **told})


WORDS = st.frozensets(st.sampled_from(["loss", "packet", "quota", "spot", "disk"]))
PLACES = st.frozensets(st.sampled_from(["backend aws", "model a", "deployment a@aws"]))
TRAITS = st.builds(
    Traits,
    incident=st.builds(
        incident,
        severity=st.sampled_from(["sev1", "sev2", "sev4"]),
        scope_id=st.sampled_from(["aws", "k8s"]),
        opened_at=st.sampled_from([T0, T0 + 11 * HOUR, T0 + 50 * HOUR]),
        resolved_at=st.sampled_from([None, T0 + 51 * HOUR, T0 + 90 * HOUR]),
    ),
    words=WORDS,
    reach=PLACES,
    blamed=st.frozensets(st.sampled_from(["QUALITY", "a change in Tier gold"])),
)


@given(one=TRAITS, two=TRAITS)
def test_likeness_is_a_share_that_has_reasons_and_no_direction(one: Traits, two: Traits) -> None:
    rarity = rarity_of([one.words, two.words])
    there, back = compared(one, two, rarity=rarity), compared(two, one, rarity=rarity)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there.similarity == pytest.approx(back.similarity)
        assert 0 < there.similarity <= 1
        assert there.because


@given(one=TRAITS)
def test_nothing_is_more_alike_than_the_same(one: Traits) -> None:
    same = compared(one, one, rarity=rarity_of([one.words]))
    assert same is not None
    if one.words:
        assert same.similarity == pytest.approx(1)


def test_circumstances_alone_make_nothing_alike() -> None:
    one = Traits(incident(), frozenset({"packet"}))
    two = Traits(incident(scope_id="k8s"), frozenset({"quota"}))
    assert compared(one, two, rarity=rarity_of([one.words, two.words])) is None


def test_reasons_are_told_in_words() -> None:
    one = Traits(
        incident(),
        frozenset({"packet", "loss"}),
        frozenset({"deployment a@aws"}),
        frozenset({"a change of LATENCY_P95 (WITHIN)"}),
    )
    two = replace(
        one, incident=incident(id="j", opened_at=T0 + 24 * HOUR, resolved_at=T0 + 25 * HOUR)
    )
    like = compared(one, two, rarity=rarity_of([one.words, two.words]))
    assert like is not None
    assert like.because == (
        "both speak of loss, packet",
        "both struck backend aws",
        "investigations laid to both a change of LATENCY_P95 (WITHIN)",
        "both are sev2",
        "both lasted about 60 minutes",
        "both began around 14:00 UTC",
    )
    other = replace(two, incident=incident(scope_kind="deployment", scope_id="a@aws"))
    like = compared(one, other, rarity=rarity_of([one.words]))
    assert like is not None
    assert "both reached deployment a@aws" in like.because


@given(text=st.text(max_size=300))
def test_what_is_searched_for_is_letters_and_digits(text: str) -> None:
    asked = similar.search_text(similar.words_of(text))
    assert all(sign.isalnum() or sign == " " for sign in asked)
    assert asked == asked.lower()


def test_words_are_plain() -> None:
    told = "The Packets of gpt-4o@AWS-us were lost: https://ops.example.com/x (status_page)"
    expected = {"packet", "gpt", "4o", "aws", "us", "lost", "statu", "page"}
    assert similar.words_of(told) == frozenset(expected)


class Place:
    """A backend with two deployments, and incidents on it, of names that no other test uses."""

    def __init__(self, store: GraphStore) -> None:
        self.store = store
        self.name = uuid4().hex[:8]
        self.backend = f"k{self.name}"
        self.word = f"w{self.name}"

    async def tell(self, kind: str, at: datetime, data: dict[str, Any]) -> None:
        event = {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": "test",
            "type": f"routecause.{kind}",
            "time": at.isoformat(),
            "recordedtime": at.isoformat(),
            "data": data,
        }
        await record(self.store, [fact_of(parse_event(event))])

    async def deploy(self, model: str) -> str:
        name = f"{model}@{self.backend}"
        data = {"deployment": name, "model": model, "backend": self.backend}
        await self.tell("deployment.registered", T0, data)
        return name

    async def incident(
        self,
        code: str,
        title: str,
        *,
        at: datetime = T0,
        scope: dict[str, str] | None = None,
        **more: Any,
    ) -> str:
        name = f"{code}-{self.name}"
        data = {
            "incident": name,
            "scope": scope or {"kind": "backend", "id": uuid4().hex},
            "severity": "sev2",
            "title": title,
            **more,
        }
        await self.tell("incident.opened", at, data)
        return name

    async def alike(self, **asked: Any) -> list[SimilarIncident]:
        given: dict[str, Any] = {"scope": TenantScope.all(), **asked}
        return await similar_incidents(self.store, **given)


@pytest.fixture
def place(store: GraphStore) -> Place:
    return Place(store)


async def test_a_text_finds_incidents_that_speak_of_it(place: Place) -> None:
    more = f"x{place.name}"
    told = await place.incident("a", f"{place.word} in Oslo", contributing_factors=[f"{more}s"])
    other = await place.incident("b", "slow disks", root_cause=f"a {place.word} of firmware")
    await place.incident("c", "nothing of the kind")
    with counting() as count:
        found = await place.alike(text=f"why is {place.word} and {more} there?")
    assert len(count.statements) == 2
    assert [one.incident.id for one in found] == [told, other]
    assert found[0].similarity == pytest.approx(1)
    assert 0 < found[1].similarity < 1
    assert found[0].because == (f"it speaks of {more}, {place.word}",)


async def test_an_incident_finds_its_like_by_words_and_by_reach(place: Place) -> None:
    deployment = await place.deploy(f"m-{place.name}")
    backend = {"kind": "backend", "id": place.backend}
    asked = await place.incident("a", f"{place.word} flaps", scope=backend)
    same = await place.incident("b", f"{place.word} flaps again", scope=backend)
    inside = await place.incident(
        "c", "weights gone", scope={"kind": "deployment", "id": deployment}
    )
    worded = await place.incident("d", f"{place.word} outage")
    with counting() as count:
        found = await place.alike(incident=asked, first=50)
    assert len(count.statements) == 3
    ours = {one.incident.id: one for one in found if place.name in one.incident.id}
    assert ours.keys() == {same, inside, worded}
    assert next(iter(ours)) == same
    assert f"both struck backend {place.backend}" in ours[same].because
    assert f"both reached backend {place.backend}, deployment {deployment}" in str(
        ours[inside].because
    )
    assert ours[inside].incident.affected_deployments == (deployment,)
    assert [one.incident.id for one in await place.alike(incident=asked, first=1)] == [same]


async def test_investigations_tie_incidents_together_for_their_owner_alone(place: Place) -> None:
    await place.deploy(f"m-{place.name}")
    asked = await place.incident("a", f"{place.word} alpha")
    other = await place.incident("b", f"{place.name} beta")
    owner = TenantScope.of(f"t-{place.name}")
    slice_ = SliceContribution(
        (EntityRef("backend", place.backend),), 1.0, 0.0, 0.1, 0.1, 0.2, 10, 10
    )
    for name in (asked, other):
        cause = Cause(
            1, "incident", name, "x", T0, 1.0, 0.9, 1.0, None, Mechanism.WITHIN, (), (), (), (), 0.9
        )
        found = Investigation(
            f"inv-{name}", Verdict.EXPLAINED, "s", Metric.ERROR_RATE, 0.1, 0.2, 0.1, 0.0, 0.2, T0,
            T0, T0, Coverage(10), (slice_,), (cause,), 0.0, Period(T0, T0 + HOUR),
            Period(T0 + HOUR, T0 + 2 * HOUR), "b", 1,
        )  # fmt: skip
        asked_at = T0 + 3 * HOUR
        await keep(
            place.store, found, question=found.id, where=Slice(), scope=owner, asked_at=asked_at
        )
    (one,) = [
        like
        for like in await place.alike(incident=asked, scope=owner, first=50)
        if like.incident.id == other
    ]
    assert (
        f"investigations laid to both a change in Backend {place.backend}, "
        "a change of ERROR_RATE (WITHIN)" in one.because
    )
    for hidden in (
        {"scope": TenantScope.of("somebody-else")},
        {"scope": owner, "known_at": T0 + 2 * HOUR},
    ):
        seen = await place.alike(incident=asked, first=50, **hidden)
        assert "investigations" not in str([like.because for like in seen])


async def test_only_what_was_known_counts(place: Place) -> None:
    early = await place.incident("a", f"{place.word} stalls")
    late = await place.incident("b", f"{place.word} stalls", at=T0 + 24 * HOUR)
    assert {one.incident.id for one in await place.alike(text=place.word)} == {early, late}
    then = await place.alike(text=place.word, known_at=T0 + HOUR)
    assert [one.incident.id for one in then] == [early]
    with pytest.raises(NotFound):
        await place.alike(incident=late, known_at=T0 + HOUR)


@pytest.mark.parametrize(
    "signs",
    [
        '"', "(", "loss AND", "title:*", "a~0.1^9 [b TO c}", "\\", "/x/ && !y || z", "* OR 1",
        "+-" * 4_000 + " loss",
    ],
)  # fmt: skip
async def test_no_sign_of_the_indexs_language_gets_in(place: Place, signs: str) -> None:
    told = await place.incident("a", f"{place.word} stalls")
    found = await place.alike(text=f"{signs} {place.word}"[-300:])
    assert told in {one.incident.id for one in found}
    await place.alike(text=f"x {signs}")


async def test_what_cannot_be_asked_is_said(place: Place) -> None:
    with pytest.raises(NotFound, match="no incident"):
        await place.alike(incident="nobody-told-of-this")
    for asked, field in (
        ({}, "incident"),
        ({"incident": "a", "text": "b"}, "incident"),
        ({"text": "?! (the)"}, "text"),
        ({"text": "loss", "first": 0}, "first"),
        ({"text": "loss", "first": similar.MOST + 1}, "first"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await place.alike(**asked)
        assert refused.value.field == field
