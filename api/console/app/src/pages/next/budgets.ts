// How budgets stand: which are at risk first, and where on its bar each figure is. Pure.
import type { BudgetsQuery } from "@/api/generated";
import { iso, MINUTE_MS, ms } from "@/time/instants";
import type { Period } from "@/time/period";
import { refsWithin, sliceOf } from "@/words/slices";

export type Budget = BudgetsQuery["budgets"][number];

type Standing = "overspent" | "used" | "short" | "may" | "unknown" | "lasts";

export const STANDING: Record<Standing, { word: string; tone: "good" | "warn" | "bad" | "plain" }> =
  {
    overspent: { word: "overspent", tone: "bad" },
    used: { word: "used up", tone: "bad" },
    short: { word: "runs out", tone: "bad" },
    may: { word: "may run out", tone: "warn" },
    unknown: { word: "not known whether it lasts", tone: "plain" },
    lasts: { word: "lasts", tone: "good" },
  };
const ORDER = Object.keys(STANDING) as Standing[];

export function standingOf(budget: Budget, now: number): Standing {
  const { remainingUsd, exhaustedAt, forecastHighUsd, limitUsd, forecastUsd } = budget;
  if (remainingUsd < 0) return "overspent";
  if (remainingUsd === 0 || (exhaustedAt !== null && ms(exhaustedAt) <= now)) return "used";
  if (exhaustedAt !== null) return "short";
  if (forecastUsd === null) return "unknown";
  return forecastHighUsd !== null && forecastHighUsd > limitUsd ? "may" : "lasts";
}

/** What is expected of the limit, or what is spent of it where nothing more is known. */
function used({ forecastUsd, spentUsd, limitUsd }: Budget): number {
  return limitUsd > 0 ? (forecastUsd ?? spentUsd) / limitUsd : Infinity;
}

/** Those at risk first, and among equals those that come closest to their limit. */
export function byRisk(budgets: readonly Budget[], now: number): Budget[] {
  const rank = (budget: Budget) => ORDER.indexOf(standingOf(budget, now));
  return [...budgets].sort((a, b) => rank(a) - rank(b) || used(b) - used(a));
}

/** The share of its period that has passed. */
export function passed({ startsAt, endsAt }: Budget, now: number): number {
  const share = (now - ms(startsAt)) / (ms(endsAt) - ms(startsAt));
  return Math.min(Math.max(share, 0), 1);
}

/** The end of the bar: the limit, and all that goes beyond it. */
export function barEnd({ limitUsd, spentUsd, forecastUsd, forecastHighUsd }: Budget): number {
  return Math.max(limitUsd, spentUsd, forecastUsd ?? 0, forecastHighUsd ?? 0) || 1;
}

/** The slice and the period that a budget was spent on; null where no filter can say it. */
export function spending(budget: Budget, now: number) {
  const where = sliceOf(refsWithin(budget));
  const to = Math.floor(Math.min(now, ms(budget.endsAt)) / MINUTE_MS) * MINUTE_MS;
  if (!where || to <= ms(budget.startsAt)) return null;
  const period: Period = { from: iso(budget.startsAt), to: iso(to) };
  return { where, period };
}
