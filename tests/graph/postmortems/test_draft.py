"""A draft says what its material says: all of it, escaped, and not a figure more."""

import re
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, cast

import pytest
from markdown_it import MarkdownIt

from graph.causes.investigation import Verdict
from graph.postmortems.draft import markdown, title
from graph.postmortems.material import Material, Moved
from graph.slices import Metric
from tests.graph.postmortems.materials import (
    HOUR,
    MINUTE,
    NOTHING_KNOWN,
    NOW,
    OPENED,
    RESOLVED,
    TELLINGS,
    cause,
    change,
    comparison,
    investigation,
    material,
    other,
    telling,
)

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SECTIONS = [
    "Summary",
    "Impact",
    "Timeline (UTC)",
    "Cause",
    "Contributing factors",
    "Similar earlier incidents",
    "What we don't know",
    "Action items",
]


def drafted(**told: Any) -> str:
    return markdown(material(**told), generated_at=NOW)


def section(text: str, name: str) -> str:
    return text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def headings(text: str) -> list[str]:
    return [line.lstrip("#").strip() for line in text.splitlines() if line.startswith("## ")]


def test_it_has_every_section_whatever_is_known() -> None:
    for text in (drafted(), drafted(**NOTHING_KNOWN)):
        assert headings(text) == SECTIONS
        assert text.startswith("# Postmortem: answers are wrong\n\n> **DRAFT")
        assert text.endswith("\n")
        assert all(section(text, name).strip() for name in SECTIONS)
        assert "None" not in text.replace("None is recorded", "")


def test_facts_and_summary() -> None:
    text = drafted()
    assert "| Status | resolved |" in text
    assert "| Severity | sev1 |" in text
    assert "| Duration | 4 h 4 min |" in text
    assert "| Scope | backend `metal` |" in text
    assert "| More | `https://ops.example/1` |" in text
    assert section(text, "Summary").strip() == (
        "From 2026-09-08 14:07 to 18:11 UTC (4 h 4 min) backend `metal` was affected: answers are "
        "wrong. It reached 1,803 requests of 402 users; 61 of them failed (3.38 %), where 18.5 "
        "were to be expected. The data lay 83 % of the change to rollout `chg-7`: new build (or to "
        "`chg-8`: they cannot be told apart)."
    )
    assert title(material()) == "Postmortem: answers are wrong"


def test_impact_is_a_table_beside_the_time_before() -> None:
    told = section(drafted(), "Impact")
    for row in (
        "| Requests reached | 1,803 | 1,911 |",
        "| Failed | 61 (3.38 %) | 18.5 to be expected |",
        "| Failed there first, served elsewhere | 37 |  |",
        "| Users | 402 |  |",
        "| Tier `premium` | 703 requests, 41 failed |  |",
        "| p95 latency | 640 ms | 812 ms |",
        "| Quality | 0.620 (560 scores) | 0.900 (590 scores) |",
        "| Cost of these requests | $12.34 |  |",
        "| Cost of the failed ones | $0.560 |  |",
        "| Extra cost for the same work | $1.78 (95 %: $0.910 to $2.65) |  |",
    ):
        assert row in told
    assert "Before: 2026-09-01 14:07 to 18:11 UTC (the same hours a week before)." in told
    assert "Tenants reached: `acme`, `globex`." in told


def test_the_timeline_is_in_order_and_tells_what_is_new() -> None:
    rows = section(drafted(), "Timeline (UTC)").strip().splitlines()[2:]
    assert [row.split(" | ", 1)[0] for row in rows] == sorted(
        row.split(" | ", 1)[0] for row in rows
    )
    words = [re.sub(r"^\| \S+ ", "", row) for row in rows]
    assert words == [
        "13:07 | Maintenance `mnt-1` on backend `metal`: new disks (planned until "
        "2026-09-08 15:07 UTC) |",
        "13:47 | Change (rollout) `chg-7`: chg-7 goes out, on deployment `sage@metal`, by ada |",
        "13:50 | The quality began to change, as the data tell it (between 2026-09-08 13:36 "
        "and 2026-09-08 14:18 UTC) |",
        "14:07 | **Incident opened** as sev2 on backend `metal`: answers are wrong |",
        "14:12 | Incident `inc-2` (sev3) opened on backend `metal`: packets are lost |",
        "15:07 | Change (policy) `pol@3`: `pol@3` goes out, on policy `pol` |",
        "15:07 | Incident updated: severity sev2 → sev1; contributing factors noted |",
        "18:11 | **Incident resolved**; root cause noted: a bad build. |",
    ]


def test_what_became_known_late_says_so() -> None:
    late = replace(TELLINGS[0], recorded_at=OPENED + HOUR)
    text = drafted(tellings=(late, *TELLINGS[1:]))
    assert "answers are wrong (known only at 2026-09-08 15:07 UTC)" in text
    assert "recorded 1 h 0 min after it had begun" in section(text, "Contributing factors")
    assert "known only" not in drafted()


def test_of_many_changes_the_nearest_are_told() -> None:
    many = [change(f"c{n}", OPENED - n * MINUTE, ("backend", "metal")) for n in range(40)]
    told = section(drafted(changes=tuple(reversed(many))), "Timeline (UTC)")
    assert "10 more changes, further from its opening, are left out." in told
    assert "`c29`" in told
    assert "`c30`" not in told


def test_of_many_other_incidents_and_plans_the_nearest_are_told() -> None:
    others = tuple(
        other(f"o{n}", opened_at=OPENED - n * MINUTE, resolved_at=None) for n in range(13)
    )
    (plan,) = material().maintenance
    plans = tuple(replace(plan, id=f"m{n}", starts_at=OPENED - n * MINUTE) for n in range(11))
    text = drafted(others=others, maintenance=plans)
    for name, more in (
        ("Timeline (UTC)", "3 more other incidents, further from its opening, are left out."),
        ("Timeline (UTC)", "1 more piece of planned work, further from its opening, is left out."),
        ("Contributing factors", "- and 3 more incidents open at the same time\n"),
        ("Contributing factors", "- and 1 more planned at the same time"),
    ):
        told = section(text, name)
        assert more in told
        assert all(shown in told for shown in ("`o9`", "`m9`"))
        assert not any(shown in told for shown in ("`o10`", "`m10`"))


def test_nothing_that_came_after_its_end_is_in_the_timeline() -> None:
    late = other("o1", opened_at=OPENED + MINUTE, resolved_at=RESOLVED + MINUTE)
    soon = other("o2", opened_at=OPENED + MINUTE, resolved_at=RESOLVED - MINUTE)
    told = section(drafted(others=(late, soon)), "Timeline (UTC)")
    assert "Incident `o2` resolved" in told
    assert "Incident `o1` resolved" not in told
    assert "Incident `o1` (sev3) opened" in told


def test_without_a_time_before_nothing_is_said_to_have_been_none() -> None:
    impact = material().impact
    assert impact is not None
    alone = replace(
        impact,
        compared_to=None,
        baseline=None,
        requests_before=None,
        failed_expected=None,
        latency_ms_p95_before=None,
        quality_before=None,
        scored_before=None,
    )
    told = section(drafted(impact=alone), "Impact")
    assert "| Requests reached | 1,803 | unknown |" in told
    assert "| Quality | 0.620 (560 scores) | unknown |" in told
    assert "Before: nothing was recorded." in told


def test_a_contribution_is_told_as_one_wherever_it_stands() -> None:
    over = cause(contribution=12.34, indistinguishable_from=())
    text = drafted(investigation=investigation(causes=(over,)))
    assert "The data lay 1234 % of the change to" in section(text, "Summary")
    assert "Contribution: 1234 % of the change" in section(text, "Cause")


def test_what_has_no_error_is_told_without_standard_errors() -> None:
    exact = Moved(Metric.COST_PER_REQUEST, comparison(0.1, 0.3, 0.2, 0.2))
    told = section(drafted(moved=(exact,)), "Cause")
    assert "cost per request ($0.100 → $0.300; 95 %: +$0.200 to +$0.200)." in told


def test_the_cause_is_told_with_all_that_speaks_for_and_against_it() -> None:
    told = section(drafted(), "Cause")
    for words in (
        "Noted in its report: a bad build.",
        "the metric that got worse by the most is quality (0.900 → 0.620; 95 %: -0.310 to -0.250, "
        "18.3 standard errors). Looked at too: error rate (1 % → 1.2 %; 95 %: -1 points to +1.4 "
        "points, 0.3 standard errors); p95 latency (812 ms → 640 ms; 95 %: -190 ms to -150 ms, "
        "16.9 standard errors); cost per request (not measured).",
        "**Explained.** Quality fell from 0.900 to 0.620.",
        "- Change: 0.900 → 0.620, -0.280 (95 %: -0.310 to -0.250).",
        "- It began at 2026-09-08 13:50 UTC (between 2026-09-08 13:36 UTC and 2026-09-08 14:18 "
        "UTC).",
        "- Where: 88 % of it in deployment `sage@metal`, task type `reasoning` (233 requests "
        "before, 229 in it).",
        "- Recorded events put to the test: 5.",
        "- Unexplained: 17 % of the change.",
        "### 1. rollout `chg-7`: new build",
        "- Contribution: 83 % of the change (95 %: 71 % to 94 %); confidence that it had a part: "
        "97 %.",
        "- Without it the quality had been 0.860.",
        "- Path: change `chg-7` → deployment `sage@metal` → cell `c1` → task type `reasoning`.",
        "- The data cannot tell it from `chg-8`.",
        "- For: it set in with it, at 2026-09-08 13:47 UTC.",
        "- Against: its share may be close to nothing.",
    ):
        assert words in told
    assert "preceded" not in told


def test_an_incident_that_is_its_own_cause_is_told_with_what_preceded_it() -> None:
    own = cause(kind="incident", id="inc-1", title="answers are wrong", indistinguishable_from=())
    text = drafted(investigation=investigation(causes=(own,)))
    assert "to the incident itself; what caused that is open." in section(text, "Summary")
    told = section(text, "Cause")
    assert "that tells when and where, not why." in told
    assert "- 20 min before: Change (rollout) `chg-7`" in told
    assert "pol@3" not in told
    alone = drafted(investigation=investigation(causes=(own,)), changes=())
    assert "No change is recorded in the day before it" in section(alone, "Cause")


def test_an_incident_is_no_rival_of_what_it_reports() -> None:
    lead = cause(indistinguishable_from=("inc-1",))
    text = drafted(investigation=investigation(causes=(lead,)))
    assert "to rollout `chg-7`: new build.\n" in section(text, "Summary")
    assert "The data cannot tell it from this incident itself," in section(text, "Cause")
    assert "told apart" not in text
    own = cause(kind="incident", id="inc-1", indistinguishable_from=("chg-7",))
    text = drafted(investigation=investigation(causes=(own,)))
    assert "itself (or to `chg-7`: they cannot be told apart);" in section(text, "Summary")


def test_where_no_event_is_held_responsible_none_is_named() -> None:
    found = investigation(causes=(), verdict=Verdict.UNEXPLAINED, unexplained=1.0)
    text = drafted(investigation=found)
    assert "No recorded event explains the change." in section(text, "Summary")
    told = section(text, "Cause")
    assert "No recorded event is held responsible by the data." in told
    assert "###" not in told
    assert "What accounts for the rest: 100 % of the change." in section(text, SECTIONS[6])


def test_contributing_factors_are_those_noted_and_those_found() -> None:
    second = cause(2, id="chg-9", title="a flag", contribution=0.12)
    text = drafted(investigation=investigation(causes=(cause(), second)))
    assert section(text, "Contributing factors").strip().splitlines() == [
        "- Noted in its report: no canary.",
        "- Noted in its report: nobody watched.",
        "- Displaced load: 37 requests failed on what was reached and went on to other deployments",
        "- rollout `chg-9`: a flag (12 % of the change)",
        "- Open at the same time: incident `inc-2` on backend `metal`: packets are lost",
        "- Planned work at the same time: `mnt-1` on backend `metal`: new disks",
        "- Coverage: scores of 40 are missing.",
    ]


def test_similar_incidents_come_with_their_root_causes() -> None:
    assert section(drafted(), "Similar earlier incidents").strip() == (
        "- `inc-0` (71 % alike, 2026-08-18 14:07 UTC): packets are lost. Root cause: a switch. "
        "Alike: both struck backend metal."
    )
    assert "No earlier incident" in section(drafted(similar=()), "Similar earlier incidents")


def test_an_open_incident_is_told_until_now() -> None:
    text = drafted(tellings=TELLINGS[:2], known_at=NOW - HOUR, until=NOW - HOUR)
    assert "> **DRAFT, incident ongoing.**" in text
    assert "from what was known at 2026-09-09 13:07 UTC" in text
    assert "| Status | **ongoing** |" in text
    assert "| Resolved | not yet |" in text
    assert "| Duration | 23 h 0 min, until now |" in text
    assert "and is open until now." in section(text, "Summary")
    unknown = section(text, SECTIONS[6])
    assert "- How it ends: it is open; everything is told up to 2026-09-09 13:07 UTC." in unknown
    assert "- The root cause as people see it: none is noted." in unknown
    assert "- What was recorded after 2026-09-09 13:07 UTC: it is left out." in unknown
    assert "- [ ] Resolve the incident" in section(text, "Action items")


def test_what_is_not_known_is_said() -> None:
    told = section(drafted(), SECTIONS[6])
    assert "- What accounts for the rest: 17 % of the change." in told
    assert "- How the other 240 of 800 requests were answered: they have no score (yet)." in told
    assert "- Not measured in this time or before it: cost per request." in told
    nothing = drafted(**NOTHING_KNOWN)
    assert "What it reached was not measured. Why cannot be told from the data." in nothing
    assert "- What it reached: no figures." in section(nothing, SECTIONS[6])


def test_action_items_are_empty_boxes() -> None:
    boxes = section(drafted(), "Action items").strip().splitlines()
    assert len(boxes) >= 5
    assert all(box.startswith("- [ ] ") and not re.search(r"\d", box) for box in boxes)


HOSTILE = "[x](https://evil.example)\n# owned\n- <script>alert(1)</script> | `a` ![i](http://e)"


def hostile() -> Material:
    """The same material, and in every place for others' words a text that would be markup."""
    told = tuple(
        replace(
            one,
            title=HOSTILE,
            root_cause=one.root_cause and HOSTILE,
            factors=tuple(HOSTILE for _ in one.factors),
            scope_id=HOSTILE,
        )
        for one in TELLINGS
    )
    whole = material(tellings=told)
    assert whole.investigation is not None
    bad = cause(
        id=HOSTILE, kind=HOSTILE, title=HOSTILE, evidence=(HOSTILE,), evidence_against=(HOSTILE,)
    )
    return replace(
        whole,
        investigation=replace(whole.investigation, summary=HOSTILE, causes=(bad,)),
        changes=tuple(
            replace(one, id=HOSTILE, title=HOSTILE, kind=HOSTILE, author=one.author and HOSTILE)
            for one in whole.changes
        ),
        maintenance=tuple(replace(one, id=HOSTILE, title=HOSTILE) for one in whole.maintenance),
        others=tuple(replace(one, id=HOSTILE, title=HOSTILE) for one in whole.others),
        similar=tuple(
            replace(one, incident=other(HOSTILE, title=HOSTILE, root_cause=HOSTILE))
            for one in whole.similar
        ),
    )


def elements(text: str) -> list[str]:
    """What a page is made of but for its words."""
    tokens: Any = PARSER.parse(text)
    inline = [child for token in tokens for child in cast("list[Any]", token.children or [])]
    return sorted({one.type for one in (*tokens, *inline)})


def test_no_text_of_others_becomes_markup_anywhere() -> None:
    tame, wild = material(), hostile()
    for one in (tame, wild):
        found = elements(markdown(one, generated_at=NOW))
        assert not {"link_open", "image", "html_block", "html_inline", "fence"} & set(found)
    lines = [markdown(one, generated_at=NOW).splitlines() for one in (tame, wild)]
    starts = [[re.match(r"[#>|\s-]*", line) for line in told] for told in lines]
    assert [m and m.group() for m in starts[0]] == [m and m.group() for m in starts[1]]


def numbers(value: Any) -> set[float]:
    """Every number in a value, however deep; and those of instants and of texts."""
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, int | float):
        return {abs(float(value)), abs(100 * float(value))}
    if isinstance(value, datetime):
        return {float(part) for part in re.findall(r"\d+", value.isoformat())}
    if isinstance(value, str):
        return {float(part) for part in re.findall(r"\d+(?:\.\d+)?", value)}
    if isinstance(value, tuple | frozenset):
        told = cast("Iterable[Any]", value)
        return {number for one in told for number in numbers(one)}
    names = [field.name for field in fields(value)]
    return {number for name in names for number in numbers(getattr(value, name))}


def test_every_figure_is_one_of_the_material() -> None:
    whole = material()
    known = numbers(whole) | {95.0, 24.0}
    known |= {4.0, 20.0}  # how long it lasted, and how long before it the change was made
    known |= {100 * 61 / 1803, 240.0, *(round(one.errors, 1) for one in whole.moved)}
    found = {
        float(one.replace(",", ""))
        for one in re.findall(r"\d[\d,]*(?:\.\d+)?", drafted())
        if one.strip(",")
    }
    strange = {one for one in found if not any(one == pytest.approx(k, rel=0.006) for k in known)}
    assert strange == set()


def test_a_telling_again_after_the_end_opens_it_again() -> None:
    again = telling(RESOLVED - OPENED + HOUR, title="wrong again")
    whole = material(tellings=(*TELLINGS, again))
    assert whole.ongoing
    text = markdown(whole, generated_at=NOW)
    assert "**Incident opened again**; severity sev1 → sev2; now called wrong again" in text
