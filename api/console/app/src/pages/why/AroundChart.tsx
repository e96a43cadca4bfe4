// The metric over the period, over what it is compared with, with the onset shaded and the causes marked.
import { useState } from "react";
import { Link } from "wouter";
import { useAnswer } from "@/api/answered";
import { type SliceInput, Trend } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { Figure, Instant, MetricFigure } from "@/parts/Known";
import { Pick } from "@/parts/Pick";
import { type Line, type Marker, type Shade, TimeChart } from "@/parts/TimeChart";
import { span } from "@/time/instants";
import type { Period } from "@/time/period";
import { trendsAddress } from "@/words/addresses";
import { figure, METRIC_NAME, UNIT_OF } from "@/words/figures";
import { narrowed, sliceOf, sliceWords } from "@/words/slices";
import { around, both, divided, type Points, type Row, rowsOf, shifted } from "./around";
import type { Found, Question } from "./question";

type Props = { found: Found; asked: Question };

export function AroundChart({ found, asked }: Props) {
  const [only, setOnly] = useState<"all" | "slice">("all");
  const first = found.slices[0];
  const inside = first ? sliceOf(first.where) : null;
  const where = only === "slice" && inside ? narrowed(asked.where, inside) : asked.where;
  return (
    <div className="why-around">
      {first && inside ? (
        <Pick
          label="Which requests the chart shows"
          value={only}
          options={[
            ["all", "All that was asked about"],
            ["slice", `Only ${sliceWords(first.where)}`],
          ]}
          choose={setOnly}
        />
      ) : null}
      <Charted found={found} asked={asked} where={where} />
    </div>
  );
}

function Charted({ found, asked, where }: Props & { where: SliceInput }) {
  const { metric, knownAt } = asked;
  const plan = around(found.during, found.comparedTo);
  const { granularity } = plan;
  const narrow = Object.keys(where).length ? where : null;
  const given = { metric, granularity, groupBy: null, where: narrow, knownAt };
  const now = useAnswer(Trend, { ...given, during: plan.during }, { keep: true });
  const then = useAnswer(Trend, { ...given, during: plan.before }, { keep: true });
  return (
    <Asked answered={now} what={METRIC_NAME[metric]} lines={8}>
      {({ trend }) => {
        const points = trend[0]?.points ?? [];
        const earlier = shifted(then.data?.trend[0]?.points ?? [], plan.shiftMs);
        if (!points.length && !earlier.length) return <Nothing where={where} asked={asked} />;
        const period = plan.aligned ? plan.during : both(plan.during, plan.before);
        return <Chart {...{ found, asked, points, earlier, period, shiftMs: plan.shiftMs }} />;
      }}
    </Asked>
  );
}

function Nothing({ where, asked }: { where: SliceInput; asked: Question }) {
  return (
    <Empty title="Nothing was measured in these periods.">
      See the slice over a longer time in{" "}
      <Link href={trendsAddress({ metric: asked.metric, where })}>Trends</Link>.
    </Empty>
  );
}

type ChartProps = Props & { points: Points; earlier: Points; period: Period; shiftMs: number };

function Chart({ found, asked, points, earlier, period, shiftMs }: ChartProps) {
  const { metric } = asked;
  const name = METRIC_NAME[metric];
  const lines = linesOf(points, earlier, found.during.from, shiftMs);
  return (
    <ChartFrame
      title={`${name} in the period and before`}
      name={`${name} in the period and before`}
      columns={columnsOf(asked)}
      rows={rowsOf(points, earlier)}
      rowKey={({ at }) => at}
      chart={
        <TimeChart
          label={`${name} in the period and before, by the hour or day`}
          lines={lines}
          format={(value) => figure(value, UNIT_OF[metric])}
          period={period}
          shades={shadesOf(found)}
          markers={markersOf(found)}
          height={230}
        />
      }
    />
  );
}

/** The period, the hours before it where some are shown, and what it is compared with. */
function linesOf(points: Points, earlier: Points, from: string, shiftMs: number): Line[] {
  const { inside, lead } = divided(points, from);
  const before = shiftMs === 0 ? "what it is compared with" : `${span(shiftMs)} earlier`;
  return [
    { name: "the period", points: inside, color: "--line-1" },
    { name: before, points: earlier, dashed: true, color: "--line-2" },
    ...(lead.length ? [{ name: "just before the period", points: lead, color: "--line-8" }] : []),
  ];
}

function columnsOf({ metric }: Question): Column<Row>[] {
  return [
    { key: "at", title: "From", value: ({ at }) => at, cell: ({ at }) => <Instant at={at} /> },
    {
      key: "after",
      title: "Then",
      figures: true,
      value: ({ after }) => after?.value,
      cell: ({ after }) => <MetricFigure metric={metric} value={after?.value} />,
    },
    {
      key: "count",
      title: "Rests on",
      figures: true,
      value: ({ after }) => after?.count,
      cell: ({ after }) => <Figure value={after?.count} unit="count" />,
    },
    {
      key: "before",
      title: "Before",
      figures: true,
      value: ({ before }) => before?.value,
      cell: ({ before }) => <MetricFigure metric={metric} value={before?.value} />,
    },
  ];
}

function shadesOf({ onsetLow, onsetHigh }: Found): Shade[] {
  if (!onsetLow || !onsetHigh) return [];
  return [{ from: onsetLow, to: onsetHigh, label: "when it began" }];
}

function markersOf({ causes }: Found): Marker[] {
  return causes.map(({ at, kind, title }) => ({
    at,
    label: title,
    tone: kind === "incident" ? "incident" : "change",
  }));
}
