// One scale for all bars, and causes that can't be told apart in one group.
import { expect, test } from "vitest";
import type { Cause } from "./question";
import { commonScale, groupsOf, scaleOf } from "./scale";

function cause(id: string, rank: number, rivals: string[] = []): Cause {
  return { id, rank, indistinguishableFrom: rivals } as unknown as Cause;
}

test("the scale holds every bar with its limits, zero and the whole", () => {
  const limits = { contribution: 0.91, contributionLow: -0.22, contributionHigh: 1.31 };
  const causes = [{ ...cause("a", 1), ...limits }];
  expect(commonScale({ causes, unexplained: 0.1 })).toEqual({ from: -0.3, to: 1.4 });
  expect(commonScale({ causes: [], unexplained: -0.5 })).toEqual({ from: -0.5, to: 1 });
  expect(scaleOf([])).toEqual({ from: 0, to: 1 });
});

test("the scale is cut where a bar is far outside", () => {
  expect(scaleOf([-40, 55])).toEqual({ from: -1, to: 2 });
});

test("a hair over the whole is no reason for a longer scale", () => {
  expect(scaleOf([1.003, -0.002])).toEqual({ from: 0, to: 1 });
});

test("causes that name each other stand together, at the best rank of them", () => {
  const groups = groupsOf([cause("c", 3), cause("b", 2, ["d", "x"]), cause("a", 1), cause("d", 4)]);
  expect(groups.map(({ causes }) => causes.map(({ id }) => id))).toEqual([
    ["a"],
    ["b", "d"],
    ["c"],
  ]);
  expect(groups[1]?.others).toEqual(["x"]);
  expect(groups[0]?.others).toEqual([]);
});
