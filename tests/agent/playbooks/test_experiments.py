"""Experiments and rollouts in words."""

from datetime import timedelta

from agent.playbooks import experiments
from agent.understanding.question import Anchored, AnchorKind
from graph.slices import Metric
from tests.agent.playbooks.shops import Shops, answered, refused
from tests.agent.playbooks.worlds import NOW, SmallFleet, question


async def test_the_only_running_experiment_is_meant(shops: Shops) -> None:
    told = await answered(experiments.experiment, question(), shops.world())
    assert told.lines[0].startswith(
        f"{shops.trial}: WINNER: treat is surely better than keep: quality +0.082 (+0.064 to "
    )
    assert told.lines[1:4] == (
        "  running, on policy main, from 2020-08-04 12:00 UTC.",
        "  keep: quality 0.750 (95 %: 0.737 to 0.763) from 629 scores; p95 latency 1,080 ms, "
        "error rate 1.72 %, cost per request $0.00801; 640 requests of 40 users",
        "  treat: quality 0.832 (95 %: 0.820 to 0.843) from 663 scores; p95 latency 1,091 ms, "
        "error rate 2.5 %, cost per request $0.00811; 680 requests of 40 users",
    )
    assert told.follow_ups == (
        f"What would quality have been in the last 24 hours with all in {shops.trial}/treat?",
    )
    assert told.certain


async def test_the_metric_that_is_asked_about_is_told(shops: Shops) -> None:
    asked = question(arm=f"{shops.trial}/treat", metric=Metric.LATENCY_P95)
    told = await answered(experiments.experiment, asked, shops.world())
    assert told.lines[4] == (
        "  treat less keep on mean latency: +7.68 ms (95 %: -48 ms to +63.3 ms), "
        "from 1,320 requests."
    )


async def test_an_experiment_without_data_is_undecided(shops: Shops) -> None:
    told = await answered(experiments.experiment, question(experiment=shops.ended), shops.world())
    assert told.lines[0] == (
        f"{shops.ended}: INSUFFICIENT_DATA: no requests of two arms to compare"
    )
    assert told.lines[2] == "  keep: no requests"
    assert (told.certain, told.follow_ups) == (False, ())


async def test_an_unknown_experiment_is_said_with_those_there_are(shops: Shops) -> None:
    world = shops.world()
    unknown = await refused(experiments.experiment, question(experiment="nope"), world)
    assert unknown.startswith("no experiment nope was told of; known experiments are ")
    before = question(now=NOW - timedelta(days=30))
    told = await refused(experiments.experiment, before, world)
    assert told.startswith("no experiment runs; name one: known experiments are ")


async def test_the_newest_rollout_is_told_with_its_effects(small_fleet: SmallFleet) -> None:
    fleet = small_fleet
    asked = question(where={"model": fleet.sage}, metric=Metric.ERROR_RATE)
    told = await answered(experiments.rollout, asked, fleet.world())
    assert told.lines[:4] == (
        f"{fleet.rollout} (build 7) at 2020-08-12 12:00 UTC: HARMFUL: stop build 7, which is "
        "surely worse than what was before: error rate +25 points (+25 points to +25 points, "
        "96 requests)",
        f"  It reached {fleet.hit}; untouched twins: none.",
        "  error rate: 0 % → 25 %, effect +25 points (95 %: +25 points to +25 points); "
        "from 96 requests before and 96 after",
        "  quality: nothing to compare yet",
    )
    anchored = Anchored(AnchorKind.ROLLOUT, id=fleet.rollout)
    named = await answered(experiments.rollout, question(during=anchored), fleet.world())
    assert named.lines[0] == told.lines[0]


async def test_what_is_no_rollout_is_said(small_fleet: SmallFleet, shops: Shops) -> None:
    world = small_fleet.world()
    untouched = question(where={"deployment": shops.deployments[0]})
    reason = await refused(experiments.rollout, untouched, world)
    assert reason.startswith("no rollout is known that fits the question; known changes are ")
    assert small_fleet.rollout in reason
    trial = await refused(experiments.rollout, question(change=shops.trial), world)
    assert trial.startswith(f"{shops.trial} is no change of what runs that was told of; ")
    for playbook in (experiments.experiment, experiments.rollout):
        assert "'zork'" in await refused(playbook, question(unknown=("zork",)), world)
