// The ways from the causes to what they changed: drawn as one graph, and as steps in words.
import { lazy, Suspense } from "react";
import { Loading } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { NodeLink } from "@/parts/Known";
import { spaced } from "@/words/figures";
import { merged, type Step, stepWords } from "./pathways";
import type { Cause } from "./question";

const PathGraph = lazy(() => import("./PathGraph"));

type Row = { rank: number; title: string; place: number; step: Step };

export function Paths({ causes }: { causes: readonly Cause[] }) {
  const rows = causes.flatMap(({ rank, title, path }) =>
    path.map((step, place): Row => ({ rank, title, place: place + 1, step })),
  );
  if (!rows.length) return null;
  return (
    <ChartFrame
      title="How it got there"
      name="How it got there"
      columns={COLUMNS}
      rows={rows}
      rowKey={({ rank, place }) => `${rank}.${place}`}
      chart={
        <Suspense fallback={<Loading what="the drawing" lines={4} />}>
          <PathGraph graph={merged(causes)} />
        </Suspense>
      }
    >
      <details>
        <summary>The same in words</summary>
        <ol className="why-list">
          {rows.map(({ rank, place, title, step }) => (
            <li key={`${rank}.${place}`}>
              {place === 1 ? <strong>{title}: </strong> : null}
              {stepWords(step)}
            </li>
          ))}
        </ol>
      </details>
    </ChartFrame>
  );
}

const COLUMNS: Column<Row>[] = [
  { key: "rank", title: "Cause", figures: true, value: ({ rank }) => rank },
  { key: "place", title: "Step", figures: true, value: ({ place }) => place },
  {
    key: "from",
    title: "From",
    value: ({ step }) => `${step.from.kind} ${step.from.id}`,
    cell: ({ step }) => <Ended {...step.from} />,
  },
  {
    key: "relationship",
    title: "Relationship",
    value: ({ step }) => (step.reversed ? `<-${step.relationship}-` : `-${step.relationship}->`),
    cell: ({ step }) => (
      <code>{step.reversed ? `← ${step.relationship}` : `${step.relationship} →`}</code>
    ),
  },
  {
    key: "to",
    title: "To",
    value: ({ step }) => `${step.to.kind} ${step.to.id}`,
    cell: ({ step }) => <Ended {...step.to} />,
  },
];

function Ended({ kind, id }: Step["from"]) {
  return (
    <>
      <span className="quiet">{spaced(kind)}</span> <NodeLink kind={kind} id={id} />
    </>
  );
}
