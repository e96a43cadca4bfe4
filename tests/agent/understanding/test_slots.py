"""Questions the way people write them, and what they name; over three unlike fleets."""

from dataclasses import fields, replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.understanding.question import Slots, Times
from agent.understanding.slots import read_slots
from graph.health import HealthStatus
from graph.names import Names
from graph.slices import Demand, Dimension, Metric
from tests.agent.understanding.fleets import CLOUD, FLEETS, PLAIN, REGIONS

UNWELL = {HealthStatus.DEGRADED, HealthStatus.DOWN, HealthStatus.UNKNOWN}
WHERE = ("deployment", "model", "backend", "task_type", "tier", "tenant", "user", "policy")


def said(text: str, *, names: Names = CLOUD, words: tuple[str, ...] = ()) -> dict[str, Any]:
    """All slots that are filled, the slice's fields among them; sets of one as their element."""
    slots = read_slots(text, names=names, times=Times(words=words))
    told: dict[str, Any] = {name: set(values) for name, values in slots.where.given().items()}
    empty = Slots()
    for one in fields(Slots):
        value: Any = getattr(slots, one.name)
        if one.name not in {"where", "user"} and value != getattr(empty, one.name):
            told[one.name] = _set(value)
    if slots.user is not None:
        assert slots.user in told["user"]
    return {key: _alone(value) for key, value in told.items()}


def _set(value: Any) -> Any:
    return set(cast("frozenset[Any]", value)) if isinstance(value, frozenset) else value


def _alone(value: Any) -> Any:
    if not isinstance(value, set | tuple):
        return value
    several = cast("set[Any] | tuple[Any, ...]", value)
    return next(iter(several)) if len(several) == 1 else several


def names_only(text: str, *, names: Names = CLOUD) -> dict[str, Any]:
    """The slots that are names, without what is measured."""
    kept = {*WHERE, "unknown", "without", "request", "incident", "change", "experiment", "arm"}
    kept |= {"policy_version", "slo"}
    return {key: value for key, value in said(text, names=names).items() if key in kept}


SLICES = {
    "why is gpt-4o on aws slow for premium users": {"deployment": "gpt-4o@aws", "tier": "premium"},
    "why did quality drop for reasoning on gpt 4o at aws": {
        "deployment": "gpt-4o@aws",
        "task_type": "reasoning",
    },
    "whats wrong w/ aws gpt4o": {"deployment": "gpt-4o@aws"},
    "GPT-4O@AWS errs": {"deployment": "gpt-4o@aws"},
    "gpt-4o is slow on aws": {"deployment": "gpt-4o@aws"},
    "gpt 4o @ aws": {"deployment": "gpt-4o@aws"},
    "how many premium requests went to aws's gpt-4o": {
        "deployment": "gpt-4o@aws",
        "tier": "premium",
    },
    "gtp-4o@aws p95": {"deployment": "gpt-4o@aws"},
    "sonnet@kubernetes": {"deployment": "claude-sonnet-4@k8s"},
    "compare p95 of gpt-4o on aws and k8s": {"deployment": {"gpt-4o@aws", "gpt-4o@k8s"}},
    "gpt-4o on aws vs claude-sonnet-4 on k8s": {
        "deployment": {"gpt-4o@aws", "claude-sonnet-4@k8s"}
    },
    "gpt-4o and sonnet on aws": {"deployment": {"gpt-4o@aws", "claude-sonnet-4@aws"}},
    "is gpt-4o-mini@aws better than llama for code": {
        "deployment": {"gpt-4o-mini@aws", "llama-3-70b@k8s", "llama-3-70b@neocloud"},
        "task_type": "coding",
    },
    "how is gpt-4o doing on neocloud": {"model": "gpt-4o", "backend": "neocloud"},
    "how is gpt 4o mini doing": {"model": "gpt-4o-mini"},
    "GPT_4O_MINI quality": {"model": "gpt-4o-mini"},
    "tell me about gpt": {"model": {"gpt-4o", "gpt-4o-mini"}},
    "errors on 4o": {"model": "gpt-4o"},
    "llama 70b p95": {"model": "llama-3-70b"},
    "llama 3 70b latency": {"model": "llama-3-70b"},
    "the llama on kubernetes": {"deployment": "llama-3-70b@k8s"},
    "qualty of resoning on cluade sonet": {"model": "claude-sonnet-4", "task_type": "reasoning"},
    "gtp-4o latency": {"model": "gpt-4o"},
    "is amazon ok": {"backend": "aws"},
    "bedrock is slow": {"backend": "aws"},
    "how's kube today": {"backend": "k8s"},
    "kuberntes p95": {"backend": "k8s"},
    "neo p95": {"backend": "neocloud"},
    "the neo cloud": {"backend": "neocloud"},
    "for chat and coding on aws or k8s": {
        "task_type": {"chat", "coding"},
        "backend": {"aws", "k8s"},
    },
    "why did traffic move from aws to k8s": {"backend": {"aws", "k8s"}},
    "aws/k8s errors": {"backend": {"aws", "k8s"}},
    "is the aws-hosted stuff slow": {"backend": "aws"},
    "quality of summaries": {"task_type": "summarisation"},
    "summarization vs extracting": {"task_type": {"summarisation", "extraction"}},
    "code quality": {"task_type": "coding"},
    "chats are slow": {"task_type": "chat"},
    "best for programming": {"task_type": "coding"},
    "resoning tasks": {"task_type": "reasoning"},
    "why are tasks of reasoning slow": {"task_type": "reasoning"},
    "premum usres complain": {"tier": "premium"},
    "premium-tier latency": {"tier": "premium"},
    "standrad tier": {"tier": "standard"},
    "cost of the free tier": {"tier": "free"},
    "for users on the free plan": {"tier": "free"},
    "free users": {"tier": "free"},
    "feel free to tell me about errors": {},
    "free up aws": {"backend": "aws"},
    "the standard deviation of latency": {},
    "error codes on aws": {"backend": "aws"},
    "what's the reason for the slowdown": {},
    "reasons for the reasoning drop": {"task_type": "reasoning"},
    "last chart right": {},
    "what did acme pay": {"tenant": "acme"},
    "acme's bill": {"tenant": "acme"},
    "what is acme's share of the cost": {"tenant": "acme"},
    "stock price of amazon": {},
    "Acme and GLOBEX": {"tenant": {"acme", "globex"}},
    "why did the bill go up for globx": {"tenant": "globex"},
    "the customer initech says answers are dumb": {"tenant": "initech"},
    "customer acme vs customer initech": {"tenant": {"acme", "initech"}},
    "customers are complaining about slow answers": {},
    "user experience is bad": {},
    "which users are slow": {},
    "quality for user bob": {"user": "bob"},
    "for user alice, summaries": {"user": "alice", "task_type": "summarisation"},
    "request from user u-17 for code": {"user": "u-17", "task_type": "coding"},
    "user_id: Ann@corp.com is slow": {"user": "Ann@corp.com"},
    "what did u-204 pay": {"user": "u-204"},
    "customer cust_81 is angry": {"user": "cust_81"},
    "who changed the policy": {},
    "quality under main v12": {"policy": "main@v12", "policy_version": "main@v12"},
    "errors with policy main": {"policy": "main"},
    "the main problem on aws": {"backend": "aws"},
    "why is the model slwo": {},
    "which model wns for chat": {"task_type": "chat"},
}


@pytest.mark.parametrize(("text", "told"), SLICES.items())
def test_what_a_question_is_about(text: str, told: dict[str, Any]) -> None:
    assert names_only(text) == told


THINGS = {
    "why did request req-123 go to k8s and not aws": {
        "request": "req-123",
        "backend": {"aws", "k8s"},
    },
    "Req_77F was rejected": {"request": "Req_77F"},
    "request #123": {"request": "123"},
    "request id 7f3e9d": {"request": "7f3e9d"},
    "why did 8f3a-77-2 go to aws": {"request": "8f3a-77-2", "backend": "aws"},
    "what happened to 550e8400-e29b-41d4-a716-446655440000": {
        "request": "550e8400-e29b-41d4-a716-446655440000"
    },
    "explain request acme-0042": {"request": "acme-0042"},
    "did request abc-9 fail": {"request": "abc-9"},
    "request volume": {},
    "why would a 900 token request not go to k8s": {"backend": "k8s"},
    "a request like this": {},
    "requests 500 errors": {},
    "incident inc-42": {"incident": "inc-42"},
    "what is INC 42": {"incident": "inc-42"},
    "incident 42": {"incident": "inc-42"},
    "similar to inc-3fa2b": {"incident": "inc-3fa2b"},
    "did the rollout chg-77 help": {"change": "chg-77"},
    "did main v12 hurt, was it a good change": {"change": "main@v12", "policy_version": "main@v12"},
    "what if we had stayed on policy main version 11": {"policy_version": "main@v11"},
    "policy v12": {"policy_version": "main@v12"},
    "main@v11": {"policy_version": "main@v11"},
    "who wins exp-7": {"experiment": "exp-7"},
    "experiment 7 results": {"experiment": "exp-7"},
    "which arm wins the prompt experiment": {"experiment": "exp-7"},
    "who wins the reasoning experiment": {"experiment": "exp-reasoning-3fa2b"},
    "who wins the experiment": {},
    "all in exp-7/treatment": {"experiment": "exp-7", "arm": "exp-7/treatment"},
    "if all were in the treatment arm": {"experiment": "exp-7", "arm": "exp-7/treatment"},
    "the treatment of errors": {},
    "slo premium-latency burn": {"slo": "premium-latency"},
    "error budget of the availability slo": {"slo": "availability"},
    "availability of aws": {"backend": "aws"},
    "judge got harsher": {},
}


@pytest.mark.parametrize(("text", "told"), THINGS.items())
def test_what_happened_by_name(text: str, told: dict[str, Any]) -> None:
    assert names_only(text) == told


UNKNOWN = {
    "how is gemini doing": "gemini",
    "status of model gpt-5": "gpt-5",
    "gpt-4": "gpt-4",
    "errors on gpt-4o@azure": "gpt-4o@azure",
    "errors on gpt-4o@neocloud": "gpt-4o@neocloud",
    "foo@bar is slow": "foo@bar",
    "what's acme-corp spending": "acme-corp",
    "gpt-4o-max errors": "gpt-4o-max",
    "llama 8b errors": "llama 8b",
    "sonnet 3.5 latency": "sonnet 3.5",
    "tenant hooli spend": "hooli",
    "spend of tenant stark": "stark",
    "customer umbrella is angry": "umbrella",
    "is azure ok": "azure",
    "incident inc-99": "inc-99",
    "how did exp-12 go": "exp-12",
    "did chg-78 help": "chg-78",
    "policy main v99": "main v99",
    "platinum tier latency": "platinum",
    "why are enterprise customers slow": "enterprise",
    "the backend frankfurt is down": "frankfurt",
    "latency on model zephyr": "zephyr",
}


@pytest.mark.parametrize(("text", "word"), UNKNOWN.items())
def test_what_stands_for_a_name_but_is_none(text: str, word: str) -> None:
    assert names_only(text) == {"unknown": word}


NO_NAMES = (
    "p95 against p50",
    "5xx and 429s",
    "is it a sev1 or sev-2",
    "top-3 tenants",
    "which tenant spnds most",
    "the best model for us",
    "what does each deployment cost",
    "model by model",
    "tier by tier",
    "is every backend healthy",
    "the policy changed",
    "experiment results please",
    "any incidents open?",
    "request rates are up",
    "can you hlep me",
    "show me the error budget",
    "most accurate model",
    "24x7 on-call",
    "how many tokens per request",
    "what changed",
    "are customers happy",
    "user satisfaction",
    "model recommendation",
    "tenant wise split",
    "is the tenant filter on",
)


@pytest.mark.parametrize("text", NO_NAMES)
def test_ordinary_words_name_nothing(text: str) -> None:
    assert names_only(text) == {}


LOST = {
    "what would p95 have been without aws": {"aws"},
    "if we lose the neocloud can we survive": {"neocloud"},
    "capacity risk if kubernetes goes down": {"k8s"},
    "what happens when k8s dies": {"k8s"},
    "can we survive an aws outage": {"aws"},
    "without gpt-4o on aws": {"gpt-4o@aws"},
    "if gpt-4o@aws fails": {"gpt-4o@aws"},
    "if gpt-4o on k8s went down": {"gpt-4o@k8s"},
    "what if aws had not been there": {"aws"},
    "had aws not been there": {"aws"},
    "w/o aws and k8s": {"aws", "k8s"},
    "if we turn off gpt-4o-mini": {"gpt-4o-mini@aws"},
    "suppose llama had not existed": {"llama-3-70b@k8s", "llama-3-70b@neocloud"},
    "had we not used aws": {"aws"},
}


@pytest.mark.parametrize(("text", "lost"), LOST.items())
def test_what_is_imagined_lost_is_no_slice(text: str, lost: set[str]) -> None:
    slots = read_slots(text, names=CLOUD, times=Times())
    assert slots.without == lost
    assert slots.where.given() == {}


def test_what_is_left_stays_a_slice() -> None:
    told = said("what would quality of gpt-4o be without aws for acme")
    assert told["without"] == "aws"
    assert (told["model"], told["tenant"]) == ("gpt-4o", "acme")
    assert "without" not in said("did errors go up when k8s went down")
    assert "without" not in said("why is aws down")


MEASURES = {
    "why is gpt-4o slow": {"metric": Metric.LATENCY_P95},
    "which model is best for coding": {
        "task_type": "coding",
        "by": Dimension.MODEL,
        "optimise_for": "quality",
        "model": None,
    },
    "requests by tier": {
        "metric": Metric.VOLUME,
        "demand": Demand.REQUESTS,
        "by": Dimension.TIER,
    },
    "which deployments are down": {"by": Dimension.DEPLOYMENT, "status": HealthStatus.DOWN},
    "what is unhealthy": {"status": UNWELL},
    "is gpt-4o down": {"model": "gpt-4o", "status": None},
    "which backend for a 900 token chat": {"prompt_tokens": 900, "task_type": "chat"},
    "tokens of acme next hour": {"demand": Demand.TOKENS, "tenant": "acme", "metric": None},
    "slowest deployment": {"worst": True, "optimise_for": "latency"},
    "premium-latency slo": {"slo": "premium-latency", "metric": None},
    "have we seen network degradation in us-east before": {"text": "network degradation us-east"},
    "have we had this latency spike on k8s before": {"text": "latency spike k8s"},
    "why was request 'abc-123' sent to aws": {"text": None, "request": "abc-123"},
    "what if k8s had been down": {"without": "k8s", "status": None},
    "error budgt": {"metric": None},
    "qualty by mdoel": {"metric": Metric.QUALITY, "by": Dimension.MODEL},
    "user:ann@x.io errors": {"user": "ann@x.io", "unknown": None},
    'incidents like "spot capacity gone"': {"text": "spot capacity gone"},
    "anything similar to inc-42": {"incident": "inc-42", "text": None},
    "route a request like this: coding, 3k tokens": {"text": None, "prompt_tokens": 3000},
}


@pytest.mark.parametrize(("text", "told"), MEASURES.items())
def test_measures_come_with_names(text: str, told: dict[str, Any]) -> None:
    found = said(text)
    assert {key: found.get(key) for key in told} == told


ODD = {
    "how is big@onprem": {"deployment": "big@onprem"},
    "is big on onprem slow": {"deployment": "big@onprem"},
    "a big problem": {},
    "model big": {"model": "big"},
    "small errors": {},
    "is a@x ok": {"deployment": "a@x"},
    "a slow request": {},
    "standard 7b": {"model": "standard-7b"},
    "standard-7b on google cloud": {"deployment": "standard-7b@gcp"},
    "on-prem is slow": {"backend": "onprem"},
    "chat is slow": {"tier": "chat"},
    "chat tasks": {"task_type": "chat"},
    "chat tier": {"tier": "chat"},
    "tenant chat": {"tenant": "chat"},
    "tenant free": {"tenant": "free"},
    "quality for customer standard": {"tenant": "standard"},
    "default tier": {"tier": "default"},
    "tenant default": {"tenant": "default"},
    "what happens by default": {},
    "code reviews": {"task_type": "code_review"},
    "question answering": {"task_type": "qa"},
    "translations on gcp": {"task_type": "translate", "backend": "gcp"},
    "policy cheap first": {"policy": "cheap-first"},
    "cheap-first@2": {"policy_version": "cheap-first@2"},
    "latency went up": {},
    "quality of pro": {"tier": "pro"},
    "the latency experiment": {"experiment": "latency"},
    "arm b": {"arm": "latency/b", "experiment": "latency"},
    "k8s latency": {"unknown": "k8s"},
}


@pytest.mark.parametrize(("text", "told"), ODD.items())
def test_names_that_are_words(text: str, told: dict[str, Any]) -> None:
    assert names_only(text, names=PLAIN) == told


PARTS = {
    "mistral large on azure eu": {"deployment": "mistral-large-2411@azure-eu"},
    "mistral": {"model": {"mistral-large-2411", "mistral-small"}},
    "is azure down": {"backend": {"azure-eu", "azure-us"}},
    "bedrock": {"backend": "bedrock-us-west-2"},
    "nova pro": {"model": "nova.pro.v1"},
    "nova.pro.v1@bedrock-us-west-2": {"deployment": "nova.pro.v1@bedrock-us-west-2"},
    "deepseek quality for gold customers": {"model": "deepseek-r1", "tier": "gold"},
    "tenant 2 spend": {"tenant": "tenant-2"},
    "umbrella errors": {"tenant": "umbrella-corp"},
    "contoso labs": {"tenant": "contoso-labs"},
    "classifying is slow": {"task_type": "classification"},
    "extract entities": {"task_type": "entity-extraction"},
    "tenant-9 spend": {"unknown": "tenant-9"},
    "summarising texts": {"task_type": "summarization"},
}


@pytest.mark.parametrize(("text", "told"), PARTS.items())
def test_names_of_several_parts(text: str, told: dict[str, Any]) -> None:
    assert names_only(text, names=REGIONS) == told


def test_words_about_time_name_nothing() -> None:
    told = said("errors on aws since inc-42", words=("since inc-42",))
    assert (told["backend"], told.get("incident")) == ("aws", None)
    told = said("why was chat slow ON Chat DAY", words=("on chat day",))
    assert told["task_type"] == "chat"


def test_nothing_known_is_no_error() -> None:
    assert said("how is gpt-4o on aws", names=Names())["unknown"] == ("gpt-4o", "aws")


@given(st.text(max_size=120), st.sampled_from(FLEETS))
def test_any_text_is_read(text: str, names: Names) -> None:
    read_slots(text, names=names, times=Times(words=(text[:5], "")))


_PIECES = ("gpt-4o", "@", "aws", "<0>", "without", "if", "policy", "main", "v12", "user", "request")


@given(st.lists(st.sampled_from((*_PIECES, "req-1", "by", "tier", "a", "k8s", "goes down", '"'))))
def test_any_order_of_words_is_read(words: list[str]) -> None:
    read_slots(" ".join(words), names=CLOUD, times=Times(words=tuple(words[:1])))


@given(st.sampled_from(FLEETS), st.randoms(use_true_random=False), st.data())
def test_the_order_of_names_never_matters(names: Names, rng: Any, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([*SLICES, *THINGS, *UNKNOWN, *LOST, *ODD, *PARTS]))
    mixed = {
        one.name: tuple(rng.sample(getattr(names, one.name), len(getattr(names, one.name))))
        for one in fields(Names)
        if one.name not in {"incidents", "changes", "users"}
    }
    other = replace(names, **mixed)
    assert read_slots(text, names=names, times=Times()) == read_slots(
        text, names=other, times=Times()
    )


@given(st.sampled_from(CLOUD.deployments), st.sampled_from(CLOUD.tenants), st.data())
def test_names_are_found_in_any_casing(deployment: str, tenant: str, data: st.DataObject) -> None:
    text = f"why is {deployment} slow for {tenant}"
    upper = data.draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    cased = "".join(c.upper() if up else c for c, up in zip(text, upper, strict=True))
    where = read_slots(cased, names=CLOUD, times=Times()).where
    assert where.given() == {"deployment": {deployment}, "tenant": {tenant}}
