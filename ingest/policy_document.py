"""A policy as people write it, in one document, and the event that publishes it.

The document has the fields of the event and the rules side by side; `format` stands at its top.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from graph.policies.facts import FORMAT
from ingest.events import FieldError, InvalidEvent, parse_event

FIELDS = ("policy", "version", "summary", "author", "url", "task_types", "tiers", "tenants")
"""What a document has beside `format` and `rules`; only the first two are needed."""
SOURCE = "routecause-cli"


def publication(document: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """The event that publishes a document at `now`.

    Raises InvalidEvent, its fields named as in the document.
    """
    told = {str(name): value for name, value in document.items()}
    errors: list[FieldError] = [
        FieldError(name, f"is not a known field here; known are format, {', '.join(FIELDS)}, rules")
        for name in told.keys() - {*FIELDS, "format", "rules"}
    ]
    if told.get("format") != FORMAT:
        errors.append(FieldError("format", f'must be "{FORMAT}"'))
    if "rules" not in told:
        errors.append(FieldError("rules", "is missing; add it, an empty list if there are none"))
    if errors:
        raise InvalidEvent(sorted(errors, key=lambda error: error.field))
    data = {name: told[name] for name in FIELDS if told.get(name) is not None}
    data["rules"] = {"format": FORMAT, "rules": told["rules"]}
    event = {
        "specversion": "1.0",
        # Of its own each time: to publish an earlier version again is a new fact.
        "id": str(uuid4()),
        "source": SOURCE,
        "type": "routecause.policy.published",
        "time": now.isoformat(),
        "data": data,
    }
    try:
        parse_event(event, received_at=now)
    except InvalidEvent as error:
        raise InvalidEvent([in_document(each) for each in error.errors]) from None
    return event


def in_document(error: FieldError) -> FieldError:
    """An error of the event as one of the document: `rules[2].use[0].weight`."""
    field = error.field.removeprefix("data.")
    if field.startswith("rules."):
        field = field.removeprefix("rules.")
    return FieldError(re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", field), error.message)
