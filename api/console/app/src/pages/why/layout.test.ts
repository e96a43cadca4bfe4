// Graphs laid out: in order, and nothing over anything else.
import { describe, expect, test } from "vitest";
import { placed } from "./layout";
import type { Merged } from "./pathways";

const LINE = ["incident:inc-1", "backend:aws", "deployment:apex@aws", "cell:c1"];

/** A graph of ways along these nodes. */
function graphOf(...ways: string[][]): Merged {
  const edges = ways.flatMap((way) =>
    way.slice(1).map((to, place) => ({
      key: `${way[place]}|${to}`,
      from: way[place] as string,
      to,
      relationship: "TARGETS",
      reversed: false,
      ranks: [1],
    })),
  );
  const nodes = [...new Set(ways.flat())].map((key) => {
    return { key, kind: "", id: key, role: "way" as const, ranks: [1] };
  });
  return { nodes, edges };
}

describe("the layout", () => {
  const SIZE = { width: 100, height: 40 };
  const graph = graphOf(LINE);

  test("goes from the cause on, to the right or down", () => {
    for (const [direction, axis] of [
      ["LR", "x"],
      ["TB", "y"],
    ] as const) {
      const { places } = placed(graph, direction, SIZE);
      const along = LINE.map((key) => places.get(key)?.[axis] ?? Number.NaN);
      expect(along).toEqual([...along].sort((a, b) => a - b));
      expect(new Set(along).size).toBe(4);
    }
  });

  test("holds every node within its size, none over another", () => {
    const { places, width, height } = placed(
      graphOf(LINE, ["change:chg-1", "deployment:apex@aws"]),
      "LR",
      SIZE,
    );
    const corners = [...places.values()];
    for (const { x, y } of corners) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x + SIZE.width).toBeLessThanOrEqual(width);
      expect(y + SIZE.height).toBeLessThanOrEqual(height);
    }
    corners.forEach((one, place) => {
      for (const other of corners.slice(place + 1)) {
        const apart =
          Math.abs(one.x - other.x) >= SIZE.width || Math.abs(one.y - other.y) >= SIZE.height;
        expect(apart).toBe(true);
      }
    });
  });
});
