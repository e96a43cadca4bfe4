"""The answers of the agent, the steps to them, what was asked, and what can be asked about."""

from datetime import datetime

import orjson
import strawberry

from agent import answer as answers
from agent.results import plain
from api.graphql.types.fleet import EntityRef

_Answer = strawberry.Parent[answers.Answer]


@strawberry.type(
    description="An answer in words. Every figure, name and time in it came from the data: where "
    "that does not tell, the text begins with `I can't tell`."
)
class Answer:
    """The twin of agent.answer.Answer."""

    id: strawberry.ID = strawberry.field(description="Which answer it is.")
    question: str = strawberry.field(description="What was asked.")
    text: str = strawberry.field(description="The answer.")

    @strawberry.field(
        description="What the question was taken for; null where it was not understood or lies "
        "outside of what can be told."
    )
    def intent(self, root: _Answer) -> str | None:
        """Its value."""
        return None if root.intent is None else root.intent.value

    @strawberry.field(description="Who understood the question: logical (rules), local or claude.")
    def method(self, root: _Answer) -> str:
        """Its value."""
        return root.method.value

    confidence: float = strawberry.field(description="How sure that is, in [0, 1].")
    certain: bool = strawberry.field(description="False where the answer is `I can't tell`.")
    degraded: bool = strawberry.field(
        description="Whether Claude should have been asked and could not; the answer is then the "
        "best without it."
    )
    now: datetime = strawberry.field(description="The instant that its words were read from.")
    latency_ms: float = strawberry.field(description="How long the whole answer took.")
    understanding_ms: float = strawberry.field(
        description="How long it took to understand the words, without any read."
    )
    cost_usd: float = strawberry.field(description="What Claude cost; 0 where it was not asked.")
    conversation: strawberry.ID = strawberry.field(
        description="Give it with the next question, which may then be short: `and on k8s?`."
    )
    citations: list[EntityRef] = strawberry.field(
        description="What the text rests on: nodes of the graph, causes first."
    )
    follow_ups: list[str] = strawberry.field(description="Questions that may come next.")
    query: str | None = strawberry.field(description="GraphQL that asks for the same.")

    @strawberry.field(
        description="JSON: how the question was understood, each call with its result, and figures "
        "worked out from them."
    )
    def data(self, root: _Answer) -> str | None:
        """As text."""
        return orjson.dumps(plain(root.data)).decode() if root.data else None


@strawberry.type(description="A step that the agent took, or in the end the answer.")
class AnswerEvent:
    """One of both."""

    kind: str = strawberry.field(
        description="understood, called, checked or degraded; then answer, the last."
    )
    text: str | None = strawberry.field(description="The step in words.")
    answer: Answer | None = strawberry.field(description="The answer, in the last event.")
    tool: str | None = strawberry.field(description="The tool that was called.", default=None)
    arguments: str | None = strawberry.field(
        description="Its arguments as JSON, those that were given.", default=None
    )
    took_ms: float | None = strawberry.field(description="How long that took.", default=None)


@strawberry.type(description="A question that was asked, how it was answered and what it cost.")
class AskedQuestion:
    """The twin of agent.memory.AskedQuestion."""

    id: strawberry.ID = strawberry.field(description="Which answer it got.")
    at: datetime = strawberry.field(description="When it was asked.")
    question: str = strawberry.field(description="What was asked.")
    intent: str | None = strawberry.field(description="What it was taken for.")
    method: str = strawberry.field(description="Who understood it: logical, local or claude.")
    confidence: float = strawberry.field(description="How sure that was, in [0, 1].")
    certain: bool = strawberry.field(description="False where the answer was `I can't tell`.")
    degraded: bool = strawberry.field(description="Whether Claude was missed.")
    latency_ms: float = strawberry.field(description="How long the answer took.")
    cost_usd: float = strawberry.field(description="What Claude cost.")
    conversation: strawberry.ID = strawberry.field(description="The conversation it was part of.")


@strawberry.type(description="Something that happened and can be named in a question.")
class Happening:
    """The twin of graph.names.Happening."""

    id: strawberry.ID = strawberry.field(description="Its identifier.")
    kind: str = strawberry.field(description="incident, or what sort of change it is.")
    title: str = strawberry.field(description="What its author called it.")
    at: datetime = strawberry.field(description="When it began.")
    until: datetime | None = strawberry.field(description="When it ended; null while it goes on.")
    targets: list[strawberry.ID] = strawberry.field(description="What it is about.")


@strawberry.type(
    description="Every name there is to ask about, sorted; incidents and changes of the last five "
    "weeks, newest first."
)
class Names:
    """The twin of graph.names.Names."""

    deployments: list[strawberry.ID] = strawberry.field(description="`model@backend`.")
    models: list[strawberry.ID] = strawberry.field(description="Models.")
    backends: list[strawberry.ID] = strawberry.field(description="Backends.")
    task_types: list[strawberry.ID] = strawberry.field(description="Kinds of work.")
    tiers: list[strawberry.ID] = strawberry.field(description="Tiers of users.")
    tenants: list[strawberry.ID] = strawberry.field(description="Tenants that the caller may see.")
    policies: list[strawberry.ID] = strawberry.field(description="Policies.")
    policy_versions: list[strawberry.ID] = strawberry.field(description="`policy@version`.")
    experiments: list[strawberry.ID] = strawberry.field(description="Experiments.")
    arms: list[strawberry.ID] = strawberry.field(description="`experiment/arm`.")
    slos: list[strawberry.ID] = strawberry.field(description="Service level objectives.")
    evaluators: list[strawberry.ID] = strawberry.field(description="Who scores answers.")
    incidents: list[Happening] = strawberry.field(description="Incidents.")
    changes: list[Happening] = strawberry.field(description="Changes.")
