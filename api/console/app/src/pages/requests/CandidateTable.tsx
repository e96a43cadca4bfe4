// The deployments that were considered, with the terms of the choice and what was known of each then.
import { type Column, DataTable } from "@/parts/DataTable";
import { Figure, NodeLink, Share, Status, Tag, Unknown } from "@/parts/Known";
import { type Considered, considered, type Request } from "./decision";

const TONE = {
  chosen: "accent",
  "failed first": "bad",
  eligible: "plain",
  "ruled out": "warn",
} as const;

const COLUMNS: readonly Column<Considered>[] = [
  {
    key: "deployment",
    title: "Deployment",
    value: ({ deployment }) => deployment,
    cell: ({ deployment }) => <NodeLink kind="deployment" id={deployment} />,
  },
  {
    key: "outcome",
    title: "Outcome",
    value: ({ outcome, rejected, cause }) =>
      [outcome, rejected ?? cause].filter(Boolean).join(": "),
    cell: ({ outcome, rejected, cause }) => (
      <>
        <Tag tone={TONE[outcome]}>{outcome}</Tag> {rejected ? <code>{rejected}</code> : cause}
      </>
    ),
  },
  {
    key: "score",
    title: "Score",
    figures: true,
    value: ({ score }) => score,
    cell: ({ score }) => <Figure value={score} unit="score" why="the router told none" />,
  },
  {
    key: "propensity",
    title: "Propensity",
    figures: true,
    value: ({ propensity }) => propensity,
    cell: ({ propensity }) => <Share value={propensity} />,
  },
  {
    key: "known",
    title: "Known then",
    value: ({ known }) => known?.status,
    cell: ({ known }) =>
      known ? (
        <Status status={known.status} stale={known.stale} />
      ) : (
        <Unknown why="nothing was known of it" />
      ),
  },
  {
    key: "errors",
    title: "Errors",
    figures: true,
    value: ({ known }) => known?.errorRate,
    cell: ({ known }) => <Figure value={known?.errorRate} unit="share" />,
  },
  {
    key: "p95",
    title: "p95",
    figures: true,
    value: ({ known }) => known?.latencyP95Ms,
    cell: ({ known }) => <Figure value={known?.latencyP95Ms} unit="ms" />,
  },
  {
    key: "price",
    title: "Per 1k tokens",
    figures: true,
    value: ({ known }) => known?.costPer1kTokensUsd,
    cell: ({ known }) => <Figure value={known?.costPer1kTokensUsd} unit="usd" />,
  },
  {
    key: "reason",
    title: "Reason known then",
    value: ({ known }) => known?.reasons.join("; "),
  },
];

export function CandidateTable({ request }: { request: Request }) {
  return (
    <DataTable
      caption="Candidates"
      columns={COLUMNS}
      rows={considered(request)}
      rowKey={({ deployment }) => deployment}
    />
  );
}
