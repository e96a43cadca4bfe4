// The states of a deployment over a period as a strip: colour and height tell them apart; a table behind.
import { useMemo } from "react";
import { Link } from "wouter";
import { useAnswer } from "@/api/answered";
import { StateHistory } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { Instant, Share, Status } from "@/parts/Known";
import { dateTime, MINUTE_MS } from "@/time/instants";
import type { Period } from "@/time/period";
import { useZone } from "@/time/zone";
import { address } from "@/words/addresses";
import { percent, spaced } from "@/words/figures";
import {
  type Run,
  runsOf,
  type StateAt,
  sharesOf,
  stepMinutesOf,
  stepName,
  wholeSteps,
} from "./history";

type Props = { deployment: string; period: Period };

export function HistoryStrip({ deployment, period }: Props) {
  const stepMinutes = stepMinutesOf(period);
  const during = wholeSteps(period, stepMinutes);
  const answered = useAnswer(
    StateHistory,
    { deployment, during, stepMinutes },
    { keep: true, everyMs: MINUTE_MS },
  );
  return (
    <Asked answered={answered} what="its history" lines={3}>
      {({ stateHistory }) => <History states={stateHistory} step={stepMinutes} name={deployment} />}
    </Asked>
  );
}

const COLUMNS: readonly Column<Run>[] = [
  { key: "from", title: "From", value: ({ from }) => from, cell: (run) => <Then at={run.from} /> },
  { key: "to", title: "To", value: ({ to }) => to, cell: (run) => <Then at={run.to} /> },
  {
    key: "status",
    title: "State",
    value: ({ status }) => status,
    cell: ({ status, stale }) => <Status status={status} stale={stale} />,
  },
  { key: "stale", title: "Stale", value: ({ stale }) => (stale ? "yes" : "no") },
  { key: "breaker", title: "Breaker", value: ({ breaker }) => spaced(breaker) },
  { key: "reasons", title: "Why", value: ({ reasons }) => reasons.join("; ") },
];

/** An instant that leads to the whole fleet as it was then. */
function Then({ at }: { at: string }) {
  return (
    <Link href={address("/", { at })} title="The fleet as it was then">
      <Instant at={at} />
    </Link>
  );
}

function History({
  states,
  step,
  name,
}: {
  states: readonly StateAt[];
  step: number;
  name: string;
}) {
  const runs = useMemo(() => runsOf(states, step), [states, step]);
  if (runs.length === 0) {
    return <Empty title="No state is known of this period.">Choose a longer or later one.</Empty>;
  }
  return (
    <ChartFrame
      title="History of its state"
      name={`${name} states`}
      chart={<Strip runs={runs} states={states} />}
      columns={COLUMNS}
      rows={runs}
      rowKey={({ from }) => from}
    >
      <ul className="legend fleet-shares">
        {sharesOf(states).map(({ status, share }) => (
          <li key={status} data-status={status} data-worked-out>
            <Status status={status} /> <Share value={share} />
          </li>
        ))}
        <li>judged at the end of each {stepName(step)}</li>
      </ul>
    </ChartFrame>
  );
}

function Strip({ runs, states }: { runs: readonly Run[]; states: readonly StateAt[] }) {
  const zone = useZone();
  const words = sharesOf(states).map(({ status, share }) => `${spaced(status)} ${percent(share)}`);
  const [first, last] = [runs[0], runs.at(-1)];
  return (
    <div>
      <div className="fleet-strip" role="img" aria-label={`Of the time: ${words.join(", ")}`}>
        {runs.map((run) => (
          <i
            key={run.from}
            data-status={run.status}
            data-stale={run.stale || undefined}
            data-breaker={run.breaker === "CLOSED" ? undefined : run.breaker}
            style={{ flexGrow: run.steps }}
            title={titleOf(run, (at) => dateTime(at, zone))}
          />
        ))}
      </div>
      <p className="fleet-ends quiet">
        <Instant at={first?.from} />
        <Instant at={last?.to} />
      </p>
    </div>
  );
}

function titleOf({ status, stale, breaker, from, to, reasons }: Run, told: (at: string) => string) {
  const state = `${spaced(status)}${stale ? ", stale" : ""}`;
  const broken = breaker === "CLOSED" ? "" : `, breaker ${spaced(breaker)}`;
  return `${told(from)} to ${told(to)}: ${state}${broken}\n${reasons.join("\n")}`;
}
