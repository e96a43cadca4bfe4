// Hours as the graph names them: seconds since 1970 at which they begin. Pure.
import { HOUR_MS, ms } from "./instants";
import type { Period } from "./period";

/** More hours than these would make an address that no browser takes. */
const HOURS_AT_MOST = 24 * 14;

/** The newest hours of a period. */
export function hoursOf({ from, to }: Period): number[] {
  const last = Math.ceil(ms(to) / HOUR_MS) - 1;
  const first = Math.max(Math.floor(ms(from) / HOUR_MS), last - HOURS_AT_MOST + 1);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => {
    return (first + place) * 3600;
  });
}

/** So many hours up to an instant, the one it lies in among them. */
export function hoursBefore(at: string | null, count: number, now = Date.now()): number[] {
  const last = Math.floor((at === null ? now : ms(at)) / HOUR_MS);
  return Array.from({ length: count }, (_, place) => (last - count + 1 + place) * 3600);
}
