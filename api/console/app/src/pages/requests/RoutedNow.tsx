// Where the same request would go now, with the terms of each score; asked for only when opened.
import { useState } from "react";
import { useAnswer } from "@/api/answered";
import { Route, type RouteQuery } from "@/api/generated";
import { Asked } from "@/parts/Asked";
import { type Column, DataTable } from "@/parts/DataTable";
import { Figure, Instant, NodeLink, Status, Tag } from "@/parts/Known";
import { counted } from "@/words/figures";
import type { Request } from "./decision";

type View = RouteQuery["routingView"];
type Candidate = View["candidates"][number];

export function RoutedNow({ request }: { request: Request }) {
  const [open, setOpen] = useState(false);
  const { user, tenant, tier, taskType, promptTokens } = request;
  const asked = { user, tenant, tier, taskType, promptTokens, reserve: false };
  const answered = useAnswer(Route, { request: asked }, { enabled: open });
  return (
    <details className="card" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2 className="requests-summary">Where would it go now</h2>
      </summary>
      {open ? (
        <Asked answered={answered} what="the routing view">
          {({ routingView }) => <View view={routingView} />}
        </Asked>
      ) : null}
    </details>
  );
}

function View({ view }: { view: View }) {
  return (
    <>
      <p>
        As of <Instant at={view.asOf} seconds />
        {view.policy ? (
          <>
            , under <NodeLink kind="policy_version" id={`${view.policy}@${view.policyVersion}`} />
            {view.policyRule ? <>, rule {view.policyRule}</> : null}
          </>
        ) : null}
        {view.stale ? <Tag tone="warn">stale view</Tag> : null}
      </p>
      {view.warnings.map((warning) => (
        <p key={warning} className="stale-note">
          {warning}
        </p>
      ))}
      <DataTable
        caption="Candidates now"
        columns={COLUMNS}
        rows={view.candidates}
        rowKey={({ deployment }) => deployment}
      />
      <details>
        <summary>How it was decided, step by step</summary>
        <ol>
          {view.steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </details>
    </>
  );
}

const COLUMNS: readonly Column<Candidate>[] = [
  { key: "rank", title: "Rank", figures: true, value: ({ rank }) => rank },
  {
    key: "deployment",
    title: "Deployment",
    value: ({ deployment }) => deployment,
    cell: ({ deployment }) => <NodeLink kind="deployment" id={deployment} />,
  },
  {
    key: "score",
    title: "Score",
    figures: true,
    value: ({ score }) => score,
    cell: ({ score }) => <Figure value={score} unit="score" why="ruled out" />,
  },
  {
    key: "quality",
    title: "Expected quality",
    figures: true,
    value: ({ expectedQuality }) => expectedQuality,
    cell: ({ expectedQuality, qualitySamples }) => (
      <>
        <Figure value={expectedQuality} unit="score" />{" "}
        <span className="quiet">
          {qualitySamples === null ? "" : counted(qualitySamples, "score")}
        </span>
      </>
    ),
  },
  {
    key: "latency",
    title: "Expected latency",
    figures: true,
    value: ({ expectedLatencyMs }) => expectedLatencyMs,
    cell: ({ expectedLatencyMs }) => <Figure value={expectedLatencyMs} unit="ms" />,
  },
  {
    key: "cost",
    title: "Expected cost",
    figures: true,
    value: ({ expectedCostUsd }) => expectedCostUsd,
    cell: ({ expectedCostUsd }) => <Figure value={expectedCostUsd} unit="usd" />,
  },
  {
    key: "status",
    title: "State",
    value: ({ status }) => status,
    cell: ({ status, stale }) => <Status status={status} stale={stale} />,
  },
  {
    key: "reasons",
    title: "Reasons",
    value: ({ reasons }) => reasons.join("; "),
  },
];
