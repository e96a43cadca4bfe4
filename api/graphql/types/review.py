"""What is written up afterwards: drafts of postmortems."""

from datetime import datetime

import strawberry

from api.graphql.types.causes import Cause, Period
from api.graphql.types.fleet import Incident


@strawberry.type(
    description="A draft of the postmortem of an incident, for people to correct and to complete. "
    "Every figure in it is measured; what was written by others is escaped."
)
class Postmortem:
    """The twin of graph.postmortem.Postmortem."""

    incident: Incident = strawberry.field(description="The incident, as known.")
    title: str = strawberry.field(description="What the postmortem is called, as plain text.")
    during: Period = strawberry.field(
        description="From its opening to its end; while it is open, to the instant told of."
    )
    markdown: str = strawberry.field(
        description="The whole draft in Markdown: facts, summary, impact, timeline, cause, "
        "contributing factors, similar earlier incidents, what is not known, action items."
    )
    causes: list[Cause] = strawberry.field(
        description="The causes that the data holds responsible, by rank; empty where none."
    )
    investigation: strawberry.ID | None = strawberry.field(
        description="The investigation that they are from; null where nothing could be compared."
    )
    generated_at: datetime = strawberry.field(description="When it was drawn up.")
