// Steps with all their figures, shares of what came, and what reaches a deployment.
import { expect, test } from "vitest";
import { justBefore, type Point, partsOf, reaching, stepsOf } from "./served";

const point = (at: string, value: number | null, count: number): Point => ({
  at,
  value,
  count,
  low: null,
  high: null,
  complete: null,
});

test("a step has what each metric tells of it, and nothing where one tells nothing", () => {
  const steps = stepsOf({
    VOLUME: [point("2026-03-10T01:00:00Z", 12, 12), point("2026-03-10T02:00:00Z", 3, 3)],
    QUALITY: [point("2026-03-10T01:00:00Z", 0.9, 5)],
    ERROR_RATE: [point("2026-03-10T01:00:00+00:00", 0, 12)],
  });
  expect(steps.map(({ at }) => at)).toEqual(["2026-03-10T02:00:00Z", "2026-03-10T01:00:00Z"]);
  expect(steps[1]).toMatchObject({ requests: 12, errorRate: 0, quality: 0.9, scores: 5 });
  expect(steps[0]).toMatchObject({ requests: 3, errorRate: null, quality: null, scores: null });
});

test("the period before is as long, and ends where the other begins", () => {
  expect(justBefore({ from: "2026-03-10T06:00:00Z", to: "2026-03-10T12:00:00Z" })).toEqual({
    from: "2026-03-10T00:00:00Z",
    to: "2026-03-10T06:00:00Z",
  });
});

const compared = (id: string, countBefore: number, countAfter: number) => ({
  key: [{ kind: "method", id }],
  before: null,
  after: null,
  delta: null,
  deltaLow: null,
  deltaHigh: null,
  countBefore,
  countAfter,
  beforeLow: null,
  beforeHigh: null,
  afterLow: null,
  afterHigh: null,
});

test("shares sum to one in either period, and are unknown where nothing came", () => {
  const parts = partsOf([compared("rule", 0, 1), compared("learned", 0, 3)]);
  expect(parts.map(({ key, share, shareBefore }) => [key[0]?.id, share, shareBefore])).toEqual([
    ["learned", 0.75, null],
    ["rule", 0.25, null],
  ]);
});

test("what happened to the deployment, its model, its backend or the policy reaches it", () => {
  const reaches = reaching({ deployment: "a@x", model: "a", backend: "x" });
  const yes = [
    ["deployment", "a@x"],
    ["model", "a"],
    ["backend", "x"],
    ["policy", "main"],
  ] as const;
  const no = [
    ["deployment", "a@y"],
    ["model", "b"],
    ["backend", "y"],
    ["tenant", "a"],
  ] as const;
  expect(yes.every(([kind, id]) => reaches(kind, id))).toBe(true);
  expect(no.some(([kind, id]) => reaches(kind, id))).toBe(false);
});
