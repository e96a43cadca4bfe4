// What a change to deployments or models did, against what it replaced and untouched twins.
import { useAnswer } from "@/api/answered";
import { Rollout, type RolloutQuery } from "@/api/generated";
import { Asked } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { Difference, MetricFigure, NodeLinks, Tag, Unknown } from "@/parts/Known";
import { difference, METRIC_NAME, UNIT_OF } from "@/words/figures";
import { OUTCOME } from "@/words/outcomes";

type Told = NonNullable<RolloutQuery["rollout"]>;
type Effect = Told["effects"][number];

type Props = {
  change: string;
  /** As it stood and was known then; null is now. */
  asOf?: string | null;
};

/** Shows nothing for a change that reaches no deployment. */
export function RolloutCard({ change, asOf = null }: Props) {
  const answered = useAnswer(Rollout, { change, at: asOf, knownAt: asOf });
  return (
    <Asked answered={answered} what="what it did" lines={5}>
      {({ rollout }) => (rollout ? <Shown rollout={rollout} /> : null)}
    </Asked>
  );
}

const COLUMNS: readonly Column<Effect>[] = [
  { key: "metric", title: "Metric", value: ({ metric }) => METRIC_NAME[metric] },
  figures("before", "Before", ({ before }) => before),
  figures("after", "After", ({ after }) => after),
  figures("twinsBefore", "Twins before", ({ twinsBefore }) => twinsBefore),
  figures("twinsAfter", "Twins after", ({ twinsAfter }) => twinsAfter),
  {
    key: "effect",
    title: "Effect",
    figures: true,
    value: ({ effect }) => effect,
    cell: ({ effect, metric }) => <Difference value={effect} unit={UNIT_OF[metric]} />,
  },
  {
    key: "interval",
    title: "95 % interval",
    figures: true,
    value: ({ low }) => low,
    cell: ({ low, high, metric }) => <Limits low={low} high={high} unit={UNIT_OF[metric]} />,
  },
  { key: "count", title: "Behind it", figures: true, value: ({ countAfter }) => countAfter },
];

function figures(key: string, title: string, value: (effect: Effect) => number | null) {
  return {
    key,
    title,
    figures: true,
    value,
    cell: (effect: Effect) => <MetricFigure metric={effect.metric} value={value(effect)} />,
  };
}

type LimitsProps = {
  low: number | null;
  high: number | null;
  unit: (typeof UNIT_OF)[Effect["metric"]];
};

function Limits({ low, high, unit }: LimitsProps) {
  if (low === null || high === null) return <Unknown />;
  return (
    <span className="figure">
      <data value={low}>{difference(low, unit)}</data> to{" "}
      <data value={high}>{difference(high, unit)}</data>
    </span>
  );
}

function Shown({ rollout }: { rollout: Told }) {
  const { outcome, verdict, twins, warnings, effects } = rollout;
  const rowKey = ({ metric }: Effect) => metric;
  return (
    <ChartFrame
      title={
        <>
          What it did <Tag tone={OUTCOME[outcome].tone}>{OUTCOME[outcome].word}</Tag>
        </>
      }
      name={`effects-of-${rollout.id}`}
      columns={COLUMNS}
      rows={effects}
      rowKey={rowKey}
    >
      <p>{verdict}</p>
      <p className="quiet">
        {twins.length ? "Untouched twins: " : "There are no untouched twins to compare with."}
        <NodeLinks refs={twins.map((id) => ({ kind: "deployment", id }))} />
      </p>
      {warnings.length ? (
        <div className="stale-note">
          <strong>What speaks against trusting it</strong>
          <ul className="incidents-warnings">
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </div>
      ) : null}
    </ChartFrame>
  );
}
