"""What counts as a mention of a name, and what does not; how long it takes over many names."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.understanding.question import Times
from agent.understanding.slots import read_slots
from agent.understanding.spelling import key, nearest, stem
from agent.understanding.vocabulary import index, mentions
from graph.names import Names
from tests.agent.understanding.fleets import CLOUD, FLEETS, PLAIN, REGIONS

Found = list[tuple[str, str]]


def found(text: str, *, names: Names = CLOUD) -> Found:
    """Each mention's kind and words, in order."""
    told = mentions(text, vocabulary=index(names))
    return [(one.kind, text[one.start : one.end]) for one in told]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gpt-4o-mini", [("model", "gpt-4o-mini")]),
        ("gpt-4o,gpt-4o-mini", [("model", "gpt-4o"), ("model", "gpt-4o-mini")]),
        ("gpt-4o/gpt-4o-mini", [("model", "gpt-4o"), ("model", "gpt-4o-mini")]),
        ("gpt-4o-max", []),
        ("my-gpt-4o is not premium2", []),
        ("gpt-4o-based", [("model", "gpt-4o")]),
        ("gpt-4o@aws.", [("deployment", "gpt-4o@aws")]),
        ("acme's and acmes", [("tenant", "acme"), ("tenant", "acmes")]),
        ("Main   v12", [("policy_version", "Main   v12")]),
        ("v12 of the policy", [("policy_version", "v12")]),
        ("12", []),
        ("control and treatment", []),
        ("control arm", [("arm", "control")]),
        ("premium-latency", [("slo", "premium-latency")]),
        ("premium latency", [("tier", "premium")]),
        ("exp 7", [("experiment", "exp 7")]),
        ("judge", [("evaluator", "judge")]),
        ("claude sonnet 4 and sonnet", [("model", "claude sonnet 4"), ("model", "sonnet")]),
        ("acme, chat", [("tenant", "acme"), ("task_type", "chat")]),
        ("acme. chat", [("tenant", "acme"), ("task_type", "chat")]),
    ],
)
def test_where_a_name_begins_and_ends(text: str, told: Found) -> None:
    assert found(text) == told


@pytest.mark.parametrize(
    ("text", "word", "kind"),
    [
        ("premum", "premum", "tier"),
        ("premuim users", "premuim", "tier"),
        ("extracton", "extracton", "task_type"),
        ("summerisation", "summerisation", "task_type"),
        ("initec", "initec", "tenant"),
        ("glboex", "glboex", "tenant"),
        ("neoclod", "neoclod", "backend"),
        ("lama-3-70b", "lama-3-70b", "model"),
        ("claud-sonet-4", "claud-sonet-4", "model"),
        ("gpt4o-mnii", "gpt4o-mnii", "model"),
    ],
)
def test_slips_are_forgiven(text: str, word: str, kind: str) -> None:
    assert found(text) == [(kind, word)]


@pytest.mark.parametrize(
    "text",
    [
        *("chart", "char", "chap", "acne", "gpt-5o", "llama-4-70b", "sonnet-5", "exp-8", "inc-43"),
        *(
            "premise",
            "global",
            "initial",
            "code 500",
            "reason",
            "free to go",
            "it is free for free",
        ),
        *("coder", "cheat", "what", "stand", "standards", "extra", "action", "ace", "gpt-4p"),
    ],
)
def test_what_is_near_is_not_always_meant(text: str) -> None:
    assert [one for one in found(text) if one[0] != "tier"] == []


def test_two_names_as_near_are_neither() -> None:
    names = Names(tenants=("alpha-one", "alpha-two", "marlin", "merlin"))
    assert found("mirlin", names=names) == []
    assert found("marlin", names=names) == [("tenant", "marlin")]
    assert [m.names for m in mentions("alpha", vocabulary=index(names))] == [
        ("alpha-one", "alpha-two")
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("chat tier", "tier"),
        ("tier chat", "tier"),
        ("chat tasks", "task_type"),
        ("tenant chat", "tenant"),
        ("tenant named default", "tenant"),
        ("default tier", "tier"),
        ("policy default", "policy"),
    ],
)
def test_the_words_around_decide(text: str, kind: str) -> None:
    assert [one for one, _ in found(text, names=PLAIN)] == [kind]


def test_names_alike_but_for_their_signs_are_told_apart_as_written() -> None:
    names = Names(models=("gpt-4-1", "gpt-41"))
    assert [m.names for m in mentions("gpt-41", vocabulary=index(names))] == [("gpt-41",)]
    assert [m.names for m in mentions("gpt-4-1", vocabulary=index(names))] == [("gpt-4-1",)]


def test_a_family_is_all_of_it() -> None:
    told = mentions("mistral on azure", vocabulary=index(REGIONS))
    assert [one.names for one in told] == [
        ("mistral-large-2411", "mistral-small"),
        ("azure-eu", "azure-us"),
    ]


def test_other_words_for_a_backend_need_one_that_fits() -> None:
    assert found("kubernetes", names=Names(backends=("k8s-a",))) == [("backend", "kubernetes")]
    assert found("kubernetes", names=Names(backends=("k8s-a", "k8s-b"))) == []
    assert found("kubernetes", names=Names(backends=("gcp",))) == []


def test_the_index_is_made_once_for_equal_names() -> None:
    assert index(CLOUD) is index(replace(CLOUD))
    assert index(CLOUD) is not index(PLAIN)


@pytest.mark.parametrize("names", FLEETS)
def test_every_name_is_found_as_it_stands(names: Names) -> None:
    for kind, ids in (
        ("deployment", names.deployments),
        ("backend", [one for one in names.backends if len(one) > 1]),
        ("policy_version", names.policy_versions),
    ):
        for name in ids:
            told = mentions(f"about {name}, please", vocabulary=index(names))
            assert [(m.kind, m.names) for m in told] == [(kind, (name,))]


@given(st.text(max_size=80), st.sampled_from(FLEETS))
def test_mentions_lie_in_the_text_and_never_overlap(text: str, names: Names) -> None:
    told = mentions(text, vocabulary=index(names))
    at = 0
    for one in told:
        assert at <= one.start < one.end <= len(text)
        assert one.names
        at = one.end


_NAME = st.from_regex(r"[a-z]{5,9}(-[a-z0-9]{2,5}){0,2}", fullmatch=True)


@given(st.lists(_NAME, min_size=1, max_size=6, unique=True), st.data())
def test_any_tenant_is_found_beside_its_word(tenants: list[str], data: st.DataObject) -> None:
    names = Names(tenants=tuple(sorted(tenants)))
    wanted = data.draw(st.sampled_from(tenants))
    text = f"cost of tenant {data.draw(st.sampled_from((wanted, wanted.upper())))}"
    told = mentions(text, vocabulary=index(names))
    assert [(m.kind, m.names) for m in told] == [("tenant", (wanted,))]


@pytest.mark.parametrize(
    ("words", "root"),
    [
        ("code coding codes coded", "cod"),
        ("summary summaries summarise summarising summarization", "summar"),
        ("chat chats chatting", "chat"),
        ("classify classification classifying", "classif"),
        ("translate translation translating", "transl"),
        ("extract extraction extracting", "extract"),
        ("gpt4o", "gpt4o"),
    ],
)
def test_forms_of_a_word_share_a_stem(words: str, root: str) -> None:
    assert {stem(word) for word in words.split()} == {root}


def test_keys_and_near_misses() -> None:
    assert key("GPT-4o_Mini") == key("gpt 4o mini") == "gpt4omini"
    assert nearest("premuim", ["premium", "medium"]) == ("premium",)
    assert nearest("gpt5o", ["gpt4o"]) == ()
    assert nearest("gpt4", ["gpt4o"]) == ()
    assert nearest("cat", ["chat"]) == ()
    assert nearest("rate", ["gate"]) == ()


def test_many_names_take_no_longer(capsys: pytest.CaptureFixture[str]) -> None:
    models = tuple(f"family{i % 9}-v{i}-{size}b" for i in range(20) for size in (7, 70))
    backends = ("aws", "k8s", "neo", "gcp")
    many = Names(
        models=models,
        backends=backends,
        deployments=tuple(f"{model}@{backend}" for model in models for backend in backends),
        tenants=tuple(f"company-{i:x}-{'abcdefg'[i % 7]}xyz" for i in range(120)),
        task_types=CLOUD.task_types,
        tiers=CLOUD.tiers,
    )
    texts = (
        "why did p95 of premum users get so much worse on family3 v3 7b at aws for company-1f-dxyz",
        "what would the qualty have been without kuberntes for resoning and unknwon things",
    )
    index(many)
    spent: list[float] = []
    for text in texts * 50:
        begun = time.perf_counter()
        slots = read_slots(text, names=many, times=Times())
        spent.append(1e3 * (time.perf_counter() - begun))
        assert slots.where.tier == {"premium"} or slots.without == {"k8s"}
    with capsys.disabled():
        spent.sort()
        print(f" slots of {len(many.deployments) + 172} names: median {spent[50]:.2f} ms", end="")  # noqa: T201
