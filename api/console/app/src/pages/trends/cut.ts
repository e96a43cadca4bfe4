// Steps that the period cuts: what is summed in them is only part of what the others sum. Pure.
import type { Granularity, Metric } from "@/api/generated";
import type { Shade } from "@/parts/TimeChart";
import { DAY_MS, HOUR_MS, iso, ms } from "@/time/instants";
import type { Period } from "@/time/period";

/** Metrics that add up over time. */
export const SUMS: ReadonlySet<Metric> = new Set<Metric>(["COST", "VOLUME"]);

const STEP_MS: Record<Granularity, number> = { HOUR: HOUR_MS, DAY: DAY_MS, WEEK: 7 * DAY_MS };

/** The first and the last step where the period begins or ends within them. */
export function cutShades(
  instants: readonly string[],
  { from, to }: Period,
  granularity: Granularity,
): Shade[] {
  const [first, last] = [instants[0], instants.at(-1)];
  if (first === undefined || last === undefined) return [];
  const step = STEP_MS[granularity];
  const label = `only part of this ${granularity.toLowerCase()} is counted`;
  return [
    ...(ms(first) < ms(from) ? [{ from, to: iso(ms(first) + step), label }] : []),
    ...(ms(last) + step > ms(to) ? [{ from: last, to, label }] : []),
  ];
}
