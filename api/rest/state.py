"""What the plain HTTP routes find on `app.state`."""

from typing import Protocol

from graph.key_ring import KeyRing
from graph.store.door import GraphStore
from ingest.dead_letters import DeadLetters
from ingest.gateway import Gateway
from ingest.log import EventLog
from ingest.settings import IngestSettings


class RestState(Protocol):
    """Set by the application at its start; `key_ring` has its `run` under way."""

    key_ring: KeyRing
    store: GraphStore
    log: EventLog
    gateway: Gateway
    dead_letters: DeadLetters
    ingest_settings: IngestSettings
