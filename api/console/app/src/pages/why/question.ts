// What is asked: a metric of a period against another, as the address holds it and as the API takes it. Pure.
import type { Metric, SliceInput, WhyQuery, WhyQueryVariables } from "@/api/generated";
import { DAY_MS, HOUR_MS, iso, ms } from "@/time/instants";
import { type Period, periodIn } from "@/time/period";
import { METRIC_NAME } from "@/words/figures";
import { sliceIn, sliceOf } from "@/words/slices";

/** An investigation, as both questions give it. */
export type Found = WhyQuery["whyChanged"];
export type Cause = Found["causes"][number];

export type Question = {
  metric: Metric;
  during: Period;
  /** Null lets the service choose what is most alike. */
  comparedTo: Period | null;
  where: SliceInput;
  knownAt: string | null;
};

/** The question that an address holds; null where it lacks a metric or a period. */
export function questionIn(search: URLSearchParams): Question | null {
  const metric = metricIn(search);
  const during = periodIn(search);
  if (!metric || !during) return null;
  return { metric, during, ...conditionsIn(search) };
}

export function metricIn(search: URLSearchParams): Metric | null {
  const told = search.get("metric");
  return told !== null && Object.hasOwn(METRIC_NAME, told) ? (told as Metric) : null;
}

/** What an address holds besides the metric and the period. */
export function conditionsIn(
  search: URLSearchParams,
): Pick<Question, "comparedTo" | "where" | "knownAt"> {
  const knownAt = Date.parse(search.get("knownAt") ?? "");
  return {
    comparedTo: beforeIn(search),
    where: sliceIn(search.get("where")),
    knownAt: Number.isNaN(knownAt) ? null : iso(knownAt),
  };
}

function beforeIn(search: URLSearchParams): Period | null {
  const [from, to] = [search.get("beforeFrom") ?? "", search.get("beforeTo") ?? ""];
  return periodIn(new URLSearchParams({ from, to }));
}

/** What the service is asked. */
export function variablesOf(asked: Question): WhyQueryVariables {
  const { metric, during, comparedTo, where, knownAt } = asked;
  const narrow = Object.keys(where).length > 0;
  return { metric, during, comparedTo, where: narrow ? where : null, knownAt };
}

/** The question that an investigation answered. */
export function questionOf(found: Found): Question {
  const { metric, during, comparedTo, knownAt } = found;
  return {
    metric,
    during: minutes(during),
    // What the service chose by itself it chooses again.
    comparedTo: found.baseline.startsWith(GIVEN) ? minutes(comparedTo) : null,
    where: sliceOf(found.where) ?? {},
    knownAt,
  };
}

/** How the service's words begin where the asker chose what to compare with. */
const GIVEN = "the period that was asked for";

function minutes({ from, to }: Period): Period {
  return { from: iso(from), to: iso(to) };
}

export type Comparison = "alike" | "before" | "week" | "fixed";

/** Periods to compare with that follow from the one that is asked about. */
export function comparedBy(choice: "before" | "week", { from, to }: Period): Period {
  const length = ms(to) - ms(from);
  const weeks = Math.ceil(length / (7 * DAY_MS)) * 7 * DAY_MS;
  const back = choice === "before" ? length : weeks;
  return { from: iso(ms(from) - back), to: iso(ms(to) - back) };
}

/** Which of the choices a period to compare with is. */
export function comparisonOf(during: Period, comparedTo: Period | null): Comparison {
  if (comparedTo === null) return "alike";
  const same = (other: Period) => other.from === comparedTo.from && other.to === comparedTo.to;
  if (same(comparedBy("before", during))) return "before";
  return same(comparedBy("week", during)) ? "week" : "fixed";
}

/** The same question of another period: what it is compared with goes along where it can. */
export function moved(asked: Question, during: Period): Question {
  const choice = comparisonOf(asked.during, asked.comparedTo);
  if (choice === "alike") return { ...asked, during };
  if (choice !== "fixed") return { ...asked, during, comparedTo: comparedBy(choice, during) };
  const { comparedTo } = asked;
  const overlaps = comparedTo && ms(comparedTo.to) > ms(during.from);
  return { ...asked, during, comparedTo: overlaps ? null : comparedTo };
}

/** From the hour that something began in until now, an hour at least; both are whole minutes. */
export function since(at: string, now: number): Period {
  const from = Math.floor(ms(at) / HOUR_MS) * HOUR_MS;
  return { from: iso(Math.min(from, now - HOUR_MS)), to: iso(now) };
}
