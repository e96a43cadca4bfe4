"""Every request is answered whatever hangs, dies or forgets, and the view is whole again after."""

import http.client
from pathlib import Path

import pytest

from api.bench.outages import fill, outages, table
from api.servers import ServerSettings
from api.settings import ServiceSettings, Settings
from api.supervisor import running
from graph.settings import GraphSettings

WHOLE_WITHIN_S = 30.0


def quiet(_line: str) -> None: ...


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_routing_goes_on_through_every_outage(
    tmp_path: Path, server_settings: ServerSettings
) -> None:
    settings = Settings(
        service=ServiceSettings(port=0),
        servers=server_settings.model_copy(update={"data_dir": tmp_path / "data"}),
        graph=GraphSettings(neo4j_uri=None, redis_url=None),
    )
    with running(settings, report=quiet) as service:
        fill(service)
        phases = outages(service, report=quiet)
    told = {phase.name: phase for phase in phases}
    assert list(told) == [
        "calm",
        "Redis hangs (SIGSTOP)",
        "Redis killed",
        "Redis emptied",
        "Neo4j killed",
    ]
    for phase in phases:
        assert phase.answers
        assert {one.status for one in phase.answers} == {http.client.OK}
        assert all(one.eligible for one in phase.answers)
        assert phase.whole_after_s is not None
        assert phase.whole_after_s < WHOLE_WITHIN_S
    assert not any(one.stale for one in told["calm"].answers)
    for name in ("Redis hangs (SIGSTOP)", "Redis killed"):
        assert any(one.stale for one in told[name].answers)
    assert [row[0] for row in table(phases).rows] == list(told)
