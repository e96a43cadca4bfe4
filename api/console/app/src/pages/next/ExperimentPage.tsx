// An experiment: its arms beside each other, how they differ, and what can be said.
import { Fact } from "@/parts/Fact";
import "./next.css";
import { Link } from "wouter";
import { useAnswer } from "@/api/answered";
import { Experiment as ExperimentAsked, type Metric } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { Instant, NodeLink, Tag, Unknown } from "@/parts/Known";
import { Page } from "@/parts/Page";
import { useId } from "@/shell/location";
import { iso, MINUTE_MS, ms, span } from "@/time/instants";
import { useNow } from "@/time/period";
import { address, trendsAddress } from "@/words/addresses";
import { METRIC_NAME } from "@/words/figures";
import { OUTCOME } from "@/words/outcomes";
import experimentRevisions from "../../../../../../graph/cypher/experiment_revisions.cypher?raw";
import { ArmTable } from "./ArmTable";
import { pace, useAsOf } from "./asOf";
import { Differences } from "./Differences";
import { type Experiment, winnerWords } from "./differences";
import { PastNote, PastPicker } from "./Past";
import { Tabs } from "./Tabs";

export default function ExperimentPage() {
  const id = useId();
  const [asOf] = useAsOf();
  const now = useNow();
  const variables = { id, at: asOf, knownAt: asOf };
  const answered = useAnswer(ExperimentAsked, variables, pace(asOf));
  const at = asOf ?? iso(now);
  return (
    <>
      <Tabs part="experiments" />
      <Page
        title={`Experiment ${id}`}
        beside={<PastPicker />}
        graphql={{ document: ExperimentAsked, variables }}
        cypher={{ text: experimentRevisions, parameters: { experiment: id, at, knownAt: at } }}
      >
        <PastNote />
        <Asked key={`${id} ${asOf}`} answered={answered} what={`experiment ${id}`} lines={9}>
          {({ experiment }) =>
            experiment ? (
              <Shown experiment={experiment} now={asOf === null ? now : ms(asOf)} />
            ) : (
              <Empty title="No experiment of this name is known.">
                <Link href={address("/next/experiments", { asOf })}>All experiments</Link>
              </Empty>
            )
          }
        </Asked>
      </Page>
    </>
  );
}

function Shown({ experiment, now }: { experiment: Experiment; now: number }) {
  const { outcome, verdict, warnings } = experiment;
  return (
    <>
      <section className="card" aria-labelledby="next-said">
        <h2 id="next-said" className="row">
          {winnerWords(experiment)}
          <Tag tone={OUTCOME[outcome].tone}>{OUTCOME[outcome].word}</Tag>
        </h2>
        <p className="next-verdict">{verdict}</p>
        {warnings.map((warning) => (
          <p key={warning} className="stale-note">
            {warning}
          </p>
        ))}
        <Facts experiment={experiment} />
      </section>
      <ArmTable arms={experiment.arms} />
      <Differences experiment={experiment} />
      <ByArm experiment={experiment} now={now} />
    </>
  );
}

function Facts({ experiment }: { experiment: Experiment }) {
  const { policy, status, startedAt, endedAt, maturesAfterHours } = experiment;
  return (
    <dl className="facts">
      <Fact name="State">{status}</Fact>
      <Fact name="Policy">
        <NodeLink kind="policy" id={policy} />
      </Fact>
      <Fact name="Since">
        <Instant at={startedAt} />
      </Fact>
      <Fact name="Until">{endedAt === null ? "it goes on" : <Instant at={endedAt} />}</Fact>
      <Fact name="Requests count for quality after">
        {maturesAfterHours === null ? (
          <Unknown why="can't be told yet" />
        ) : (
          <data value={maturesAfterHours}>{span(maturesAfterHours * 60 * MINUTE_MS)}</data>
        )}
      </Fact>
    </dl>
  );
}

const METRICS: readonly Metric[] = ["QUALITY", "LATENCY_MEAN", "ERROR_RATE", "COST_PER_REQUEST"];

function ByArm({ experiment, now }: { experiment: Experiment; now: number }) {
  const { id, startedAt, endedAt } = experiment;
  const minute = (at: number) => iso(Math.floor(at / MINUTE_MS) * MINUTE_MS);
  const [from, to] = [minute(ms(startedAt)), minute(endedAt === null ? now : ms(endedAt))];
  return (
    <p className="next-onward">
      <span className="quiet">Over time, by arm:</span>
      {METRICS.map((metric) => (
        <Link
          key={metric}
          href={trendsAddress({
            metric,
            groupBy: ["ARM"],
            where: { experiment: [id] },
            ...(ms(to) > ms(from) ? { period: { from, to } } : {}),
          })}
        >
          {METRIC_NAME[metric]}
        </Link>
      ))}
    </p>
  );
}
