// One deployment: how it is and has been, what it serves and why, and what happened to it.
import { useMemo } from "react";
import { Link } from "wouter";
import { useAnswer } from "@/api/answered";
import { Fleet } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { Fact } from "@/parts/Fact";
import { useHappenings } from "@/parts/happenings";
import { Figure, NodeLink } from "@/parts/Known";
import { Page } from "@/parts/Page";
import { useId } from "@/shell/location";
import { TimePicker } from "@/shell/TimePicker";
import { SECOND_MS } from "@/time/instants";
import { usePeriod } from "@/time/period";
import { requestsAddress, trendsAddress } from "@/words/addresses";
import deploymentCells from "../../../../../../graph/cypher/deployment_cells.cypher?raw";
import { Charts } from "./Charts";
import { type Health, troubledSince } from "./fleet";
import { HistoryStrip } from "./HistoryStrip";
import { Newest } from "./Newest";
import { Reached } from "./Reached";
import { Routed } from "./Routed";
import { Evidence, StateAndBreaker, WhyLink } from "./State";
import { reaching } from "./served";
import "./fleet.css";
import "./deployment.css";

export default function DeploymentPage() {
  const id = useId();
  const choice = usePeriod();
  const { period } = choice;
  const fleet = useAnswer(Fleet, {}, { everyMs: 10 * SECOND_MS });
  const happened = useHappenings(period);
  const health = fleet.data?.fleet.find(({ deployment }) => deployment === id);
  const [model, backend] = [health?.model ?? null, health?.backend ?? null];
  const touches = useMemo(() => reaching({ deployment: id, model, backend }), [id, model, backend]);
  const open = happened.data?.incidents.filter(({ resolvedAt }) => resolvedAt === null) ?? [];
  return (
    <Page
      title={id}
      beside={
        <>
          {health ? (
            <StateAndBreaker health={{ ...health, stale: health.stale || fleet.stale }} />
          ) : null}
          <TimePicker choice={choice} />
        </>
      }
      graphql={{ document: Fleet, variables: {} }}
      cypher={{ text: deploymentCells, parameters: { deployment: id, tenants: null } }}
    >
      <Asked answered={fleet} what="its state" lines={4}>
        {() =>
          health ? (
            <Now health={health} since={troubledSince(open).get(id)} />
          ) : (
            <Empty title="No such deployment is known now.">
              <Link href="/">The fleet</Link> lists those that are. What is known of its past is
              below.
            </Empty>
          )
        }
      </Asked>
      <HistoryStrip deployment={id} period={period} />
      <Asked answered={happened} what="incidents and changes" lines={3}>
        {(found) => <Reached found={found} deployment={id} touches={touches} />}
      </Asked>
      <Charts deployment={id} period={period} happened={happened.data} touches={touches} />
      <Routed deployment={id} period={period} />
      <Newest deployment={id} period={period} />
      <p className="row">
        <Link href={trendsAddress({ period, where: { deployment: [id] } })}>Its trends</Link>
        <Link href={requestsAddress({ period, where: { deployment: [id] } })}>Its requests</Link>
      </p>
    </Page>
  );
}

/** Its state now: every reason, and every figure. */
function Now({ health, since }: { health: Health; since: string | undefined }) {
  const { reasons, breakerReason } = health;
  const told = reasons.some((reason) => breakerReason !== null && reason.includes(breakerReason));
  return (
    <section className="card fleet-now" aria-labelledby="fleet-now" data-status={health.status}>
      <div className="row">
        <h2 id="fleet-now">Now</h2>
        <WhyLink health={health} since={since} at={null} knownAt={null} />
      </div>
      <ul className="fleet-reasons">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
        {breakerReason && !told ? <li>breaker: {breakerReason}</li> : null}
      </ul>
      <Facts health={health} />
    </section>
  );
}

function Facts({ health }: { health: Health }) {
  return (
    <dl className="facts">
      <Fact name="Model">
        <NodeLink kind="model" id={health.model} />
      </Fact>
      <Fact name="Backend">
        <NodeLink kind="backend" id={health.backend} />
      </Fact>
      <Fact name="Version">{health.version ?? "none registered"}</Fact>
      <Fact name="Evidence">
        <Evidence health={health} at={null} />
      </Fact>
      <Fact name="Errors">
        <Figure value={health.errorRate} unit="share" />
      </Fact>
      <Fact name="Availability">
        <Figure value={health.availability} unit="share" />
      </Fact>
      <Fact name="Median latency">
        <Figure value={health.latencyP50Ms} unit="ms" />
      </Fact>
      <Fact name="p95 latency">
        <Figure value={health.latencyP95Ms} unit="ms" />
      </Fact>
      <Fact name="Queue">
        <Figure value={health.queueDepth} unit="count" />
      </Fact>
      <Fact name="Load">
        <Figure value={health.load} unit="share" />
      </Fact>
      <Fact name="Rate limit left">
        <Figure value={health.rateLimitRemaining} unit="count" />
      </Fact>
      <Fact name="Spot capacity">
        <Figure value={health.spotAvailability} unit="share" />
      </Fact>
      <Fact name="Price of 1k tokens">
        <Figure value={health.costPer1kTokensUsd} unit="usd" />
      </Fact>
      <Fact name="Samples">
        <Figure value={health.sampleCount} unit="count" />
      </Fact>
    </dl>
  );
}
