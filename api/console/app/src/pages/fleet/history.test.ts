// Runs of the same state, and the steps that a period is cut into.
import { expect, test } from "vitest";
import { runsOf, type StateAt, sharesOf, stepMinutesOf, stepName, wholeSteps } from "./history";

const hour = (at: number, given: Partial<StateAt> = {}): StateAt => ({
  at: `2026-03-10T0${at}:00:00Z`,
  status: "HEALTHY",
  breaker: "CLOSED",
  reasons: [`at ${at}`],
  stale: false,
  ...given,
});

test("steps in a row with one state are one run, which begins a step before its first instant", () => {
  const runs = runsOf(
    [hour(1), hour(2), hour(3, { status: "DOWN" }), hour(4, { status: "DOWN", breaker: "OPEN" })],
    60,
  );
  expect(runs.map(({ status, from, to, steps }) => [status, from, to, steps])).toEqual([
    ["HEALTHY", "2026-03-10T00:00:00Z", "2026-03-10T02:00:00Z", 2],
    ["DOWN", "2026-03-10T02:00:00Z", "2026-03-10T03:00:00Z", 1],
    ["DOWN", "2026-03-10T03:00:00Z", "2026-03-10T04:00:00Z", 1],
  ]);
  expect(runs[0]?.reasons).toEqual(["at 2"]);
  expect(runs.reduce((sum, { steps }) => sum + steps, 0)).toBe(4);
});

test("shares sum to one, the worst first", () => {
  const shares = sharesOf([hour(1), hour(2, { status: "UNKNOWN", stale: true }), hour(3), hour(4)]);
  expect(shares).toEqual([
    { status: "UNKNOWN", share: 0.25 },
    { status: "HEALTHY", share: 0.75 },
  ]);
  expect(sharesOf([])).toEqual([]);
});

test("a longer period has longer steps, never more than can be asked for", () => {
  const period = (days: number) => ({
    from: "2026-01-01T00:00:00Z",
    to: new Date(Date.parse("2026-01-01T00:00:00Z") + days * 86_400_000).toISOString(),
  });
  expect([1 / 24, 0.25, 1, 3, 7, 14, 30, 90].map((days) => stepMinutesOf(period(days)))).toEqual([
    5, 5, 10, 30, 120, 180, 360, 1440,
  ]);
  expect([15, 60, 180, 1440].map(stepName)).toEqual(["15 min", "hour", "3 h", "day"]);
});

test("the same steps are asked for while the end of the period moves on", () => {
  const asked = (to: string) => wholeSteps({ from: "2026-03-10T00:07:00Z", to }, 60);
  expect(asked("2026-03-10T05:07:00Z")).toEqual(asked("2026-03-10T05:08:00Z"));
  expect(asked("2026-03-10T05:07:00Z")).toEqual({
    from: "2026-03-10T00:00:00Z",
    to: "2026-03-10T06:00:00Z",
  });
});
