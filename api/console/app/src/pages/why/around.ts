// The metric over the period and over the time that it is compared with, as lines of one chart. Pure.
import type { TrendQuery } from "@/api/generated";
import { HOUR_MS, iso, ms } from "@/time/instants";
import { granularityOf, type Period } from "@/time/period";

export type Points = TrendQuery["trend"][number]["points"];

/** How the chart is laid out: both periods over each other, or one after the other. */
type Around = {
  aligned: boolean;
  /** What is asked for the period: with some time before it where it is short. */
  during: Period;
  before: Period;
  granularity: "HOUR" | "DAY" | "WEEK";
  /** How much later the period is than what it is compared with; 0 where not aligned. */
  shiftMs: number;
};

const SHORT_MS = 12 * HOUR_MS;

export function around(during: Period, before: Period): Around {
  const [length, other] = [lengthOf(during), lengthOf(before)];
  const aligned = other <= length * 1.05 && other >= length * 0.5;
  const shiftMs = aligned ? ms(during.from) - ms(before.from) : 0;
  // A change can't be seen in a few points: some hours before it are shown as well.
  const room = Math.max(0, shiftMs - length);
  const lead = aligned && length < SHORT_MS ? Math.min(SHORT_MS - length, room) : 0;
  return {
    aligned,
    during: { from: iso(ms(during.from) - lead), to: during.to },
    before: { from: iso(ms(before.from) - lead), to: before.to },
    granularity: granularityOf(aligned ? during : both(during, before)),
    shiftMs,
  };
}

/** From the first to the last instant of two periods. */
export function both(one: Period, other: Period): Period {
  return {
    from: iso(Math.min(ms(one.from), ms(other.from))),
    to: iso(Math.max(ms(one.to), ms(other.to))),
  };
}

function lengthOf({ from, to }: Period): number {
  return ms(to) - ms(from);
}

export function shifted(points: Points, byMs: number): Points {
  return byMs === 0 ? points : points.map((point) => ({ ...point, at: iso(ms(point.at) + byMs) }));
}

/** The points of the period, and those before it up to its first, so that the lines meet. */
export function divided(points: Points, from: string): { inside: Points; lead: Points } {
  const first = points.findIndex(({ at }) => ms(at) >= ms(from));
  if (first === 0) return { inside: points, lead: [] };
  if (first < 0) return { inside: [], lead: points };
  return { inside: points.slice(first), lead: points.slice(0, first + 1) };
}

export type Row = { at: string; after: Points[number] | null; before: Points[number] | null };

/** The points of both lines by their instants, for the table. */
export function rowsOf(after: Points, before: Points): Row[] {
  const rows = new Map<string, Row>();
  const row = (at: string): Row => {
    const key = iso(at);
    const found = rows.get(key) ?? { at: key, after: null, before: null };
    rows.set(key, found);
    return found;
  };
  for (const point of after) row(point.at).after = point;
  for (const point of before) row(point.at).before = point;
  return [...rows.values()].sort((a, b) => ms(a.at) - ms(b.at));
}
