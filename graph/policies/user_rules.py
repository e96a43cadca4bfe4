"""The rules that a user was configured with: all that fit a request hold together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast


class UserRuleLike(Protocol):
    """A user's own rule, as configured."""

    @property
    def when(self) -> Mapping[str, Any]:
        """Fields of the request with the value, or the values, that fit."""
        ...

    @property
    def use(self) -> tuple[str, ...]:
        """Only these deployments; empty where all may serve."""
        ...

    @property
    def avoid(self) -> tuple[str, ...]:
        """None of these deployments."""
        ...


@dataclass(frozen=True, slots=True)
class Joined:
    """The rules that fit a request, as one; `only` is None where none of them says what to use."""

    fitting: int
    only: tuple[str, ...] | None
    avoid: tuple[str, ...]
    warnings: tuple[str, ...]


def joined(
    rules: Iterable[UserRuleLike],
    *,
    tier: str | None,
    task_type: str,
    prompt_tokens: int,
    labels: Mapping[str, str],
) -> Joined:
    """All rules whose conditions the request meets, their `use` and their `avoid` each united.

    A rule that looks at something else than `task_type`, `tier`, `prompt_tokens_min`,
    `prompt_tokens_max` and the labels of the request does not hold, and is warned of.
    """
    fields = {**labels, "task_type": task_type, "tier": tier}
    use: set[str] = set()
    avoid: set[str] = set()
    unread: set[str] = set()
    fitting = 0
    for rule in rules:
        strange = {name for name, value in rule.when.items() if not _readable(name, value, fields)}
        unread |= strange
        if strange or not all(
            _meets(name, value, fields=fields, prompt_tokens=prompt_tokens)
            for name, value in rule.when.items()
        ):
            continue
        fitting += 1
        use.update(rule.use)
        avoid.update(rule.avoid)
    warnings: tuple[str, ...] = ()
    if unread:
        named = ", ".join(sorted(unread))
        warnings = (
            f"USER_RULE_UNREAD: rules of the user look at {named}, which is no field or label of"
            " this request that can be compared; these rules do not hold",
        )
    return Joined(fitting, tuple(sorted(use)) if use else None, tuple(sorted(avoid)), warnings)


_BOUNDS = ("prompt_tokens_min", "prompt_tokens_max")


def _readable(name: str, value: Any, fields: Mapping[str, str | None]) -> bool:
    if name in _BOUNDS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return name in fields and all(isinstance(each, str) for each in _values(value))


def _values(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _meets(name: str, value: Any, *, fields: Mapping[str, str | None], prompt_tokens: int) -> bool:
    if name == "prompt_tokens_min":
        return prompt_tokens >= value
    if name == "prompt_tokens_max":
        return prompt_tokens <= value
    return fields[name] in _values(value)
