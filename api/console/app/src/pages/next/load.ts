// The load to come beside what was measured, step by step on one axis. Pure.
import type { Demand, Dimension, ForecastQuery, Metric, TrendQuery } from "@/api/generated";
import type { Line, LinePoint } from "@/parts/TimeChart";
import { HOUR_MS, iso, MINUTE_MS, ms, span } from "@/time/instants";
import type { Period } from "@/time/period";
import type { Unit } from "@/words/figures";

export type Forecasted = ForecastQuery["forecast"][number];
export type Measured = TrendQuery["trend"][number];

export type Horizon = "1h" | "6h" | "24h";
/** Steps of an hour where they are enough of them, so that they compare with the hours measured. */
export const HORIZONS: Record<Horizon, { minutes: number; stepMinutes: number; backH: number }> = {
  "1h": { minutes: 60, stepMinutes: 10, backH: 6 },
  "6h": { minutes: 360, stepMinutes: 60, backH: 24 },
  "24h": { minutes: 1440, stepMinutes: 60, backH: 48 },
};

export type DemandName = "requests" | "tokens" | "cost";
/** What is forecast, and the metric that measures the same; none measures tokens. */
export const DEMANDS: Record<DemandName, { of: Demand; unit: Unit; metric: Metric | null }> = {
  requests: { of: "REQUESTS", unit: "count", metric: "VOLUME" },
  tokens: { of: "TOKENS", unit: "count", metric: null },
  cost: { of: "COST", unit: "usd", metric: "COST" },
};

/** Dimensions that load is told by. */
export const GROUPS: readonly Dimension[] = [
  "DEPLOYMENT",
  "MODEL",
  "BACKEND",
  "TASK_TYPE",
  "TIER",
  "TENANT",
  "PROMPT_BAND",
];

export function nameOf({ key }: Pick<Forecasted, "key">): string {
  return key.map(({ id }) => id).join(", ") || "all requests";
}

/** The series with the most to come first. */
export function byLoad(series: readonly Forecasted[]): Forecasted[] {
  return [...series].sort((a, b) => b.total.expected - a.total.expected);
}

/** From the first step to the end of the last. */
export function ahead(series: Forecasted, stepMs: number): Period | null {
  const [first, last] = [series.points[0], series.points.at(-1)];
  return first && last ? { from: first.at, to: iso(ms(last.at) + stepMs) } : null;
}

/** Whole hours from some before the forecast to its end, or to now where that is sooner. */
export function measuredPeriod({ from, to }: Period, backH: number, now: number): Period | null {
  const hour = (at: number) => Math.floor(at / HOUR_MS) * HOUR_MS;
  const start = hour(ms(from)) - backH * HOUR_MS;
  const end = hour(Math.min(ms(to), now));
  return end > start ? { from: iso(start), to: iso(end) } : null;
}

/** A step, with what was measured in the hour that begins there, or what is expected. */
export type Row = LinePoint & { measured: number | null };

/** Hours as steps of this length; hours that are not over are left out. */
export function measuredRows(series: Measured | undefined, { to }: Period, stepMs: number): Row[] {
  const part = stepMs / HOUR_MS;
  return (series?.points ?? [])
    .filter(({ at }) => ms(at) + HOUR_MS <= ms(to))
    .map(({ at, value }) => ({
      at,
      measured: value === null ? null : value * part,
      value: null,
    }));
}

export function forecastRows({ points }: Forecasted): Row[] {
  return points.map(({ at, expected, low80, high80, low95, high95 }) => ({
    at,
    measured: null,
    value: expected,
    low: low80,
    high: high80,
    low2: low95,
    high2: high95,
  }));
}

/** Steps with the end of the last one, up to which it has to be drawn. */
function closed(points: readonly LinePoint[], lengthMs: number): LinePoint[] {
  const last = points.at(-1);
  return last ? [...points, { ...last, at: iso(ms(last.at) + lengthMs) }] : [];
}

export function linesOf(
  forecast: readonly Row[],
  measured: readonly Row[],
  stepMs: number,
): Line[] {
  const hours = measured.map(({ at, measured: value }) => ({ at, value }));
  const name = stepMs < HOUR_MS ? `measured, per ${span(stepMs)} of each hour` : "measured";
  return [
    { name: "expected", points: closed(forecast, stepMs), stepped: true, color: "--line-1" },
    ...(hours.length
      ? [{ name, points: closed(hours, HOUR_MS), stepped: true, color: "--line-8" }]
      : []),
  ];
}

/** The step with the most to come. */
export function busiest({ points }: Forecasted): Forecasted["points"][number] | undefined {
  return [...points].sort((a, b) => b.expected - a.expected)[0];
}

/** The length of a step, as in `per hour`. */
export function stepWord(stepMs: number): string {
  return stepMs === HOUR_MS ? "hour" : span(stepMs);
}

/** Requests per second, in one step. */
export function perStep(perSecond: number, stepMinutes: number): number {
  return (perSecond * stepMinutes * MINUTE_MS) / 1000;
}
