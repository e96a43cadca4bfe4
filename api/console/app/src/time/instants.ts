// Instants and spans in words. Pure; times go in as RFC 3339 or as ms since 1970.
import type { Zone } from "./zone";

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

type Instant = string | number;

export function ms(instant: Instant): number {
  return typeof instant === "number" ? instant : Date.parse(instant);
}

/** As the API takes it. */
export function iso(instant: Instant): string {
  return new Date(ms(instant)).toISOString().replace(".000Z", "Z");
}

type Parts = Record<"year" | "month" | "day" | "hour" | "minute" | "second" | "weekday", string>;

const formats = new Map<Zone, Intl.DateTimeFormat>();

function format(zone: Zone): Intl.DateTimeFormat {
  let found = formats.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat("en-GB", {
      ...(zone === "utc" ? { timeZone: "UTC" } : {}),
      weekday: "short",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
    formats.set(zone, found);
  }
  return found;
}

function parts(instant: Instant, zone: Zone): Parts {
  const told = format(zone).formatToParts(ms(instant));
  return Object.fromEntries(told.map(({ type, value }) => [type, value])) as Parts;
}

/** `2026-11-21 14:05`, with seconds where asked for. */
export function dateTime(instant: Instant, zone: Zone, seconds = false): string {
  const { year, month, day, hour, minute, second } = parts(instant, zone);
  return `${year}-${month}-${day} ${hour}:${minute}${seconds ? `:${second}` : ""}`;
}

/** `14:05` */
export function clock(instant: Instant, zone: Zone): string {
  const { hour, minute } = parts(instant, zone);
  return `${hour}:${minute}`;
}

/** `Sat 21` */
export function dayOf(instant: Instant, zone: Zone): string {
  const { weekday, day } = parts(instant, zone);
  return `${weekday} ${day}`;
}

/** `Sat 2026-11-21` */
export function dateOf(instant: Instant, zone: Zone): string {
  const { weekday, year, month, day } = parts(instant, zone);
  return `${weekday} ${year}-${month}-${day}`;
}

/** A span in words, in its two largest units: `45 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. */
export function span(spanMs: number): string {
  const whole = Math.max(0, Math.round(spanMs / SECOND_MS));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return two(minutes, 60, "h", "min");
  return two(Math.round(minutes / 60), 24, "d", "h");
}

function two(smaller: number, factor: number, larger: string, small: string): string {
  const rest = smaller % factor;
  const whole = `${Math.floor(smaller / factor)} ${larger}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}

/** How long ago, or how long until: `3 min ago`, `in 2 h`, `now`. */
export function relative(instant: Instant, now: number): string {
  const away = ms(instant) - now;
  if (Math.abs(away) < SECOND_MS) return "now";
  return away < 0 ? `${span(-away)} ago` : `in ${span(away)}`;
}
