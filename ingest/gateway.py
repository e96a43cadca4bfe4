"""The gateway: what a caller sent becomes durable events, duplicates, or rejections with a remedy.

It knows the rules that need a caller and a clock: whose facts a key may tell, whose word counts for
when something became known, and how far ahead a sender's clock may be. Nothing is accepted before
the log has it.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, cast

from graph.errors import (
    HotUnavailable,
    InvalidInput,
    Overloaded,
    RoutecauseError,
    TooLarge,
    Unavailable,
)
from graph.keys import Caller
from ingest.bodies import Form, Item, form_of, is_packed, items, unpacked
from ingest.dead_letters import DeadLetter, DeadLetters
from ingest.events import (
    DEFAULT_TENANT,
    TENANT_TYPES,
    BudgetDefined,
    Event,
    FieldError,
    InvalidEvent,
    SloDefined,
    is_tenant,
    parse_event,
    parse_json,
)
from ingest.log import Appended, EventLog
from ingest.refusals import RefusedPolicies
from ingest.settings import IngestSettings

_CONFLICT = FieldError(
    "id",
    "was used by this source before, for an event with another body; give a new fact a new id",
)
_UNKNOWN: Any = object()


@dataclass(frozen=True, slots=True)
class Rejection:
    """One event that was not taken: its place in the body, its id if it has one, and why."""

    index: int
    id: str | None
    errors: tuple[FieldError, ...]


@dataclass(slots=True)
class Receipt:
    """What became of a body. `error` is set where it could not be taken to its end."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list[Rejection])
    error: RoutecauseError | None = None

    @property
    def status(self) -> int:
        """The HTTP status that says it."""
        match self.error:
            case Overloaded():
                return 429
            case Unavailable():
                return 503
            case TooLarge():
                return 413
            case _ if self.rejected and not self.accepted and not self.duplicates:
                return 422
            case _:
                return 202

    def as_json(self) -> dict[str, Any]:
        """The answer of the contract, with `error` beside it where there is one."""
        answer: dict[str, Any] = {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rejected": [
                {
                    "index": one.index,
                    "id": one.id,
                    "errors": [{"field": e.field, "message": e.message} for e in one.errors],
                }
                for one in self.rejected
            ],
        }
        if self.error is not None:
            answer["error"] = {"code": self.error.code, "message": str(self.error)}
        return answer


@dataclass(frozen=True, slots=True)
class _Terms:
    """What holds for all events of one body."""

    caller: Caller
    now: datetime
    trusted: bool
    keep: bool = True
    anew: bool = False


class Gateway:
    """The one way in for events."""

    def __init__(
        self,
        log: EventLog,
        *,
        settings: IngestSettings,
        dead_letters: DeadLetters | None = None,
        refused: RefusedPolicies | None = None,
    ) -> None:
        self._log = log
        self._refused = refused
        self._dead_letters = dead_letters or log.dead_letters
        self._settings = settings
        self.received = {"accepted": 0, "duplicate": 0, "rejected": 0}
        """Events since the start of this process, by what became of them."""

    async def receive(
        self,
        body: bytes,
        *,
        content_type: str | None,
        content_encoding: str | None = None,
        caller: Caller,
        now: datetime,
    ) -> Receipt:
        """Take a body in one of the three forms, as far as it can be taken.

        Raises Forbidden where the caller may send no events at all; all else is in the receipt.
        """
        caller.require("ingest", "backfill")
        terms = _Terms(caller=caller, now=now, trusted="backfill" in caller.scopes)
        receipt = Receipt()
        try:
            form = form_of(content_type)
            if is_packed(body, content_encoding=content_encoding):
                limit_bytes = self._settings.body_limit_bytes
                body = await asyncio.to_thread(unpacked, body, limit_bytes=limit_bytes)
            await self._take(items(body, form=form, settings=self._settings), terms, receipt)
        except InvalidEvent as error:
            await self._reject_whole(body, error, terms, receipt)
        except TooLarge as error:
            receipt.error = error
            too_large = InvalidEvent([FieldError("body", str(error))])
            await self._reject_whole(body, too_large, terms, receipt)
        finally:
            self.received["accepted"] += receipt.accepted
            self.received["duplicate"] += receipt.duplicates
            self.received["rejected"] += len(receipt.rejected)
        return receipt

    async def replay(
        self, letter_id: str, *, body: bytes | None, caller: Caller, now: datetime
    ) -> Receipt:
        """Take a dead letter again, or `body` in its place; once taken, the letter is gone.

        Raises NotFound where the caller has no such letter, InvalidInput where its body was cut
        and none is given, Forbidden, HotUnavailable.
        """
        caller.require("ingest", "backfill")
        letter = await self._dead_letters.show(letter_id, scope=caller.scope)
        if body is None and letter.truncated:
            raise InvalidInput(
                "is needed: only the beginning of the original was kept", field="body"
            )
        # What had been in the log is known there, and its recorded time was the server's own.
        logged = letter.origin != "gateway"
        terms = _Terms(
            caller=caller,
            now=now,
            trusted="backfill" in caller.scopes or (logged and body is None),
            keep=False,
            anew=logged,
        )
        receipt = Receipt()
        raw = letter.raw if body is None else body
        try:
            await self._take(items(raw, form=Form.JSON, settings=self._settings), terms, receipt)
        except InvalidEvent as error:
            receipt.rejected.append(Rejection(0, None, tuple(error.errors)))
        except TooLarge as error:
            receipt.error = error
        if not receipt.rejected and receipt.error is None:
            await self._dead_letters.remove(letter_id, scope=caller.scope)
        return receipt

    async def _take(self, found: Iterator[Item], terms: _Terms, receipt: Receipt) -> None:
        while chunk := list(islice(found, self._settings.append_batch)):
            try:
                await self._take_chunk(chunk, terms, receipt)
            except Unavailable as error:
                receipt.error = error
                return

    async def _take_chunk(self, chunk: list[Item], terms: _Terms, receipt: Receipt) -> None:
        events: list[Event] = []
        whence: list[Item] = []
        letters: list[DeadLetter] = []

        def reject(item: Item, decoded: Any, errors: list[FieldError]) -> None:
            event_id = _shown_id(decoded)
            receipt.rejected.append(Rejection(item.index, event_id, tuple(errors)))
            if terms.keep:
                letters.append(self._letter(item.body, decoded, errors, terms))

        for item in chunk:
            decoded: Any = _UNKNOWN
            try:
                decoded = self._decoded(item)
                event = _parsed(decoded, terms)
            except InvalidEvent as error:
                reject(item, decoded, error.errors)
                if self._refused is not None and terms.caller.scope.tenants is None:
                    await self._refused.tell(decoded, error, now=terms.now)
                continue
            if objections := self._objections(event, terms):
                reject(item, decoded, objections)
            else:
                events.append(event)
                whence.append(item)
        answers = await self._log.append(events, now=terms.now, anew=terms.anew)
        for item, event, answer in zip(whence, events, answers, strict=True):
            if answer is Appended.NEW:
                receipt.accepted += 1
            elif answer is Appended.DUPLICATE:
                receipt.duplicates += 1
            else:
                reject(item, {"id": event.id, "tenant": event.tenant}, [_CONFLICT])
        receipt.rejected.sort(key=lambda one: one.index)
        await self._dead_letters.keep(letters)

    def _decoded(self, item: Item) -> Any:
        if item.oversize_bytes is not None:
            limit = self._settings.event_limit_bytes
            raise InvalidEvent(
                [
                    FieldError(
                        "body", f"has {item.oversize_bytes} bytes; an event has at most {limit}"
                    )
                ]
            )
        return item.decoded if item.raw is None else parse_json(item.raw)

    def _objections(self, event: Event, terms: _Terms) -> list[FieldError]:
        """What speaks against a well-formed event from this caller at this time."""
        errors: list[FieldError] = []
        skew = timedelta(seconds=self._settings.clock_skew_s)
        if event.time > terms.now + skew:
            errors.append(FieldError("time", _ahead(event.time, terms.now)))
        elif event.recordedtime > terms.now + skew:
            errors.append(FieldError("recordedtime", _ahead(event.recordedtime, terms.now)))
        elif event.recordedtime < event.time - skew:
            errors.append(
                FieldError(
                    "recordedtime",
                    "lies before `time`, but nothing is known before it happens; "
                    "correct one of them, or leave it out",
                )
            )
        if terms.caller.scope.tenants is not None:
            errors += _foreign(event, terms.caller)
        return errors

    async def _reject_whole(
        self, body: bytes, error: InvalidEvent, terms: _Terms, receipt: Receipt
    ) -> None:
        receipt.rejected.append(Rejection(0, None, tuple(error.errors)))
        try:
            await self._dead_letters.keep([self._letter(body, _UNKNOWN, error.errors, terms)])
        except HotUnavailable as unavailable:
            receipt.error = receipt.error or unavailable

    def _letter(
        self, raw: bytes, decoded: Any, errors: list[FieldError], terms: _Terms
    ) -> DeadLetter:
        return DeadLetter.of(
            raw,
            errors=errors,
            tenant=_owner(decoded, terms.caller),
            event_id=_shown_id(decoded),
            origin="gateway",
            received_at=terms.now,
            limit_bytes=self._settings.dead_letter_body_bytes,
        )


def _parsed(decoded: Any, terms: _Terms) -> Event:
    if not terms.trusted and isinstance(decoded, dict):
        decoded = {**cast("dict[str, Any]", decoded), "recordedtime": terms.now}
    return parse_event(decoded, received_at=terms.now)


def _foreign(event: Event, caller: Caller) -> list[FieldError]:
    """What a key that is bound to a tenant may not tell."""
    own = ", ".join(f'"{tenant}"' for tenant in sorted(caller.scope.tenants or ()))
    errors: list[FieldError] = []
    if event.type not in TENANT_TYPES:
        errors.append(
            FieldError(
                "type",
                f'"{event.type}" tells of the fleet of all tenants; send it with a key that is not '
                f"bound to a tenant (this one is bound to {own})",
            )
        )
    elif event.tenant not in caller.scope:
        errors.append(
            FieldError(
                "tenant",
                f'is "{event.tenant}", but this key may send for {own} only; '
                "correct `tenant` or use another key",
            )
        )
    slice_ = event.data.where if isinstance(event.data, SloDefined | BudgetDefined) else None
    if slice_ is not None and slice_.tenant is not None and slice_.tenant not in caller.scope:
        errors.append(FieldError("data.where.tenant", f"must be {own} with this key"))
    return errors


def _ahead(told: datetime, now: datetime) -> str:
    ahead = timedelta(seconds=round((told - now).total_seconds()))
    return (
        f"lies {ahead} ahead of the server's clock ({now.isoformat(timespec='seconds')}); "
        "correct the sender's clock or the time"
    )


def _shown_id(decoded: Any) -> str | None:
    """The id that an event has, where it can be shown."""
    if not isinstance(decoded, dict):
        return None
    event_id = cast("Mapping[str, Any]", decoded).get("id")
    return event_id if isinstance(event_id, str) and event_id.isprintable() else None


def _owner(decoded: Any, caller: Caller) -> str | None:
    """Whose dead letter it is: a bound key's tenant, else the tenant the event names, if any."""
    if caller.scope.tenants is not None:
        return min(caller.scope.tenants)
    if not isinstance(decoded, dict):
        return None
    tenant = cast("Mapping[str, Any]", decoded).get("tenant") or DEFAULT_TENANT
    return tenant if is_tenant(tenant) else None
