// What a deployment served over a period: five metrics as charts, and all of them as one table.
import { useMemo } from "react";
import { useLocation } from "wouter";
import { type Answered, useAnswer } from "@/api/answered";
import { type HappeningsQuery, Trend, type TrendQuery } from "@/api/generated";
import { arriving } from "@/pages/trends/arriving";
import { Asked, Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { DataTable } from "@/parts/DataTable";
import { markersOf } from "@/parts/happenings";
import { Figure, Instant, MetricFigure } from "@/parts/Known";
import { type Marker, TimeChart } from "@/parts/TimeChart";
import { granularityOf, type Period } from "@/time/period";
import { whyAddress } from "@/words/addresses";
import { figure, METRIC_NAME, percent, spaced, UNIT_OF } from "@/words/figures";
import { DRAWN, type Drawn, type Point, type Step, stepsOf } from "./served";

type Props = {
  deployment: string;
  period: Period;
  happened: HappeningsQuery | undefined;
  touches: (kind: string, id: string) => boolean;
};

function useMetricHere(metric: Drawn, deployment: string, during: Period): Answered<TrendQuery> {
  const granularity = granularityOf(during);
  return useAnswer(
    Trend,
    { metric, during, granularity, where: { deployment: [deployment] } },
    { keep: true },
  );
}

export function Charts({ deployment, period, happened, touches }: Props) {
  const answers: Record<Drawn, Answered<TrendQuery>> = {
    ERROR_RATE: useMetricHere("ERROR_RATE", deployment, period),
    LATENCY_P95: useMetricHere("LATENCY_P95", deployment, period),
    QUALITY: useMetricHere("QUALITY", deployment, period),
    VOLUME: useMetricHere("VOLUME", deployment, period),
    COST: useMetricHere("COST", deployment, period),
  };
  const markers = useMemo(() => markersOf(happened, touches), [happened, touches]);
  return (
    <>
      <div className="fleet-charts">
        {DRAWN.map((metric) => (
          <div key={metric}>
            <Asked answered={answers[metric]} what={METRIC_NAME[metric].toLowerCase()} lines={8}>
              {({ trend }) => (
                <MetricChart
                  metric={metric}
                  deployment={deployment}
                  period={period}
                  points={trend[0]?.points ?? NONE}
                  markers={markers}
                />
              )}
            </Asked>
          </div>
        ))}
      </div>
      <Steps answers={answers} period={period} />
    </>
  );
}

const NONE: readonly never[] = [];

type ChartProps = {
  metric: Drawn;
  deployment: string;
  period: Period;
  points: readonly Point[];
  markers: readonly Marker[];
};

function MetricChart({ metric, deployment, period, points, markers }: ChartProps) {
  const [, go] = useLocation();
  const unit = UNIT_OF[metric];
  const lines = useMemo(() => [{ name: METRIC_NAME[metric], points }], [metric, points]);
  const coming = metric === "QUALITY" ? arriving([{ points }]) : null;
  const shades = coming
    ? [{ from: coming.from, to: period.to, label: `${percent(coming.share)} of scores are in` }]
    : NONE;
  const columns = useMemo((): Column<Point>[] => {
    const limit = (end: "low" | "high"): Column<Point> => ({
      key: end,
      title: end === "low" ? "From" : "To",
      value: (point) => point[end],
      cell: (point) => <Figure value={point[end]} unit={unit} />,
      figures: true,
    });
    return [
      { key: "at", title: "At", value: ({ at }) => at, cell: ({ at }) => <Instant at={at} /> },
      {
        key: "value",
        title: METRIC_NAME[metric],
        value: ({ value }) => value,
        cell: ({ value }) => <MetricFigure metric={metric} value={value} />,
        figures: true,
      },
      limit("low"),
      limit("high"),
      {
        key: "count",
        title: metric === "QUALITY" ? "Scores" : "Requests",
        value: ({ count }) => count,
        figures: true,
      },
    ];
  }, [metric, unit]);
  return (
    <ChartFrame
      title={METRIC_NAME[metric]}
      name={`${deployment} ${METRIC_NAME[metric].toLowerCase()}`}
      columns={columns}
      rows={points}
      rowKey={({ at }) => at}
      chart={
        <TimeChart
          label={`${METRIC_NAME[metric]} of ${deployment}; drag a window to ask why`}
          lines={lines}
          format={(value) => figure(value, unit)}
          period={period}
          markers={markers}
          shades={shades}
          listed={false}
          height={190}
          fromZero={metric !== "QUALITY" && metric !== "LATENCY_P95"}
          onSelect={(during) =>
            go(whyAddress({ metric, during, where: { deployment: [deployment] } }))
          }
        />
      }
    />
  );
}

const STEP_COLUMNS: readonly Column<Step>[] = [
  { key: "at", title: "From", value: ({ at }) => at, cell: ({ at }) => <Instant at={at} /> },
  {
    key: "requests",
    title: "Requests",
    value: ({ requests }) => requests,
    cell: ({ requests }) => <Figure value={requests} unit="count" />,
    figures: true,
  },
  {
    key: "errorRate",
    title: "Error rate",
    value: ({ errorRate }) => errorRate,
    cell: ({ errorRate }) => <Figure value={errorRate} unit="share" />,
    figures: true,
  },
  {
    key: "latencyP95Ms",
    title: "p95 latency",
    value: ({ latencyP95Ms }) => latencyP95Ms,
    cell: ({ latencyP95Ms }) => <Figure value={latencyP95Ms} unit="ms" />,
    figures: true,
  },
  {
    key: "quality",
    title: "Quality",
    value: ({ quality }) => quality,
    cell: ({ quality }) => <Figure value={quality} unit="score" why="no score is in" />,
    figures: true,
  },
  {
    key: "scores",
    title: "Scores",
    value: ({ scores }) => scores,
    cell: ({ scores }) => <Figure value={scores} unit="count" />,
    figures: true,
  },
  {
    key: "costUsd",
    title: "Cost",
    value: ({ costUsd }) => costUsd,
    cell: ({ costUsd }) => <Figure value={costUsd} unit="usd" />,
    figures: true,
  },
];

/** Each step with all its figures, as the traffic is counted. */
function Steps({
  answers,
  period,
}: {
  answers: Record<Drawn, Answered<TrendQuery>>;
  period: Period;
}) {
  const [errors, latency, quality, volume, cost] = DRAWN.map(
    (metric) => answers[metric].data?.trend[0]?.points ?? NONE,
  );
  const steps = useMemo(
    () =>
      stepsOf({
        ERROR_RATE: errors ?? NONE,
        LATENCY_P95: latency ?? NONE,
        QUALITY: quality ?? NONE,
        VOLUME: volume ?? NONE,
        COST: cost ?? NONE,
      }),
    [errors, latency, quality, volume, cost],
  );
  if (answers.VOLUME.loading) return null;
  const title = `By ${spaced(granularityOf(period))}`;
  return (
    <section className="card fleet-table" aria-labelledby="fleet-steps">
      <h2 id="fleet-steps">{title}</h2>
      {steps.length === 0 ? (
        <Empty title="It served no request in this period.">Choose a longer or another one.</Empty>
      ) : (
        <DataTable
          caption={`Its figures ${title.toLowerCase()}`}
          columns={STEP_COLUMNS}
          rows={steps}
          rowKey={({ at }) => at}
          first={12}
        />
      )}
    </section>
  );
}
