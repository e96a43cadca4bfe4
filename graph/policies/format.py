"""The format of policies that Routecause reads itself (`format: routecause/1`), and its limits.

Strict on purpose: an unknown or misspelt field would silently widen a rule, so it is refused.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Annotated, Any, Literal, Self, cast

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

FORMAT = "routecause/1"
"""The value of `format` in `rules` that makes a policy's rules ours to read."""
FAMILY = "routecause/"
"""What `format` begins with where the rules are meant for us, in this version or another."""
LARGEST_WEIGHT = 1e15
LARGEST_PRIORITY = 1_000_000
_LONGEST_NAME = 200
_MOST = 200
_MOST_RULES = 500
_MOST_FLAGS = 64


def _printable(name: str) -> str:
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise ValueError(f"must have 1 to {_LONGEST_NAME} printable characters")
    return name


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("is empty; name at least one, or leave the condition out")
    return tuple(sorted(set(names)))


def _as_target(value: Any) -> Any:
    """The short form: a text with an @ is a deployment, any other a model."""
    if isinstance(value, str):
        return {"deployment" if "@" in value else "model": value}
    return value


def _deployment(name: str) -> str:
    model, at, backend = name.rpartition("@")
    if not (model and at and backend):
        raise ValueError('must be written model@backend, e.g. "gpt-4o@aws"')
    return name


def _plain(value: Any) -> Any:
    plain = isinstance(value, bool | int | float | str)
    if not plain or (isinstance(value, float) and not isfinite(value)) or len(str(value)) > 4_000:
        raise ValueError("must be true or false, a number, or a text of at most 4000 characters")
    return value


_LIST: Any = Field(strict=False, max_length=_MOST)
Name = Annotated[str, AfterValidator(_printable)]
Values = Annotated[tuple[Name, ...], BeforeValidator(_as_list), _LIST, AfterValidator(_some)]
Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
Amount = Annotated[float, Field(ge=0, le=1e9)]
Flag = Annotated[Any, AfterValidator(_plain)]


class _Part(BaseModel):
    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )


class TokenRange(_Part):
    """Lengths of a prompt in tokens, both ends included."""

    min: Whole | None = None
    max: Whole | None = None

    @model_validator(mode="after")
    def _holds_some(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("is empty; give `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("`min` is above `max`, so no prompt fits; swap or correct them")
        return self


class When(_Part):
    """The requests that a rule is for: every condition must fit, its values are alternatives."""

    task_type: Values | None = None
    tier: Values | None = None
    tenant: Values | None = None
    user: Values | None = None
    labels: Annotated[dict[Name, Values], Field(max_length=_MOST_FLAGS)] = Field(
        default_factory=dict[str, tuple[str, ...]]
    )
    prompt_tokens: TokenRange | None = None

    @property
    def conditions(self) -> int:
        """How many there are; each label is one."""
        named = (self.task_type, self.tier, self.tenant, self.user, self.prompt_tokens)
        return sum(each is not None for each in named) + len(self.labels)


class Target(_Part):
    """A deployment, or every deployment of a model."""

    deployment: Annotated[Name, AfterValidator(_deployment)] | None = None
    model: Name | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.deployment is None) == (self.model is None):
            raise ValueError("must name either a `deployment` or a `model`")
        return self

    @property
    def name(self) -> str:
        """What it names."""
        return self.deployment or self.model or ""


class Use(Target):
    """A target with the share of users it is drawn for, relative to the weights beside it."""

    weight: Annotated[float, Field(ge=0, le=LARGEST_WEIGHT)] | None = None


Targets = Annotated[tuple[Annotated[Target, BeforeValidator(_as_target)], ...], _LIST]
Uses = Annotated[tuple[Annotated[Use, BeforeValidator(_as_target)], ...], _LIST]


class Ceilings(_Part):
    """The most that may be expected of a deployment."""

    cost_usd: Amount | None = None
    latency_ms: Amount | None = None


class Floors(_Part):
    """The least that may be expected of a deployment."""

    quality: Annotated[float, Field(ge=0, le=1)] | None = None


class Rule(_Part):
    """What to do with the requests that it is for."""

    name: Name
    priority: Annotated[int, Field(ge=-LARGEST_PRIORITY, le=LARGEST_PRIORITY)] = 0
    when: When = When()
    use: Uses = ()
    fallbacks: Targets = ()
    avoid: Targets = ()
    ceilings: Ceilings = Ceilings()
    floors: Floors = Floors()
    flags: Annotated[dict[Name, Flag], Field(max_length=_MOST_FLAGS)] = Field(
        default_factory=dict[str, Any]
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        seen: dict[str, str] = {}
        parts = (("use", self.use), ("fallbacks", self.fallbacks), ("avoid", self.avoid))
        for part, targets in parts:
            for target in targets:
                if target.name in seen:
                    where = part if seen[target.name] == part else f"{seen[target.name]} and {part}"
                    raise ValueError(f"names {target.name!r} twice, in {where}; name it once")
                seen[target.name] = part
        weighted = [use.weight is not None for use in self.use]
        if any(weighted) and not all(weighted):
            place = weighted.index(False)
            raise ValueError(
                f"`use` {place} has no `weight` though others have; give each one, or none"
            )
        return self

    @property
    def precedence(self) -> tuple[int, int, str]:
        """Of the rules that fit, the one with the least of these decides."""
        return (-self.priority, -self.when.conditions, self.name)


class PolicyRules(_Part):
    """The `rules` of a policy in our format."""

    format: Literal["routecause/1"]
    rules: Annotated[tuple[Rule, ...], Field(strict=False, max_length=_MOST_RULES)]

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names: set[str] = set()
        for rule in self.rules:
            if rule.name in names:
                raise ValueError(f"names the rule {rule.name!r} twice; name each once")
            names.add(rule.name)
        return self


def is_ours(rules: Mapping[str, Any]) -> bool:
    """Whether rules are meant to be read by us, well written or not."""
    told = rules.get("format")
    return isinstance(told, str) and told.startswith(FAMILY)


def checked(rules: dict[str, Any]) -> dict[str, Any]:
    """The rules themselves; raises pydantic's ValidationError where ours are badly written."""
    if is_ours(rules):
        PolicyRules.model_validate(rules)
    return rules


def read(rules: Mapping[str, Any]) -> tuple[Rule, ...] | None:
    """The rules in the order in which they are tried; None where they can't be read as ours.

    Kept in memory for the last rules read, as each new view brings the same ones again.
    """
    if not is_ours(rules):
        return None
    return _read(orjson.dumps(rules, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS))


@lru_cache(maxsize=256)
def _read(raw: bytes) -> tuple[Rule, ...] | None:
    try:
        found = PolicyRules.model_validate(cast("object", orjson.loads(raw)))
    except ValidationError:
        return None
    return tuple(sorted(found.rules, key=lambda rule: rule.precedence))
