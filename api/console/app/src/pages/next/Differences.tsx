// How every other arm differs from the first, metric by metric, each with its interval around zero.
import { Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { IntervalBar } from "@/parts/Interval";
import { Difference as Shift, Tag, Unknown } from "@/parts/Known";
import { counted, difference, METRIC_NAME, UNIT_OF } from "@/words/figures";
import { type Difference, type Experiment, saying, scaleOf } from "./differences";

export function Differences({ experiment }: { experiment: Experiment }) {
  const { differences, id } = experiment;
  if (!differences.length) {
    return <Empty title="There is only one arm, so nothing to compare it with." />;
  }
  return (
    <ChartFrame
      title="How they differ"
      name={`differences-of-${id}`}
      columns={COLUMNS}
      rows={differences}
      rowKey={keyOf}
      chart={
        <ul className="next-bars">
          {differences.map((one) => (
            <OneDifference key={keyOf(one)} one={one} scale={scaleOf(differences, one.metric)} />
          ))}
        </ul>
      }
    >
      <p className="quiet">
        Lines are intervals of 95 %, on one scale for each metric, with zero in the middle: where
        the line crosses it, it may be either way.
      </p>
    </ChartFrame>
  );
}

const keyOf = ({ arm, metric }: Difference) => `${arm} ${metric}`;
const TONE = { better: "good", worse: "bad", differs: "accent", open: "plain" } as const;
const WORD = { better: "better", worse: "worse", differs: "differs", open: "may be either way" };

function OneDifference({ one, scale }: { one: Difference; scale: number }) {
  const { arm, baseline, metric, delta, low, high, count } = one;
  const unit = UNIT_OF[metric];
  const said = saying(one);
  return (
    <li>
      <span>
        {METRIC_NAME[metric]}, {arm} against {baseline}{" "}
        <Tag tone={delta === null ? "plain" : TONE[said]}>
          {delta === null ? "not known" : WORD[said]}
        </Tag>
      </span>
      {delta === null ? (
        <Unknown />
      ) : (
        <IntervalBar
          value={delta}
          {...(low === null || high === null ? {} : { low, high })}
          from={-scale}
          to={scale}
          label={`${METRIC_NAME[metric]} of ${arm} less that of ${baseline}: ${difference(delta, unit)}`}
        />
      )}
      <span>
        <strong>
          <Shift value={delta} unit={unit} />
        </strong>{" "}
        <span className="quiet">
          (95 %: <Shift value={low} unit={unit} /> to <Shift value={high} unit={unit} />;{" "}
          {counted(count, metric === "QUALITY" ? "score" : "request")})
        </span>
      </span>
    </li>
  );
}

const COLUMNS: readonly Column<Difference>[] = [
  { key: "arm", title: "Arm", value: ({ arm }) => arm },
  { key: "baseline", title: "Against", value: ({ baseline }) => baseline },
  { key: "metric", title: "Metric", value: ({ metric }) => METRIC_NAME[metric] },
  ...(["delta", "low", "high"] as const).map((key) => ({
    key,
    title: { delta: "Difference", low: "Lower 95 %", high: "Upper 95 %" }[key],
    figures: true,
    value: (one: Difference) => one[key],
    cell: (one: Difference) => <Shift value={one[key]} unit={UNIT_OF[one.metric]} />,
  })),
  { key: "count", title: "Behind it", figures: true, value: ({ count }) => count },
];
