import { describe, expect, it } from "vitest";
import { HOUR_MS, MINUTE_MS } from "@/time/instants";
import {
  ahead,
  busiest,
  byLoad,
  type Forecasted,
  forecastRows,
  linesOf,
  measuredPeriod,
  measuredRows,
  nameOf,
  perStep,
  stepWord,
} from "./load";

const STEP = 10 * MINUTE_MS;

function point(at: string, expected: number) {
  const [low80, high80, low95, high95] = [expected - 1, expected + 1, expected - 2, expected + 2];
  return { at, expected, low80, high80, low95, high95 };
}

function series(id: string | null, ...expected: number[]): Forecasted {
  const start = Date.parse("2026-11-22T02:50:00Z");
  const points = expected.map((value, place) =>
    point(new Date(start + place * STEP).toISOString(), value),
  );
  return {
    key: id === null ? [] : [{ kind: "deployment", id }],
    method: "m",
    requests: 1,
    knownSteps: 1,
    newestAt: null,
    warnings: [],
    points,
    total: point(
      "2026-11-22T02:50:00Z",
      expected.reduce((all, one) => all + one, 0),
    ),
  };
}

describe("the load to come", () => {
  it("is named by its group, the greatest first", () => {
    expect([series(null, 1), series("a@x", 1)].map(nameOf)).toEqual(["all requests", "a@x"]);
    expect(byLoad([series("a", 1), series("b", 5), series("c", 2)]).map(nameOf)).toEqual([
      "b",
      "c",
      "a",
    ]);
    expect(busiest(series(null, 1, 4, 2))?.at).toBe("2026-11-22T03:00:00.000Z");
  });

  it("goes to the end of its last step", () => {
    expect(ahead(series(null, 1, 2), STEP)).toEqual({
      from: "2026-11-22T02:50:00.000Z",
      to: "2026-11-22T03:10:00Z",
    });
    expect(ahead(series(null), STEP)).toBeNull();
  });

  it("stands beside whole hours that are over, up to now", () => {
    const coming = { from: "2026-11-22T02:50:00Z", to: "2026-11-22T08:50:00Z" };
    const now = Date.parse("2026-11-22T02:58:00Z");
    expect(measuredPeriod(coming, 6, now)).toEqual({
      from: "2026-11-21T20:00:00Z",
      to: "2026-11-22T02:00:00Z",
    });
    // Of the past, what came after the forecast was made is known by now.
    expect(measuredPeriod(coming, 6, now + 24 * HOUR_MS)?.to).toBe("2026-11-22T08:00:00Z");
  });

  it("compares with hours as steps of its own length; what is not known stays so", () => {
    const points = [
      { at: "2026-11-22T00:00:00Z", value: 60 },
      { at: "2026-11-22T01:00:00Z", value: null },
      { at: "2026-11-22T02:00:00Z", value: 30 },
    ].map((one) => ({ ...one, count: 1, low: null, high: null, complete: null }));
    const period = { from: "2026-11-22T00:00:00Z", to: "2026-11-22T02:00:00Z" };
    const rows = measuredRows({ key: [], points }, period, STEP);
    expect(rows.map(({ measured }) => measured)).toEqual([10, null]);
    expect(measuredRows(undefined, period, STEP)).toEqual([]);
  });

  it("is drawn to the end of each last step", () => {
    const forecast = forecastRows(series(null, 3, 4));
    const [expected, measured] = linesOf(
      forecast,
      [{ at: "2026-11-22T01:00:00Z", measured: 7, value: null }],
      STEP,
    );
    expect(expected?.points.map(({ at, value, low2 }) => [at.slice(11, 16), value, low2])).toEqual([
      ["02:50", 3, 1],
      ["03:00", 4, 2],
      ["03:10", 4, 2],
    ]);
    expect(measured?.name).toBe("measured, per 10 min of each hour");
    expect(measured?.points.map(({ at, value }) => [at.slice(11, 16), value])).toEqual([
      ["01:00", 7],
      ["02:00", 7],
    ]);
    expect(linesOf(forecast, [], STEP)).toHaveLength(1);
  });

  it("has its limit per step", () => {
    expect(perStep(0.5, 10)).toBe(300);
    expect([stepWord(HOUR_MS), stepWord(STEP)]).toEqual(["hour", "10 min"]);
  });
});
