"""What the calls say: names with their kinds, whom they blame, what a text cites."""

from agent.checking.evidence import CITED_AT_MOST, Evidence
from agent.results import Call
from graph.names import Names
from graph.slices import EntityRef, Slice
from tests.agent.told import ASKED, CALLS, FLEET, FOUND, NAMES, OUTAGE


def evidence(calls: list[Call]) -> Evidence:
    return Evidence.of(calls, figures={}, question=ASKED, names=NAMES)


def test_every_name_comes_with_its_kind() -> None:
    assert {
        EntityRef("deployment", "gpt-4o@aws"),
        EntityRef("model", "gpt-4o"),
        EntityRef("backend", "aws"),
        EntityRef("incident", "inc-42"),
        EntityRef("change", "chg-77"),
        EntityRef("investigation", "inv-1"),
        EntityRef("tenant", "acme"),
        EntityRef("tier", "premium"),
        EntityRef("user", "u-19"),
        EntityRef("task_type", "summarise"),
        EntityRef("request", "req-0a1b"),
        EntityRef("policy_version", "quality-first@3"),
        EntityRef("evaluator", "judge-a"),
        EntityRef("budget", "acme/month"),
    } <= evidence(CALLS).refs()


def test_names_that_no_result_tells_are_none_of_it() -> None:
    names = {one.id for one in evidence(CALLS).refs()}
    assert "globex" not in names
    assert "gpt-9" not in names


def test_arguments_and_slots_count() -> None:
    found = evidence([Call("trend", {"where": Slice(tier=frozenset({"gold"}))}, [])])
    assert EntityRef("tier", "gold") in found.refs()


def test_names_are_known_where_they_were_asked_for() -> None:
    asked = Call("names", {}, Names(tenants=("initech",)))
    assert evidence([asked]).known["initech"] == {"tenant"}


def test_who_is_blamed_is_known_with_the_reach() -> None:
    (blame,) = evidence(CALLS).blamed
    assert (blame.name, blame.rivals) == ("chg-77", {"chg-78"})
    assert "gpt-4o@aws" in blame.reach
    assert "llama-3-70b@neocloud" not in blame.reach


def test_that_no_event_did_it_is_known() -> None:
    assert evidence(CALLS).acquitted
    assert not evidence([Call("why_changed", {}, FOUND)]).acquitted


def test_causes_and_incidents_are_cited_first_and_whole_names_only() -> None:
    text = "gpt-4o@aws fails since inc-42; chg-77 did it, not claude-sonnet-4."
    assert evidence(CALLS).citations(text) == (
        EntityRef("change", "chg-77"),
        EntityRef("incident", "inc-42"),
        EntityRef("deployment", "gpt-4o@aws"),
        EntityRef("model", "claude-sonnet-4"),
    )


def test_what_is_within_a_longer_word_is_not_cited() -> None:
    assert evidence(CALLS).citations("xinc-42 and inc-421 and gpt-4o@awsx") == ()


def test_a_name_may_be_followed_by_anything_that_is_no_name() -> None:
    found = evidence([Call("fleet", {}, FLEET), Call("incidents", {}, [OUTAGE])])
    for text in ("(inc-42)", "inc-42's", "`inc-42`", "inc-42.", "Inc-42,", "x/inc-42"):
        assert found.citations(text) == (EntityRef("incident", "inc-42"),), text


def test_citations_are_bounded() -> None:
    many = [Call("trend", {"where": Slice(user=frozenset({f"u-{n}"}))}, []) for n in range(40)]
    text = " ".join(f"u-{number}" for number in range(40))
    assert len(evidence(many).citations(text)) == CITED_AT_MOST
