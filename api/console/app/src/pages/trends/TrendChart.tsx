// The lines of the chosen groups, with intervals, marks, the region of late scores, and a window.
import { useMemo } from "react";
import { Asked as Answer } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { Instant, MetricFigure, Share } from "@/parts/Known";
import { type Marker, type Shade, TimeChart } from "@/parts/TimeChart";
import { ms, span } from "@/time/instants";
import { counted, figure, METRIC_NAME, percent, UNIT_OF } from "@/words/figures";
import { DIMENSION_NAME } from "@/words/slices";
import { type Arriving, arriving } from "./arriving";
import { type Asked, againstWords, RANKINGS } from "./asked";
import { cutShades, SUMS } from "./cut";
import { nameOf, type Ranking } from "./groups";
import { type PointRow, rowsOf } from "./lines";
import { EARLIER_AT_MOST, type Trends } from "./useTrends";

type Props = { asked: Asked; trends: Trends; markers: readonly Marker[] };

const HEIGHT = 320;

export function TrendChart({ asked, trends, markers }: Props) {
  const { metric, groupBy, period, change } = asked;
  const { series, lines } = trends;
  const unit = UNIT_OF[metric];
  const shades = useShades(asked, trends);
  const by = groupBy.map((one) => DIMENSION_NAME[one].toLowerCase()).join(" and ");
  const title = by ? `${METRIC_NAME[metric]} by ${by}` : METRIC_NAME[metric];
  // Where groups are compared first, nothing is asked of the chart until they are.
  const answered = trends.compared.problem && !trends.trend.data ? trends.compared : trends.trend;
  return (
    <Answer answered={answered as Trends["trend"]} what="the trend" lines={9}>
      {() => (
        <ChartFrame
          title={title}
          name={title.toLowerCase()}
          columns={columns(asked)}
          rows={() => rowsOf(series, nameOf)}
          rowKey={(row) => `${row.group} ${row.at}`}
          chart={
            <TimeChart
              label={`${title}, ${counted(lines.length, "line")} over time`}
              lines={lines}
              format={(value) => figure(value, unit)}
              period={period}
              markers={markers}
              listed={false}
              shades={shades}
              height={HEIGHT}
              fromZero={unit !== "score" && unit !== "ms"}
              selected={asked.window}
              onSelect={({ from, to }) => change({ windowFrom: from, windowTo: to })}
            />
          }
        >
          <Drawing asked={asked} trends={trends} />
        </ChartFrame>
      )}
    </Answer>
  );
}

/** What is not to be read as it stands: scores that still arrive, and sums of part of a step. */
function useShades({ metric, period, granularity }: Asked, { series }: Trends): readonly Shade[] {
  const { from, to } = period;
  return useMemo(() => {
    if (metric === "QUALITY") {
      const late = arriving(series);
      return late ? shadesOf(late, to) : [];
    }
    const instants = series[0]?.points.map(({ at }) => at) ?? [];
    return SUMS.has(metric) ? cutShades(instants, { from, to }, granularity) : [];
  }, [metric, series, from, to, granularity]);
}

function shadesOf({ from, share }: Arriving, to: string): Shade[] {
  const length = span(ms(to) - ms(from));
  const label = `scores still arriving: ${percent(share)} of those expected for the last ${length}`;
  return [{ from, to, label }];
}

function columns({ metric, groupBy }: Asked): Column<PointRow>[] {
  const figures = (key: "value" | "low" | "high", title: string): Column<PointRow> => ({
    key,
    title,
    figures: true,
    value: (row) => row[key],
    cell: (row) => <MetricFigure metric={metric} value={row[key]} />,
  });
  return [
    ...(groupBy.length
      ? [{ key: "group", title: "Group", value: (row: PointRow) => row.group }]
      : []),
    { key: "at", title: "From", value: ({ at }) => at, cell: ({ at }) => <Instant at={at} /> },
    figures("value", METRIC_NAME[metric]),
    figures("low", "Lower 95 %"),
    figures("high", "Upper 95 %"),
    {
      key: "count",
      title: metric === "QUALITY" ? "Scores" : "Requests",
      figures: true,
      value: ({ count }) => count,
    },
    ...(metric === "QUALITY"
      ? [
          {
            key: "complete",
            title: "Scores in",
            figures: true,
            value: ({ complete }: PointRow) => complete,
            cell: ({ complete }: PointRow) => <Share value={complete} />,
          },
        ]
      : []),
  ];
}

/** How it is drawn, and what is left out of it. */
function Drawing({ asked, trends }: { asked: Asked; trends: Trends }) {
  const { groupBy, change, earlier, against, picked } = asked;
  const { groups, compared, intervals } = trends;
  const all = compared.data?.compare.length ?? groups.length;
  return (
    <div className="row trends-drawing">
      <label className="trends-check">
        <input
          type="checkbox"
          checked={intervals}
          onChange={() => change({ intervals: intervals ? "no" : "yes" })}
        />
        95 % intervals
      </label>
      <label className="trends-check">
        <input
          type="checkbox"
          checked={earlier}
          disabled={!earlier && groups.length > EARLIER_AT_MOST}
          onChange={() => change({ earlier: earlier ? null : "yes" })}
        />
        {againstWords(against, asked.period)}, dashed
        {groups.length > EARLIER_AT_MOST ? (
          <span className="quiet">(for up to {EARLIER_AT_MOST} lines)</span>
        ) : null}
      </label>
      {groupBy.length && all > groups.length ? (
        <span>
          <strong>
            {groups.length} of {all} groups
          </strong>{" "}
          are drawn; the others are in the table below.
        </span>
      ) : null}
      {groupBy.length ? <RankingPicker asked={asked} /> : null}
      {picked.length ? (
        <button type="button" onClick={() => change({ lines: null })}>
          Choose by rank again
        </button>
      ) : null}
    </div>
  );
}

const RANKING_WORDS: Record<Ranking, string> = {
  changed: "most changed",
  largest: "most requests",
  worst: "worst",
};

function RankingPicker({ asked: { ranking, picked, change } }: { asked: Asked }) {
  return (
    <label className="picker">
      <span>Lines</span>
      <select
        value={picked.length ? "picked" : ranking}
        onChange={({ target }) => change({ rank: target.value, lines: null })}
      >
        {picked.length ? (
          <option value="picked" disabled>
            picked in the table
          </option>
        ) : null}
        {RANKINGS.map((one) => (
          <option key={one} value={one}>
            {RANKING_WORDS[one]}
          </option>
        ))}
      </select>
    </label>
  );
}
