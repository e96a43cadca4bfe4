// The period that is looked at, kept in the address so that a link shows the same to everyone.
import { useEffect, useState } from "react";
import { useSearchParams } from "@/shell/location";
import { DAY_MS, HOUR_MS, iso, MINUTE_MS, ms } from "./instants";

export type Period = { from: string; to: string };

/** Periods that end now, by the names that stand in addresses. */
export const RANGES = {
  "1h": HOUR_MS,
  "6h": 6 * HOUR_MS,
  "24h": DAY_MS,
  "3d": 3 * DAY_MS,
  "7d": 7 * DAY_MS,
  "14d": 14 * DAY_MS,
  "30d": 30 * DAY_MS,
  "90d": 90 * DAY_MS,
} as const;
export type Range = keyof typeof RANGES;

export function isRange(text: string | null): text is Range {
  return text !== null && Object.hasOwn(RANGES, text);
}

/** The period that ends at `now` and is as long as the range says. */
export function lately(range: Range, now: number): Period {
  return { from: iso(now - RANGES[range]), to: iso(now) };
}

/** What an address says of the period; null where it says nothing that can be read. */
export function periodIn(search: URLSearchParams, prefix = ""): Period | null {
  const from = Date.parse(search.get(`${prefix}from`) ?? "");
  const to = Date.parse(search.get(`${prefix}to`) ?? "");
  if (Number.isNaN(from) || Number.isNaN(to) || to <= from) return null;
  return { from: iso(from), to: iso(to) };
}

/** The length of a step that suits a period. */
export function granularityOf({ from, to }: Period): "HOUR" | "DAY" | "WEEK" {
  const length = ms(to) - ms(from);
  if (length <= 14 * DAY_MS) return "HOUR";
  return length <= 120 * DAY_MS ? "DAY" : "WEEK";
}

/** The clock, moving on once in `everyMs`; steady in between, so that questions stay the same. */
export function useNow(everyMs: number = MINUTE_MS): number {
  const [now, setNow] = useState(() => floorTo(Date.now(), everyMs));
  useEffect(() => {
    const timer = setInterval(() => setNow(floorTo(Date.now(), everyMs)), everyMs / 4);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

function floorTo(instant: number, step: number): number {
  return Math.floor(instant / step) * step;
}

export type PeriodChoice = {
  period: Period;
  /** The range that the period follows; null where it is fixed. */
  range: Range | null;
  setRange: (range: Range) => void;
  setPeriod: (period: Period) => void;
};

/** The period of this page: `?range=24h`, or `?from=…&to=…`. */
export function usePeriod(usual: Range = "24h"): PeriodChoice {
  const [search, setSearch] = useSearchParams();
  const now = useNow();
  const fixed = periodIn(search);
  const named = search.get("range");
  const range = fixed ? null : isRange(named) ? named : usual;
  return {
    period: fixed ?? lately(range ?? usual, now),
    range,
    setRange: (chosen) =>
      setSearch((before) => {
        const next = new URLSearchParams(before);
        next.delete("from");
        next.delete("to");
        next.set("range", chosen);
        return next;
      }),
    setPeriod: ({ from, to }) =>
      setSearch((before) => {
        const next = new URLSearchParams(before);
        next.delete("range");
        next.set("from", from);
        next.set("to", to);
        return next;
      }),
  };
}
