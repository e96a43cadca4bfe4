// Intervals as strips: nothing of an interval is lost, whether points are far apart or many to a pixel.
import { expect, test } from "vitest";
import { strips } from "./envelope";

test("between two points the strips follow the straight line", () => {
  const found = strips(
    [
      { x: 0, high: 0, low: 10 },
      { x: 4, high: 4, low: 14 },
    ],
    0,
    100,
  );
  expect(found.map(({ x }) => x)).toEqual([0, 1, 2, 3, 4]);
  expect(found[2]).toEqual({ x: 2, high: 2.5, low: 12.5 });
});

test("many points in a pixel make a strip over all of them", () => {
  const points = Array.from({ length: 40 }, (_, place) => ({
    x: place / 10,
    high: place === 17 ? -50 : 0,
    low: place === 23 ? 90 : 10,
  }));
  const found = strips(points, 0, 100);
  expect([found[1]?.high, found[2]?.low]).toEqual([-50, 90]);
  expect(found).toHaveLength(4);
});

test("what lies outside is not drawn", () => {
  const points = [
    { x: -50, high: 0, low: 1 },
    { x: 500, high: 0, low: 1 },
  ];
  const found = strips(points, 10, 20);
  expect([found[0]?.x, found.at(-1)?.x]).toEqual([10, 20]);
  expect(strips([], 0, 10)).toEqual([]);
});
