"""What a question names, apart from times: its slice, its measures, and what names nothing."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from agent.understanding import measures, slicing
from agent.understanding.english import FAINT
from agent.understanding.question import Slots, Times
from agent.understanding.reading import Reading, read
from agent.understanding.references import references
from agent.understanding.spelling import lowered, parts, stem, tokens
from agent.understanding.vocabulary import index
from graph.names import Names

_TRIAL: Final = re.compile(r"\b(?:experiment|a/?b[- ]?test|ab test|trial|test)s?\b")
_OBJECTIVES: Final = re.compile(r"\b(?:slos?|objectives?|error budgets?|burn\w*)\b")
_NO_CONTENT: Final = {
    *("experiment", "exp", "test", "trial", "running", "started", "stopped", "ended", "ab"),
    *("arm", "control", "treatment", "completed", "paused"),
}
_ALIKE: Final = re.compile(
    r"\b(?:similar|alike|resembl\w+|(?<!request )like (?:this|that|these) (?:before|incident|"
    r"outage)|"
    r"(?:seen|had|happened|occurred|known) (?:\S+ ){0,8}?(?:before|earlier|in the past|previously)|"
    r"ever (?:had|seen|happened)|(?:past|previous|earlier|old|other) (?:incident|outage)s?|"
    r"(?:incident|outage)s? (?:like|about|with|where|involv\w+|in the past)|remind\w*|deja vu)\b"
)
_QUOTED: Final = re.compile(
    r"[\"\u201c\u201d]([^\"\u201c\u201d]{3,200})[\"\u201c\u201d]|`([^`]{3,200})`|"
    r"(?<!\w)'([^']{3,200})'(?!\w)"
)
_CUES: Final = {
    *(
        "seen",
        "similar",
        "happened",
        "happen",
        "incident",
        "incidents",
        "outage",
        "outages",
        "like",
    ),
    *("before", "ever", "anything", "something", "previous", "earlier", "past", "resemble", "show"),
    *(
        "resembles",
        "find",
        "search",
        "history",
        "deja",
        "vu",
        "times",
        "remind",
        "reminds",
        "know",
        "kind",
        "sort",
    ),
}
_EFFECT: Final = re.compile(
    r"\b(?:change|roll(?:ed)?[- ]?out|publish\w*|releas\w*|did .* (?:help|hurt|work)|effects?|"
    r"impact|"
    r"broke|worth it|good or bad|worse|better|improv\w+|regress\w*)\b"
)
_EMPTY: Final = (FAINT | _CUES) - {"budget", "cost", "error", "latency", "quality", "rollout"}
_ONE_EACH: Final = ("deployment", "model", "backend")


def read_slots(text: str, *, names: Names, times: Times) -> Slots:
    """What the text names, as the fleet knows it, and what it measures.

    What stands where a name must but names nothing known is `unknown`. Names in words about time
    (`times.words`) are not the question's.
    """
    vocabulary = index(names)
    reading = read(text, vocabulary=vocabulary, times=times, users=names.users)
    told = references(reading.marked, unfit=vocabulary.unfit, users=names.users)
    unknown, strangers = _strangers((*reading.unknown, *told.unknown), names=names)
    told = replace(told, users=(*told.users, *strangers))
    without, lost = slicing.without(reading, names=names)
    where, unpaired = slicing.where(reading, lost=lost, names=names, users=told.users)
    experiment, words = _experiment(reading, names=names)
    arm = next(iter(reading.of("arm")), None)
    if words is not None and where.task_type is not None:
        where = replace(where, task_type=where.task_type - words or None)
    metric = measures.metric(reading.plain)
    named = any(getattr(where, kind) for kind in _ONE_EACH)
    version = next(iter(reading.of("policy_version")), None)
    return Slots(
        where=where,
        metric=metric,
        demand=measures.demand(reading.plain, measured=metric),
        by=measures.dimensions(reading.plain),
        status=frozenset() if without else measures.statuses(reading.plain, named=named),
        without=without,
        request=told.request,
        incident=next(iter(reading.of("incident")), None),
        change=_change(reading, names=names),
        experiment=experiment or (arm.rpartition("/")[0] if arm else None),
        arm=arm,
        policy_version=version,
        slo=_slo(reading, names=names),
        user=next(iter(told.users), None),
        prompt_tokens=measures.prompt_tokens(reading.plain),
        optimise_for=measures.optimise_for(reading.plain, measured=metric),
        worst=measures.worst(reading.plain),
        text=_text(reading),
        unknown=tuple(dict.fromkeys((*unknown, *unpaired))),
    )


def _strangers(unknown: Iterable[str], *, names: Names) -> tuple[list[str], list[str]]:
    """Unknown words, apart from those in the shape of a user: a tenant or tier, and a number."""
    own = {lowered(one) for one in (*names.tenants, *names.tiers)}
    users = [
        word
        for word in unknown
        if word[-1:].isdigit() and "@" not in word and own & set(re.split("[-_.]", lowered(word)))
    ]
    return [word for word in unknown if word not in users], users


def _experiment(reading: Reading, *, names: Names) -> tuple[str | None, frozenset[str] | None]:
    """The experiment, by its id or by words of it; then also the task types so meant."""
    named = reading.of("experiment")
    if named or not names.experiments or not _TRIAL.search(reading.plain):
        return next(iter(named), None), None
    about = {one: set(parts(one)) for one in names.experiments}
    for change in names.changes:
        if change.id in about:
            about[change.id] |= {*parts(change.title), *change.targets}
    about = {one: {stem(w) for w in words - _NO_CONTENT} for one, words in about.items()}
    said = [t.text for t in tokens(reading.plain) if t.text not in FAINT | _NO_CONTENT]
    tasks = reading.of("task_type")
    wanted = {stem(word) for word in [*said, *tasks, *reading.of("model")] if not word.isdigit()}
    fits = {one: len(words & wanted) for one, words in about.items()}
    most = max(fits.values())
    best = [one for one, count in fits.items() if count == most]
    if not most or len(best) > 1:
        return None, None
    return best[0], frozenset(task for task in tasks if stem(task) in about[best[0]])


def _slo(reading: Reading, *, names: Names) -> str | None:
    """The objective that is named; by all of its words where the text speaks of objectives."""
    named = reading.of("slo")
    if named or not _OBJECTIVES.search(reading.plain):
        return next(iter(named), None)
    said = {stem(token.text) for token in tokens(lowered(reading.blank))}
    fits = [one for one in names.slos if {stem(part) for part in parts(one)} <= said]
    most = max((len(parts(one)) for one in fits), default=0)
    best = [one for one in fits if len(parts(one)) == most]
    return best[0] if len(best) == 1 else None


def _change(reading: Reading, *, names: Names) -> str | None:
    """The change that is named; a policy version is one where its effect is asked for."""
    named = reading.of("change")
    if not named and _EFFECT.search(reading.plain):
        known = {one.id for one in names.changes}
        named = [one for one in reading.of("policy_version") if one in known]
    return next(iter(named), None)


def _text(reading: Reading) -> str | None:
    """The words to look for among incidents: what is quoted, else what the question is about."""
    if not _ALIKE.search(reading.plain):
        return None
    quoted = _QUOTED.search(reading.blank)
    if quoted:
        return next(part for part in quoted.groups() if part).strip()
    if reading.of("incident"):
        return None
    words = [
        word
        for word in re.findall(r"[\w@.+-]*\w", lowered(reading.blank))
        if word not in _EMPTY and not word.isdigit()
    ]
    return " ".join(words) or None
