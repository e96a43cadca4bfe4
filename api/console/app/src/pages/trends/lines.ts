// Series as lines of a chart and as rows of the table behind it. Pure.
import type { TrendQuery } from "@/api/generated";
import type { Line } from "@/parts/TimeChart";
import { iso, ms } from "@/time/instants";
import type { Ref } from "@/words/slices";
import { keyText } from "./groups";

type Series = TrendQuery["trend"][number];
type Name = (key: readonly Ref[]) => string;

export function linesOf(series: readonly Series[], intervals: boolean, name: Name): Line[] {
  return series.map(({ key, points }, place) => ({
    name: name(key),
    // Said outright, so that a group's earlier line can have it as well.
    ...(place < 8 ? { color: `--line-${place + 1}` } : {}),
    points: intervals ? points : points.map(({ at, value }) => ({ at, value })),
  }));
}

type Earlier = { distance: number; words: string; name: Name };

/** The same groups earlier, moved to where the period is now; dashed, in the colour of each. */
export function earlierLines(
  series: readonly Series[],
  earlier: readonly Series[],
  { distance, words, name }: Earlier,
): Line[] {
  const byKey = new Map(earlier.map((one) => [keyText(one.key), one]));
  return series.flatMap(({ key }, place): Line[] => {
    const found = byKey.get(keyText(key));
    if (!found) return [];
    const points = found.points.map(({ at, value }) => ({ at: iso(ms(at) + distance), value }));
    return [
      { name: `${name(key)}, ${words}`, points, color: `--line-${(place % 8) + 1}`, dashed: true },
    ];
  });
}

export type PointRow = Series["points"][number] & { group: string };

export function rowsOf(series: readonly Series[], name: Name): PointRow[] {
  return series.flatMap(({ key, points }) =>
    points.map((point) => ({ ...point, group: name(key) })),
  );
}

/** The newest value of a series; null where it has none. */
export function latestOf({ points }: Series): { at: string; value: number } | null {
  for (const { at, value } of points.toReversed()) if (value !== null) return { at, value };
  return null;
}
