// What the page of trends was asked for, as its address holds it.
import type { Dimension, Granularity, Metric, SliceInput } from "@/api/generated";
import { type Change, useGroupBy, useMetric, useParameters, useSlice } from "@/shell/address";
import { DAY_MS, iso, ms } from "@/time/instants";
import { granularityOf, type Period, type PeriodChoice, usePeriod } from "@/time/period";
import type { Ranking } from "./groups";

type Against = "before" | "week";
export type Step = "auto" | Granularity;
export const STEPS: readonly Step[] = ["auto", "HOUR", "DAY", "WEEK"];
export const RANKINGS: readonly Ranking[] = ["changed", "largest", "worst"];
export const AGAINST: readonly Against[] = ["before", "week"];

/** What the period is compared with, in words. */
export function againstWords(against: Against, period: Period): string {
  if (against === "before") return "the same span before";
  const weeks = distanceOf(period, against) / (7 * DAY_MS);
  return weeks === 1 ? "a week before" : `${weeks} weeks before`;
}

export type Asked = {
  metric: Metric;
  groupBy: readonly Dimension[];
  where: SliceInput;
  choice: PeriodChoice;
  period: Period;
  step: Step;
  granularity: Granularity;
  knownAt: string | null;
  against: Against;
  /** Whether the earlier lines are drawn too. */
  earlier: boolean;
  /** Null leaves it to how many lines there are. */
  intervals: boolean | null;
  ranking: Ranking;
  /** The groups to draw by their keys; none leaves it to the ranking. */
  picked: readonly string[];
  /** Whether what happened elsewhere is marked too. */
  allMarks: boolean;
  /** The window that was dragged. */
  window: Period | null;
  change: (change: Change) => void;
};

export function useAsked(): Asked {
  const [search, change] = useParameters();
  const [metric] = useMetric("QUALITY");
  const [where] = useSlice();
  const [told] = useGroupBy();
  const groupBy = dimensionsFor(metric, told).slice(0, 2);
  const choice = usePeriod("7d");
  const step = oneOf(search.get("step"), STEPS);
  const knownAt = instantOf(search.get("knownAt"));
  const intervals = search.get("intervals");
  return {
    metric,
    where,
    groupBy,
    choice,
    period: choice.period,
    step,
    granularity: step === "auto" ? readable(choice.period, groupBy.length > 0) : step,
    knownAt,
    against: oneOf(search.get("against"), AGAINST),
    earlier: search.get("earlier") === "yes",
    intervals: intervals === "yes" ? true : intervals === "no" ? false : null,
    ranking: oneOf(search.get("rank"), RANKINGS),
    picked: (search.get("lines") ?? "").split(",").filter(Boolean),
    allMarks: search.get("marks") === "all",
    window: windowIn(search),
    change,
  };
}

/** Only scores have an evaluator. */
const OF_SCORES: ReadonlySet<Dimension> = new Set(["EVALUATOR", "EVALUATOR_VERSION"]);

/** Those of the dimensions that tell a metric apart. */
export function dimensionsFor(metric: Metric, dimensions: readonly Dimension[]): Dimension[] {
  return dimensions.filter((one) => metric === "QUALITY" || !OF_SCORES.has(one));
}

/** Hours of many days in several lines would be a scribble. */
function readable(period: Period, grouped: boolean): Granularity {
  const long = ms(period.to) - ms(period.from) > 7 * DAY_MS;
  const usual = granularityOf(period);
  return grouped && long && usual === "HOUR" ? "DAY" : usual;
}

/** The value, or the first one where it is none of them. */
function oneOf<Value extends string>(told: string | null, values: readonly Value[]): Value {
  return values.find((one) => one === told) ?? (values[0] as Value);
}

function instantOf(text: string | null): string | null {
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? null : iso(at);
}

function windowIn(search: URLSearchParams): Period | null {
  const [from, to] = [instantOf(search.get("windowFrom")), instantOf(search.get("windowTo"))];
  return from && to && ms(to) > ms(from) ? { from, to } : null;
}

/** How far back the period lies that this one is compared with, in ms. */
export function distanceOf({ from, to }: Period, against: Against): number {
  const length = ms(to) - ms(from);
  // A week before would overlap a period that is longer than a week.
  return against === "week" ? Math.ceil(length / (7 * DAY_MS)) * 7 * DAY_MS : length;
}

export function shifted({ from, to }: Period, byMs: number): Period {
  return { from: iso(ms(from) + byMs), to: iso(ms(to) + byMs) };
}
