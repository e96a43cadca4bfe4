// What a chart over time is drawn from: columns, intervals, scales, ticks and marks. Pure.
import { clock, DAY_MS, dateTime, dayOf, iso, MINUTE_MS, ms } from "@/time/instants";
import type { Period } from "@/time/period";
import type { Zone } from "@/time/zone";

export type LinePoint = {
  at: string;
  value: number | null;
  low?: number | null;
  high?: number | null;
  /** A wider interval around the first. */
  low2?: number | null;
  high2?: number | null;
};
export type Line = {
  name: string;
  points: readonly LinePoint[];
  /** A custom property of the stylesheet, such as `--line-2`; by place where left out. */
  color?: string;
  dashed?: boolean;
  /** Steps instead of straight lines between points. */
  stepped?: boolean;
};
export type Marker = {
  at: string;
  until?: string | null;
  label: string;
  tone: "change" | "incident";
};
export type Shade = { from: string; to: string; label: string };
export type Limit = { value: number; label: string };

/** One value for each instant: null where nothing is known, undefined where a line has no point. */
export type Column = (number | null | undefined)[];
/** An interval around a line, to be filled. */
export type Band = { line: number; low: Column; high: Column; wide: boolean };
export type Columns = { seconds: number[]; values: Column[]; bands: Band[] };

const LINE_COLORS = 8;

/** All lines on one row of instants. */
export function columnsOf(lines: readonly Line[]): Columns {
  const instants = lines.map(({ points }) => points.map(({ at }) => ms(at)));
  const all = [...new Set(instants.flat())].sort((a, b) => a - b);
  const places = new Map(all.map((instant, place) => [instant, place]));
  const column = (line: number, value: (point: LinePoint) => number | null | undefined) => {
    const filled: Column = new Array(all.length).fill(undefined);
    lines[line]?.points.forEach((point, index) => {
      filled[places.get(instants[line]?.[index] as number) as number] = value(point) ?? null;
    });
    return filled;
  };
  const bands = lines.flatMap(({ points }, line): Band[] => [
    ...(points.some(({ low2, high2 }) => known(low2) && known(high2))
      ? [{ line, wide: true, low: column(line, (p) => p.low2), high: column(line, (p) => p.high2) }]
      : []),
    ...(points.some(({ low, high }) => known(low) && known(high))
      ? [{ line, wide: false, low: column(line, (p) => p.low), high: column(line, (p) => p.high) }]
      : []),
  ]);
  return {
    seconds: all.map((instant) => instant / 1000),
    values: lines.map((_, line) => column(line, ({ value }) => value)),
    bands,
  };
}

function known(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}

/** Whether nothing is known of any line. */
export function isEmpty({ values }: Columns): boolean {
  return values.every((column) => !column.some(known));
}

/** Points with nothing known on either side, which no line would show. */
export function isolated(column: Column, first = 0, last = column.length - 1): number[] {
  const places: number[] = [];
  for (let place = first; place <= last; place += 1) {
    if (!known(column[place])) continue;
    if (!known(beside(column, place, -1)) && !known(beside(column, place, 1))) places.push(place);
  }
  return places;
}

/** The next value on one side, past instants at which only other lines have points. */
function beside(column: Column, place: number, step: 1 | -1): number | null | undefined {
  let next = place + step;
  while (next >= 0 && next < column.length && column[next] === undefined) next += step;
  return column[next];
}

/** The value that holds at a place: the line's own, or the last one while the line goes on. */
export function heldAt(column: Column, place: number): number | null {
  const own = column[place];
  if (own !== undefined) return own;
  return known(beside(column, place, 1)) ? (beside(column, place, -1) ?? null) : null;
}

/** The custom property that a line is drawn in. */
export function colorOf({ color }: Line, place: number): string {
  return color ?? `--line-${(place % LINE_COLORS) + 1}`;
}

/** Colours repeat after eight lines; the dashes then tell them apart. */
export function dashOf({ dashed, color }: Line, place: number): number[] | undefined {
  if (dashed) return [6, 4];
  if (color) return undefined;
  return [undefined, [2, 3], [10, 3, 2, 3]][Math.floor(place / LINE_COLORS) % 3];
}

/** The ends of the time axis, in seconds. */
export function timeRange(
  period: Period | undefined,
  low: number | null,
  high: number | null,
): [number, number] {
  if (period) return [ms(period.from) / 1000, ms(period.to) / 1000];
  if (low === null || high === null) return [0, 3600];
  return low === high ? [low - 1800, high + 1800] : [low, high];
}

type Scale = { period?: Period | undefined; limits: readonly Limit[]; fromZero: boolean };

/** The ends of the scale: all that is shown of the lines, their intervals and their limits. */
export function valueRange(
  columns: Columns,
  { period, limits, fromZero }: Scale,
): [number, number] {
  let [least, most] = [fromZero ? 0 : Infinity, -Infinity];
  const take = (value: number | null | undefined) => {
    if (!known(value)) return;
    if (value < least) least = value;
    if (value > most) most = value;
  };
  const [from, to] = period ? timeRange(period, null, null) : [-Infinity, Infinity];
  const shown = [...columns.values, ...columns.bands.flatMap(({ low, high }) => [low, high])];
  columns.seconds.forEach((second, place) => {
    if (second >= from && second <= to) for (const column of shown) take(column[place]);
  });
  for (const { value } of limits) take(value);
  if (!Number.isFinite(least) || !Number.isFinite(most)) return [0, 1];
  if (least === most) {
    const room = Math.abs(most) / 2 || 0.5;
    return fromZero && least === 0 ? [0, 2 * room] : [least - room, most + room];
  }
  const room = (most - least) * 0.06;
  // What is never below zero is not drawn as if it could be.
  return [least >= 0 && least < room ? 0 : least - room, most + room];
}

/** What stands at a tick of the time axis: the day where one begins, else the time of day. */
export function tick(seconds: number, stepSeconds: number, zone: Zone): string {
  const instant = seconds * 1000;
  if (stepSeconds * 1000 >= DAY_MS) return dayOf(instant, zone);
  const text = clock(instant, zone);
  return text === "00:00" ? dayOf(instant, zone) : text;
}

/** A window between two instants in either order, in whole minutes, within the period. */
export function windowOf(one: number, other: number, period?: Period): Period | null {
  const whole = (instant: number) => Math.round(instant / MINUTE_MS) * MINUTE_MS;
  const [least, most] = period ? [ms(period.from), ms(period.to)] : [-Infinity, Infinity];
  const from = Math.max(whole(Math.min(one, other)), least);
  const to = Math.min(whole(Math.max(one, other)), most);
  return to > from ? { from: iso(from), to: iso(to) } : null;
}

/** The marks close to an instant, and those whose time it lies in. */
export function marksAt(
  markers: readonly Marker[],
  instant: number,
  toleranceMs: number,
): readonly Marker[] {
  return markers.filter(({ at, until }) => {
    const start = ms(at) - toleranceMs;
    const end = until ? ms(until) : ms(at);
    return instant >= start && instant <= Math.max(end, ms(at) + toleranceMs);
  });
}

/** All lines at a place in words, for who hears the chart. */
export function wordsAt(
  lines: readonly Line[],
  { seconds, values }: Columns,
  place: number,
  { format, zone }: { format: (value: number) => string; zone: Zone },
): string {
  const told = lines.map(({ name }, line) => {
    const value = heldAt(values[line] as Column, place);
    return `${name} ${value === null ? "not known" : format(value)}`;
  });
  return `${dateTime((seconds[place] as number) * 1000, zone)}: ${told.join(", ")}`;
}

export type Cursor = { place: number | null; anchor: number | null };

/** Where a key moves the cursor; with shift it draws a window along. Null where the key is none. */
export function moved(
  { place, anchor }: Cursor,
  key: string,
  { count, shift }: { count: number; shift: boolean },
): Cursor | null {
  const last = count - 1;
  const from = place ?? last;
  const page = Math.max(1, Math.round(count / 10));
  const targets: Record<string, number> = {
    ArrowLeft: place === null ? last : from - 1,
    ArrowRight: place === null ? last : from + 1,
    PageDown: from - page,
    PageUp: from + page,
    Home: 0,
    End: last,
  };
  const target = targets[key];
  if (target === undefined || count === 0) return null;
  const next = Math.min(Math.max(target, 0), last);
  return { place: next, anchor: shift ? (anchor ?? from) : null };
}

/** The time from the beginning of one step to the end of another, in ms. */
export function stepsBetween(seconds: readonly number[], one: number, other: number) {
  const [first, last] = [Math.min(one, other), Math.max(one, other)];
  const at = (place: number) => seconds[place] as number;
  const final = seconds.length - 1;
  // The last step has no next one that would tell where it ends; it is as long as the one before.
  const end =
    last < final ? at(last + 1) : final > 0 ? 2 * at(final) - at(final - 1) : at(final) + 3600;
  return { from: at(first) * 1000, to: end * 1000 };
}
