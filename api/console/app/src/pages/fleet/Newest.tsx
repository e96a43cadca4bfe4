// The newest requests that a deployment served, with why each was sent here; or those that failed.
import { Link } from "wouter";
import { useAnswer } from "@/api/answered";
import { Requests } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { type Column, DataTable } from "@/parts/DataTable";
import { Figure, Instant, NodeLink, Tag } from "@/parts/Known";
import { Pick } from "@/parts/Pick";
import { useChoice } from "@/shell/address";
import { DAY_MS, iso, ms } from "@/time/instants";
import type { Period } from "@/time/period";
import { requestsAddress } from "@/words/addresses";
import { spaced } from "@/words/figures";
import { type Found, meanScore, toneOf } from "../requests/finding";

/** Longer periods are not looked through for single requests. */
const MOST_MS = 31 * DAY_MS;

export function Newest({ deployment, period }: { deployment: string; period: Period }) {
  const [which, choose] = useChoice("requests", ["newest", "failed"]);
  const failed = which === "failed";
  const where = { deployment: [deployment] };
  const during = lastDays(period);
  const answered = useAnswer(
    Requests,
    { during, where, order: "NEWEST", failed, first: 15 },
    { keep: true },
  );
  return (
    <section className="card fleet-table" aria-labelledby="fleet-newest">
      <div className="row">
        <h2 id="fleet-newest">Requests, and why they came here</h2>
        <Pick
          label="Which requests"
          value={which}
          options={[
            ["newest", "Newest"],
            ["failed", "Failed"],
          ]}
          choose={choose}
        />
        <Link href={requestsAddress({ where, period: during, failed })}>Find others</Link>
      </div>
      {during.from === period.from ? null : (
        <p className="quiet">
          Of the last 31 days of this period only, since <Instant at={during.from} />.
        </p>
      )}
      <Asked answered={answered} what="its requests" lines={6}>
        {({ requests }) =>
          requests.length === 0 ? (
            <Empty title={failed ? "No request failed here." : "It served no request."}>
              {during.from === period.from
                ? "Choose a longer period."
                : "Find others to look at the days before."}
            </Empty>
          ) : (
            <DataTable
              caption={failed ? "Newest failed requests" : "Newest requests"}
              columns={COLUMNS}
              rows={requests}
              rowKey={({ id }) => id}
            />
          )
        }
      </Asked>
    </section>
  );
}

function lastDays({ from, to }: Period): Period {
  return { from: iso(Math.max(ms(from), ms(to) - MOST_MS)), to };
}

const COLUMNS: readonly Column<Found>[] = [
  { key: "at", title: "At", value: ({ at }) => at, cell: ({ at }) => <Instant at={at} seconds /> },
  {
    key: "id",
    title: "Request",
    value: ({ id }) => id,
    cell: ({ id }) => <NodeLink kind="request" id={id} />,
  },
  { key: "task", title: "Task", value: ({ taskType }) => taskType },
  { key: "tier", title: "Tier", value: ({ tier }) => tier },
  {
    key: "status",
    title: "Ended",
    value: ({ status }) => status,
    cell: ({ status, errorType }) => <Tag tone={toneOf(status)}>{errorType ?? spaced(status)}</Tag>,
  },
  {
    key: "latency",
    title: "Latency",
    value: ({ latencyMs }) => latencyMs,
    cell: ({ latencyMs }) => <Figure value={latencyMs} unit="ms" />,
    figures: true,
  },
  {
    key: "cost",
    title: "Cost",
    value: ({ costUsd }) => costUsd,
    cell: ({ costUsd }) => <Figure value={costUsd} unit="usd" />,
    figures: true,
  },
  {
    key: "score",
    title: "Score",
    value: ({ quality }) => meanScore(quality),
    cell: ({ quality }) => (
      <Figure value={meanScore(quality)} unit="score" why="no score is in" workedOut />
    ),
    figures: true,
  },
  { key: "method", title: "By", value: ({ decision }) => decision.method },
  { key: "why", title: "Why here", value: whyHere, cell: (request) => <WhyHere of={request} /> },
];

function whyHere({ decision }: Found): string {
  const { fallbackFrom, reasons } = decision;
  const fell = fallbackFrom.length > 0 ? [`failed first on ${fallbackFrom.join(", ")}`] : [];
  return [...fell, ...reasons].join("; ");
}

function WhyHere({ of }: { of: Found }) {
  return <span className="fleet-why-here">{whyHere(of) || "No reason was told."}</span>;
}
