// One forecast as a fan: what is expected with its limits, what was measured, and what can be carried.
import { useMemo } from "react";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { Between, Figure, Instant } from "@/parts/Known";
import { type Limit, type Shade, TimeChart } from "@/parts/TimeChart";
import { counted, digits, figure, type Unit } from "@/words/figures";
import {
  ahead,
  busiest,
  DEMANDS,
  type Forecasted,
  forecastRows,
  HORIZONS,
  linesOf,
  measuredRows,
  nameOf,
  perStep,
  type Row,
  stepWord,
} from "./load";
import { type LoadAsked, useMeasured } from "./useLoad";
import { type Carried, useCarried } from "./useRisk";

type Props = { asked: LoadAsked; series: Forecasted; all: readonly Forecasted[] };

export function Fan({ asked, series, all }: Props) {
  const { demand, stepMs, horizon } = asked;
  const { unit } = DEMANDS[demand];
  const { measured, period } = useMeasured(asked, series);
  const carried = useCarried(asked, series);
  const coming = useMemo(() => ahead(series, stepMs), [series, stepMs]);
  const shown = useMemo(() => {
    const forecast = forecastRows(series);
    const before = period ? measuredRows(measured, period, stepMs) : [];
    return { rows: [...before, ...forecast], lines: linesOf(forecast, before, stepMs) };
  }, [series, measured, period, stepMs]);
  const capacity = carried?.capacity ?? null;
  const limits = useMemo((): Limit[] => {
    if (capacity === null) return [];
    const value = perStep(capacity, HORIZONS[horizon].stepMinutes);
    return [{ value, label: `it can carry ${figure(value, "count")} per ${stepWord(stepMs)}` }];
  }, [capacity, horizon, stepMs]);
  const shades = useMemo(
    (): Shade[] =>
      coming
        ? [{ from: coming.from, to: coming.from, label: "dotted: here the forecast begins" }]
        : [],
    [coming],
  );
  const whole = { from: period?.from ?? coming?.from ?? "", to: coming?.to ?? "" };
  const title = `${TITLE[demand]} per ${stepWord(stepMs)}, ${nameOf(series)}`;
  return (
    <ChartFrame
      title={title}
      name={`forecast of ${demand} of ${nameOf(series)}`}
      columns={columns(unit)}
      rows={shown.rows}
      rowKey={({ at, value }) => `${at} ${value === null ? "measured" : "expected"}`}
      chart={
        <TimeChart
          label={`Forecast: ${title}`}
          lines={shown.lines}
          format={(value) => figure(value, unit)}
          period={whole}
          limits={limits}
          shades={shades}
          height={300}
          fromZero
        />
      }
    >
      {all.length > 1 ? <SeriesPicker asked={asked} series={series} all={all} /> : null}
      <Told series={series} asked={asked} />
      <Carry carried={carried} />
    </ChartFrame>
  );
}

const TITLE = { requests: "Requests", tokens: "Tokens", cost: "Cost" } as const;

function SeriesPicker({ asked, series, all }: Props) {
  return (
    <label className="picker">
      <span>Drawn</span>
      <select
        value={nameOf(series)}
        onChange={({ target }) => asked.set.drawn(target.value)}
        aria-label="Which series is drawn"
      >
        {all.map((one) => (
          <option key={nameOf(one)}>{nameOf(one)}</option>
        ))}
      </select>
    </label>
  );
}

/** The whole horizon in words, and what the forecast rests on. */
function Told({ series, asked }: { series: Forecasted; asked: LoadAsked }) {
  const { total, method, requests, knownSteps, newestAt, warnings } = series;
  const { unit, metric } = DEMANDS[asked.demand];
  const most = busiest(series);
  const coming = ahead(series, asked.stepMs);
  return (
    <>
      <p>
        From <Instant at={coming?.from} /> to <Instant at={coming?.to} />:{" "}
        <strong>
          <Figure value={total.expected} unit={unit} />
          {asked.demand === "cost" ? "" : ` ${asked.demand}`}
        </strong>{" "}
        {asked.demand === "cost" ? "is" : "are"} expected (80 %:{" "}
        <Between low={total.low80} high={total.high80} unit={unit} />; 95 %:{" "}
        <Between low={total.low95} high={total.high95} unit={unit} />
        ).
        {most && series.points.length > 1 ? (
          <>
            {" "}
            Most from <Instant at={most.at} />: <Figure value={most.expected} unit={unit} />.
          </>
        ) : null}
      </p>
      <p className="quiet">
        Made by: {method}, from {counted(requests, "request")} in{" "}
        {counted(knownSteps, "known step")}, the newest from <Instant at={newestAt} age />. The fan
        holds 80 % and 95 %.
        {metric === null
          ? " Tokens are not measured hour by hour, so only the forecast is drawn."
          : ""}
      </p>
      {warnings.map((warning) => (
        <p key={warning} className="stale-note">
          {warning}
        </p>
      ))}
    </>
  );
}

/** What one deployment can carry, beside the fan of what it gets. */
function Carry({ carried }: { carried: Carried | null }) {
  if (!carried) return null;
  const { deployment, capacity, lost, limitedBy, moved, without } = carried;
  return (
    <p className="quiet">
      {lost
        ? `${deployment} serves nothing now (${limitedBy ?? "lost"}), so there is no limit line.`
        : capacity === null
          ? `What ${deployment} can carry is not known, so there is no limit line: that is not the same as safe.`
          : `The limit line is what ${deployment} can carry for all tenants: ${digits(capacity)} requests per second, by ${limitedBy ?? "what is known of it"}.`}
      {moved > 0
        ? ` Without ${without.join(", ")} it gets up to ${digits(moved)} requests per second more, which the fan does not show.`
        : ""}
    </p>
  );
}

function columns(unit: Unit): Column<Row>[] {
  const figures = (
    key: "measured" | "value" | "low" | "high" | "low2" | "high2",
    title: string,
  ): Column<Row> => ({
    key,
    title,
    figures: true,
    value: (row) => row[key],
    cell: (row) => <Figure value={row[key]} unit={unit} />,
  });
  return [
    { key: "at", title: "From", value: ({ at }) => at, cell: ({ at }) => <Instant at={at} /> },
    figures("measured", "Measured"),
    figures("value", "Expected"),
    figures("low", "Lower 80 %"),
    figures("high", "Upper 80 %"),
    figures("low2", "Lower 95 %"),
    figures("high2", "Upper 95 %"),
  ];
}
