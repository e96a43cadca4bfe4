// An interval as upright strips, one for each pixel. Pure.
//
// A browser without a graphics card takes most of a second to fill the outline of some thousands of
// points, and a few milliseconds for the strips.

type Strip = { x: number; high: number; low: number };

type Point = { x: number; high: number; low: number };

/** Strips of one pixel: between points along their straight lines, and over all points in a pixel. */
export function strips(points: readonly Point[], from: number, to: number): Strip[] {
  const found: Strip[] = [];
  let next = 0;
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return found;
  const begin = Math.max(Math.floor(from), Math.floor(first.x));
  const end = Math.min(Math.ceil(to), Math.floor(last.x));
  for (let x = begin; x <= end; x += 1) {
    while (next < points.length && (points[next] as Point).x < x) next += 1;
    const strip = between(points, next, x + 0.5);
    for (let place = next; place < points.length; place += 1) {
      const point = points[place] as Point;
      if (point.x >= x + 1) break;
      strip.high = Math.min(strip.high, point.high);
      strip.low = Math.max(strip.low, point.low);
    }
    found.push({ x, ...strip });
  }
  return found;
}

/** The interval at `x`, on the lines between the points on either side of `place`. */
function between(points: readonly Point[], place: number, x: number) {
  const right = (points[place] ?? points.at(-1)) as Point;
  const left = points[place - 1] ?? right;
  const width = right.x - left.x;
  const share = width > 0 ? Math.min(Math.max((x - left.x) / width, 0), 1) : 1;
  return {
    high: left.high + share * (right.high - left.high),
    low: left.low + share * (right.low - left.low),
  };
}
