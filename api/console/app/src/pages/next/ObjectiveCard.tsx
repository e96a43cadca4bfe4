// One objective: its promise, what is left of its error budget, how fast it burns, and what burned it.
import type { RefObject } from "react";
import { Link } from "wouter";
import { type Column, DataTable } from "@/parts/DataTable";
import { Fact } from "@/parts/Fact";
import { IntervalBar } from "@/parts/Interval";
import { Figure, Instant, Share, SliceName, Tag, Unknown } from "@/parts/Known";
import { MINUTE_MS, ms, span } from "@/time/instants";
import { whyAddress } from "@/words/addresses";
import { digits, figure, percent } from "@/words/figures";
import { narrowed, refsWithin, sliceOf } from "@/words/slices";
import { useAsOf } from "./asOf";
import { BurnedBy } from "./BurnedBy";
import {
  actionOf,
  alertWords,
  type Burn,
  burning,
  metricOf,
  precise,
  promise,
  type Slo,
} from "./objectives";

type Props = {
  slo: Slo;
  /** Whether the address names it. */
  named: boolean;
  place: RefObject<HTMLElement | null> | null;
};

/** What is shown in full before anyone asks. */
const URGENT = new Set(["freeze", "lockdown"]);
/** Judged this long ago, it is not about now. */
const LATE_MS = 10 * MINUTE_MS;

export function ObjectiveCard({ slo, named, place }: Props) {
  const { id, tenant, alerts, judgedAt, action } = slo;
  const { word, tone } = actionOf(slo);
  const [asOf] = useAsOf();
  const where = sliceOf(refsWithin(slo));
  return (
    <section
      ref={place}
      className="card next-objective"
      aria-label={`Objective ${id} of ${tenant}`}
      data-named={named || undefined}
    >
      <h2 className="row">
        {id}
        <Tag tone={tone}>{word}</Tag>
        {alerts.map((alert) => (
          <Tag key={alertWords(alert)} tone={alert.severity === "page" ? "bad" : "warn"}>
            {alert.severity}
          </Tag>
        ))}
      </h2>
      <p>
        {promise(slo)}, for <SliceName refs={refsWithin(slo)} />
      </p>
      <Standing slo={slo} />
      {alerts.map((alert) => (
        <p key={alertWords(alert)} className="next-alert">
          {alertWords(alert)}.
        </p>
      ))}
      <details open={named || alerts.length > 0 || URGENT.has(action)}>
        <summary>How fast it burns, why, and what burned it</summary>
        <div className="next-inside">
          <div className="next-told">
            <Reasons slo={slo} />
            <BurnedBy slo={slo} />
          </div>
          <DataTable
            caption={`Burn rates of ${id} of ${tenant}`}
            columns={BURNS}
            rows={slo.burns}
            rowKey={({ windowMinutes }) => String(windowMinutes)}
          />
        </div>
      </details>
      <p className="quiet next-onward">
        {where ? (
          <Link
            href={whyAddress({
              metric: metricOf(slo),
              during: burning(slo),
              where: narrowed({}, where),
              knownAt: asOf,
            })}
            aria-label={`Why: ${id} of ${tenant}`}
          >
            Why?
          </Link>
        ) : null}
        <span>
          judged at <Instant at={judgedAt} age={Date.now() - ms(judgedAt) > LATE_MS} />
        </span>
      </p>
    </section>
  );
}

function Standing({ slo }: { slo: Slo }) {
  const { actual, events, bad, errorBudgetRemaining: left, daysToExhaustion, objective } = slo;
  return (
    <dl className="facts">
      <Fact name="Good so far">
        {actual === null ? (
          <Unknown />
        ) : (
          <data className="figure" value={actual}>
            {precise(actual)}
          </data>
        )}
      </Fact>
      <Fact name="Bad">
        <Figure value={bad} unit="count" /> of <Figure value={events} unit="count" />{" "}
        {objective === "quality" ? "scores" : "requests"}
      </Fact>
      <Fact name="Error budget left">
        <Share value={left} />
        {left === null ? null : (
          <IntervalBar
            value={left}
            from={left < 0 ? Math.max(-1, left) : 0}
            label={`${percent(left)} of the error budget is left`}
          />
        )}
      </Fact>
      <Fact name="Used up">
        {left === null ? (
          <Unknown />
        ) : daysToExhaustion === null ? (
          "it lasts at the present burn"
        ) : daysToExhaustion === 0 ? (
          "it is used up"
        ) : (
          <data value={daysToExhaustion}>in {digits(daysToExhaustion)} days</data>
        )}
      </Fact>
    </dl>
  );
}

function Reasons({ slo: { reasons } }: { slo: Slo }) {
  return (
    <ul>
      {reasons.map((reason) => (
        <li key={reason}>{reason}</li>
      ))}
    </ul>
  );
}

const BURNS: readonly Column<Burn>[] = [
  {
    key: "window",
    title: "The last",
    value: ({ windowMinutes }) => windowMinutes,
    cell: ({ windowMinutes }) => span(windowMinutes * MINUTE_MS),
  },
  {
    key: "rate",
    title: "Burn rate",
    figures: true,
    value: ({ rate }) => rate,
    cell: ({ rate }) => (
      <span data-fast={(rate ?? 0) > 1 || undefined}>
        <Figure value={rate} unit="rate" why="nothing happened" />
      </span>
    ),
  },
  {
    key: "bad",
    title: "Bad",
    figures: true,
    value: ({ bad }) => bad,
    cell: ({ bad }) => figure(bad, "count"),
  },
  {
    key: "events",
    title: "Of",
    figures: true,
    value: ({ events }) => events,
    cell: ({ events }) => figure(events, "count"),
  },
  {
    key: "complete",
    title: "Scores in",
    figures: true,
    value: ({ complete }) => complete,
    cell: ({ complete }) => <Share value={complete} />,
  },
];
