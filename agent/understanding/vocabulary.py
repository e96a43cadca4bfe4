"""Which known names a text mentions, however they are written: spelling, short forms, slips.

The longest mention wins. Of a word that names several sorts of things the words around decide.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from agent.understanding.english import FAINT, ordinary
from agent.understanding.spelling import (
    Token,
    key,
    lowered,
    nearest,
    parts,
    stem,
    subsequences,
    tokens,
)
from graph.names import Names

KINDS: Final = (
    *("deployment", "model", "backend", "policy_version", "experiment", "arm", "tier"),
    *("task_type", "tenant", "incident", "change", "slo", "policy", "evaluator"),
)
"""What has names; where nothing else decides, an earlier kind goes before a later one."""

_EXACT, _ALIKE, _SHORT, _NEAR = range(4)
_WIDEST: Final = 7
"""The most tokens that a name is looked for in."""
_WIDEST_TASK: Final = 4
_BACKENDS: Final = (
    ("aws", "amazon", "amazonwebservices", "bedrock", "ec2", "sagemaker"),
    ("k8s", "kubernetes", "kube", "k8", "kuber", "eks"),
    ("neocloud", "neo", "neoclouds"),
    ("gcp", "googlecloud", "google", "vertex", "vertexai", "gke"),
    ("azure", "microsoft", "azureopenai", "aks"),
    ("onprem", "onpremise", "onpremises", "selfhosted", "datacenter", "datacentre"),
)
_TASKS: Final = (
    ("coding", "code", "codegen", "codegeneration", "programming", "software"),
    ("summarisation", "summarization", "summary", "summaries", "tldr"),
    ("chat", "conversation", "conversations", "conversational", "dialogue", "chatbot"),
    ("qa", "questionanswering", "qanda"),
    ("rag", "retrieval", "retrievalaugmentedgeneration"),
    ("translation", "translating"),
)
_TIERS: Final = (("free", "freemium", "unpaid"), ("enterprise", "corporate"))
_FAMILIES: Final = {"model", "backend"}
"""Of these a short form that fits several stands for all of them."""
_SHORTENED: Final = {*_FAMILIES, "tier", "task_type", "tenant"}
_SLIPS: Final = {*_SHORTENED, "deployment", "slo"}

WORDS: Final[dict[str, frozenset[str]]] = {
    "deployment": frozenset({"deployment", "deployments", "endpoint"}),
    "model": frozenset({"model", "models", "llm"}),
    "backend": frozenset({"backend", "backends", "cloud", "provider", "cluster", "platform"}),
    "task_type": frozenset({"task", "tasks", "type", "workload", "workloads", "work", "jobs"}),
    "tier": frozenset({"tier", "tiers", "plan", "users", "customers", "accounts"}),
    "tenant": frozenset({"tenant", "tenants", "customer", "account", "client", "company", "org"}),
    "policy": frozenset({"policy", "policies"}),
    "policy_version": frozenset({"policy", "version"}),
    "experiment": frozenset({"experiment", "experiments", "test", "trial", "ab"}),
    "arm": frozenset({"arm", "arms", "variant", "variants", "bucket", "group"}),
    "slo": frozenset({"slo", "slos", "objective", "objectives", "target"}),
    "evaluator": frozenset({"evaluator", "evaluators", "judge", "grader", "scorer"}),
    "incident": frozenset({"incident", "incidents", "outage", "inc"}),
    "change": frozenset({"change", "rollout", "release", "deploy", "deployment", "rolled"}),
}
"""Words beside a name that say what sort of name it is."""
_FILLERS: Final = {"the", "a", "an", "our", "my", "named", "called", "id", "s", "is", "in", "of"}
_PLACED: Final = {"on", "at"}
_NEVER: Final = re.compile(
    r"\b(?:feel free|free (?:up|to|of|text|form|lunch)|for free(?=\W*\Z|\W* (?:and|or|to)\b)|"
    r"(?:gold|de facto) standard|standard (?:deviation|error)s?|code \d{3}|"
    r"(?:error|status|exit|response|return|http|source) codes?|to reason\b(?! about)|"
    r"chat(?:ting)? (?:about|with (?:you|me))|(?:can|could|may) we chat|neo4j|"
    r"(?:stock|share) prices? of \w+|\w+(?:'s)? (?:stocks?|share prices?))\b"
)
_NUMBERED: Final = re.compile(r"[A-Za-z]+[-_#]?(\w*\d\w*)")
_GLUE: Final = "-_@."
_JOIN: Final = re.compile(r"[\s\-_./:@]{0,3}\Z")
_HEADS: Final = {"non", "pre", "post", "all", "the", "to", "from", "on", "via", "by", "for", "vs"}
_TAILS: Final = {
    *("based", "hosted", "only", "side", "backed", "wide", "specific", "related", "powered", "run"),
    *("requests", "request", "traffic", "latency", "errors", "error", "quality", "cost", "costs"),
    *("calls", "routed", "served", "like", "vs", "on", "and", "or", "to", "s"),
    *(word for words in WORDS.values() for word in words),
}
"""What may be glued to a name with a hyphen without making another name of it."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A part of a text that names something: all of `names` where a short form fits several."""

    start: int
    end: int
    kind: str
    names: tuple[str, ...]
    how: int = _EXACT


@dataclass(slots=True)
class Vocabulary:
    """The names of a fleet by how they may be written. `entries`: key → how → kind → names."""

    names: Names
    entries: dict[str, dict[int, dict[str, set[str]]]] = field(
        default_factory=dict[str, dict[int, dict[str, set[str]]]]
    )
    stems: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    slips: list[str] = field(default_factory=list[str])
    backends: frozenset[str] = frozenset()
    """Keys that stand for backends."""
    unfit: frozenset[str] = frozenset()
    """Well-known words for backends that none of this fleet answers to."""

    def add(self, written: str, *, kind: str, name: str, how: int) -> None:
        """Let `written`, a key, stand for a name."""
        if written:
            kinds = self.entries.setdefault(written, {}).setdefault(how, {})
            kinds.setdefault(kind, set()).add(name)

    def near(self, written: str) -> tuple[str, dict[str, set[str]]] | None:
        """The one key that `written` is a misspelling of, and what it stands for."""
        found = nearest(written, self.slips)
        meant = [self.entries[one] for one in found]
        if not meant:
            return None
        kinds: dict[str, set[str]] = {}
        for one in meant:
            for kind, named in one[min(one)].items():
                if kind in _SLIPS:
                    kinds.setdefault(kind, set()).update(named)
        agreed = len(found) == 1 or all(len(named) == 1 for named in kinds.values())
        return (found[0], kinds) if kinds and agreed and len(kinds) <= len(found) else None

    def plain(self, written: str) -> bool:
        """Whether a key is a whole name or another word for one."""
        hows = self.entries.get(written, {})
        return _EXACT in hows or _ALIKE in hows

    def begins(self, words: tuple[str, ...]) -> bool:
        """Whether the first of these parts alone are a name that is no ordinary word."""
        firsts = ("".join(words[:count]) for count in range(1, len(words)))
        return any(self.plain(one) and not ordinary(one) for one in firsts)

    def listed(self) -> None:
        """Take note of backends, and of what a slip may be meant for; after the last `add`."""
        self.backends = frozenset(
            written
            for written, hows in self.entries.items()
            if any("backend" in kinds for kinds in hows.values())
        )
        for written, hows in self.entries.items():
            long = 4 if _EXACT in hows else 5
            if len(written) >= long and any(not _SLIPS.isdisjoint(one) for one in hows.values()):
                self.slips.append(written)


@lru_cache(maxsize=16)
def index(names: Names) -> Vocabulary:
    """The vocabulary of a fleet's names; made once for each `Names`."""
    made = Vocabulary(names)
    for kind, name in _named(names):
        made.add(key(name), kind=kind, name=name, how=_EXACT)
        if kind in _SHORTENED:
            for chosen in subsequences(parts(name)):
                if any(_telling(part) for part in chosen):
                    made.add("".join(chosen), kind=kind, name=name, how=_SHORT)
        for written, how in _other_ways(kind, name):
            made.add(key(written), kind=kind, name=name, how=how)
        if kind == "task_type":
            made.stems.setdefault("".join(map(stem, parts(name))), set()).add(name)
            for part in parts(name):
                if _telling(part):
                    made.stems.setdefault(stem(part), set()).add(name)
    _alias(made, "task_type", groups=_TASKS)
    _alias(made, "tier", groups=_TIERS)
    made.unfit = _alias(made, "backend", groups=_BACKENDS)
    made.listed()
    return made


def _other_ways(kind: str, name: str) -> Iterator[tuple[str, int]]:
    """How a name of some kinds may be written besides as it stands, and how good that is."""
    if kind == "policy_version":
        policy, _, version = name.rpartition("@")
        bare = version.removeprefix("v")
        yield f"{policy} v{bare}", _ALIKE
        yield f"{policy} version {bare}", _ALIKE
        yield version, _SHORT
        yield f"v{bare}", _SHORT
        yield f"version {bare}", _SHORT
    elif kind == "arm":
        yield name.rpartition("/")[2], _SHORT
    elif kind in {"incident", "change", "experiment"}:
        tail = _NUMBERED.fullmatch(name)
        if tail:
            yield tail[1], _SHORT


def _named(names: Names) -> Iterator[tuple[str, str]]:
    """Every kind and name, each once."""
    told = {
        "deployment": names.deployments,
        "model": names.models,
        "backend": names.backends,
        "task_type": names.task_types,
        "tier": names.tiers,
        "tenant": names.tenants,
        "policy": names.policies,
        "policy_version": names.policy_versions,
        "experiment": names.experiments,
        "arm": names.arms,
        "slo": names.slos,
        "evaluator": names.evaluators,
        "incident": [one.id for one in names.incidents],
        "change": [one.id for one in names.changes if one.kind not in {"policy", "experiment"}],
    }
    for kind, ids in told.items():
        for name in sorted(set(ids)):
            yield kind, name


def _telling(part: str) -> bool:
    """Whether a part of a name says by itself which name is meant."""
    if part.isdigit() or len(part) < 2:
        return False
    return (len(part) >= 3 and not ordinary(part)) or any(c.isdigit() for c in part)


def _alias(made: Vocabulary, kind: str, *, groups: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    """Let the other words of a group stand for the one name that is of it; give those of none."""
    left: set[str] = set()
    for group in groups:
        fitting = {
            name
            for written in group
            for how in (_EXACT, _SHORT)
            for name in made.entries.get(written, {}).get(how, {}).get(kind, ())
        }
        for written in group:
            if len(fitting) == 1:
                made.add(written, kind=kind, name=next(iter(fitting)), how=_ALIKE)
            elif not fitting:
                left.add(written)
    return frozenset(left)


def mentions(text: str, *, vocabulary: Vocabulary) -> tuple[Mention, ...]:
    """What a text names, in order; no two overlap."""
    low = lowered(text)
    never = [match.span() for match in _NEVER.finditer(low)]
    words = [t for t in tokens(low) if not any(a <= t.start < b for a, b in never)]
    found = [m for m in _candidates(low, words, vocabulary) if m is not None]
    found.sort(key=lambda m: (m.how == _NEAR, m.start - m.end, m.how, m.start))
    taken: list[Mention] = []
    for one in found:
        if all(one.end <= other.start or one.start >= other.end for other in taken):
            taken.append(one)
    return tuple(sorted(taken, key=lambda m: m.start))


def _candidates(low: str, words: list[Token], vocabulary: Vocabulary) -> Iterator[Mention | None]:
    for place in range(len(words)):
        written = ""
        for last in range(place, min(place + _WIDEST, len(words))):
            if last > place and not _JOIN.match(low[words[last - 1].end : words[last].start]):
                break
            written += words[last].text
            window = _Window(low, words, place, last, written, vocabulary.backends)
            yield _known(window, vocabulary) or _slip(window, vocabulary)


@dataclass(frozen=True, slots=True)
class _Window:
    """Tokens that stand side by side, and the key that they make."""

    low: str
    words: list[Token]
    first: int
    last: int
    written: str
    backends: frozenset[str]

    @property
    def start(self) -> int:
        return self.words[self.first].start

    @property
    def end(self) -> int:
        return self.words[self.last].end

    def glued(self) -> bool:
        """Whether it is only a part of something longer, such as `gpt-4o` of `gpt-4o-mini`."""
        low, start, end = self.low, self.start, self.end
        if start >= 2 and low[start - 1] in _GLUE and low[start - 2].isalnum():
            before = self.words[self.first - 1].text if self.first else ""
            if low[start - 1] != "-" or before not in _HEADS:
                return True
        if end + 1 < len(low) and low[end] in _GLUE and low[end + 1].isalnum():
            after = self.words[self.last + 1].text if self.last + 1 < len(self.words) else ""
            return low[end] != "-" or after not in _TAILS
        return False

    def beside(self, kind: str) -> bool:
        """Whether a word before or after says that this kind is meant."""
        meant = WORDS[kind]
        before = [t.text for t in self.words[max(0, self.first - 2) : self.first]]
        if before and before[-1] in _FILLERS:
            before.pop()
        after = self.words[self.last + 1].text if self.last + 1 < len(self.words) else ""
        single = len(self.written) == 1
        if kind == "model" and after in _PLACED and self.last + 2 < len(self.words):
            return self.words[self.last + 2].text in self.backends
        return bool(before and before[-1] in meant) or (after in meant and not single)

    @property
    def exact(self) -> str:
        return self.low[self.start : self.end]


def _known(window: _Window, vocabulary: Vocabulary) -> Mention | None:
    """A name, an alias or a short form that the window is, to the letter."""
    written = window.written
    hows = vocabulary.entries.get(written)
    if hows is None and len(written) >= 4 and written.endswith("s") and not window.glued():
        hows = vocabulary.entries.get(written.removesuffix("s"))
        if hows is None or ordinary(written):
            hows = None
    if hows is None or (_EXACT not in hows and _ALIKE not in hows):
        stemmed = _stemmed(window, vocabulary)
        if stemmed is not None:
            return stemmed
    if hows is None or window.glued():
        return None
    for how in sorted(hows):
        chosen = _chosen(window, hows[how], how=how)
        if chosen is not None:
            return chosen
    return None


def _stemmed(window: _Window, vocabulary: Vocabulary) -> Mention | None:
    """A task type in another form: `summaries`, `code`."""
    if window.last - window.first >= _WIDEST_TASK:
        return None
    meant = [t.text for t in window.words[window.first : window.last + 1]]
    fitting = vocabulary.stems.get("".join(map(stem, meant)))
    if fitting is None or len(fitting) > 1 or window.glued():
        return None
    verb = ordinary(window.written) and not window.written.endswith("ing")
    if verb and not window.beside("task_type"):
        return None
    return Mention(window.start, window.end, "task_type", tuple(fitting), _ALIKE)


def _chosen(window: _Window, kinds: dict[str, set[str]], *, how: int) -> Mention | None:
    """The kind that a window means, of all that are so written; None where it is no name here."""
    short = len(window.written) <= 2 and (window.exact.isalpha() or " " in window.exact)
    faint = window.written in FAINT or short or window.written.isdigit()
    fitting: list[tuple[bool, int, str]] = []
    for kind in kinds:
        beside = window.beside(kind)
        if not beside and (faint or _needs_word(window, kind, how=how)):
            continue
        fitting.append((not beside, KINDS.index(kind), kind))
    if not fitting:
        return None
    kind = min(fitting)[2]
    chosen = _which(window, kind, kinds[kind], how=how)
    return Mention(window.start, window.end, kind, chosen, how)


def _needs_word(window: _Window, kind: str, *, how: int) -> bool:
    """Whether this kind of name, so written, is read only beside a word that tells its kind."""
    if how == _SHORT:
        if kind == "policy_version":
            return not window.written.startswith("v")
        return kind in {"arm", "incident", "change", "experiment"}
    if kind == "evaluator":
        return ordinary(window.written)
    if kind == "slo":
        # `math quality` is what is asked about, `math-quality` an objective of that name.
        return not re.search("[-_]", window.exact)
    return kind in {"policy", "arm"} and window.exact.isalpha()


def _which(window: _Window, kind: str, named: set[str], *, how: int) -> tuple[str, ...]:
    """Of several names with one key: that which is written so, or all of a family."""
    if len(named) == 1:
        return tuple(named)
    literal = [name for name in named if lowered(name) == window.exact]
    if literal:
        return tuple(sorted(literal)[:1])
    if how == _SHORT and kind in _FAMILIES:
        last = [name for name in named if key(name).endswith(window.written)]
        return tuple(sorted(last if len(last) == 1 else named))
    return tuple(sorted(named))


def _slip(window: _Window, vocabulary: Vocabulary) -> Mention | None:
    """A name that the window is a misspelling of: no ordinary word, and only one is near."""
    if len(window.written) < 4 or window.last - window.first > 3 or window.glued():
        return None
    words = [t.text for t in window.words[window.first : window.last + 1]]
    if any(ordinary(word) for word in words) or window.written in vocabulary.unfit:
        return None
    found = vocabulary.near(window.written)
    if found is None:
        return None
    if re.search(r"\s", window.exact) and any(vocabulary.plain(word) for word in words):
        return None
    _, kinds = found
    kind = min(kinds, key=lambda one: (not window.beside(one), KINDS.index(one)))
    if len(kinds[kind]) > 1 and kind not in _FAMILIES:
        return None
    return Mention(window.start, window.end, kind, tuple(sorted(kinds[kind])), _NEAR)
