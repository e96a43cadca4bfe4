// What is routed to a deployment: its requests by how they were decided, under what policy, for what and whom.
import { useMemo } from "react";
import { useAnswer } from "@/api/answered";
import { Compare, type CompareQuery, type Dimension } from "@/api/generated";
import { Asked } from "@/parts/Asked";
import { Figure, NodeLink, Unknown } from "@/parts/Known";
import { Folded } from "@/parts/More";
import type { Period } from "@/time/period";
import { counted, difference, percent } from "@/words/figures";
import { DIMENSION_NAME } from "@/words/slices";
import { justBefore, type Part, partsOf } from "./served";

const BY: readonly Dimension[] = ["METHOD", "POLICY_VERSION", "TASK_TYPE", "TIER"];
const SHOWN = 6;

export function Routed({ deployment, period }: { deployment: string; period: Period }) {
  return (
    <section className="card" aria-labelledby="fleet-routed">
      <h2 id="fleet-routed">What is routed here</h2>
      <p className="quiet">
        Shares of its requests in this period, and how they moved from the like period just before.
      </p>
      <div className="fleet-routed">
        {BY.map((dimension) => (
          <Parts key={dimension} dimension={dimension} deployment={deployment} period={period} />
        ))}
      </div>
    </section>
  );
}

type Props = { dimension: Dimension; deployment: string; period: Period };

function Parts({ dimension, deployment, period }: Props) {
  const variables = {
    metric: "VOLUME" as const,
    during: period,
    comparedTo: justBefore(period),
    groupBy: [dimension],
    where: { deployment: [deployment] },
  };
  const answered = useAnswer(Compare, variables, { keep: true });
  const name = DIMENSION_NAME[dimension];
  return (
    <div>
      <h3>By {name.toLowerCase()}</h3>
      <Asked answered={answered} what={`its requests by ${name.toLowerCase()}`} lines={3}>
        {({ compare }) => <Shares compared={compare} />}
      </Asked>
    </div>
  );
}

function Shares({ compared }: { compared: CompareQuery["compare"] }) {
  const parts = useMemo(() => partsOf(compared), [compared]);
  if (parts.length === 0) return <p className="quiet">No request.</p>;
  const list = (some: readonly Part[]) => (
    <ul className="fleet-parts">
      {some.map((part) => (
        <Share key={part.key.map(({ id }) => id).join()} part={part} />
      ))}
    </ul>
  );
  const more = parts.slice(SHOWN);
  return (
    <>
      {list(parts.slice(0, SHOWN))}
      <Folded count={more.length}>{list(more)}</Folded>
    </>
  );
}

function Share({ part }: { part: Part }) {
  const { key, requests, share, shareBefore } = part;
  const moved = share !== null && shareBefore !== null ? share - shareBefore : null;
  return (
    <li>
      <span className="fleet-part-name">
        {key.map((ref) => (
          <NodeLink key={ref.id} {...ref} />
        ))}
      </span>
      <span className="fleet-part-share" data-worked-out>
        {share === null ? <Unknown /> : <data value={share}>{percent(share)}</data>}{" "}
        <span className="quiet">
          {moved === null ? "" : `(${difference(moved, "share")})`}
          <span className="unseen">, {counted(requests, "request")}</span>
        </span>
      </span>
      <span className="fleet-bar" aria-hidden="true">
        <i style={{ width: `${100 * (share ?? 0)}%` }} />
      </span>
      <span className="quiet fleet-part-count" aria-hidden="true">
        <Figure value={requests} unit="count" />
      </span>
    </li>
  );
}
