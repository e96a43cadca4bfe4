// The periods and lines of the chart.
import { describe, expect, test } from "vitest";
import { around, divided, type Points, rowsOf, shifted } from "./around";

const at = (text: string) => `2026-11-${text}:00:00Z`;
const period = (from: string, to: string) => ({ from: at(from), to: at(to) });

function points(...given: string[]): Points {
  return given.map((text, value) => ({
    at: at(text),
    value,
    count: 1,
    low: null,
    high: null,
  })) as Points;
}

describe("the periods", () => {
  test("of the same length lie over each other", () => {
    const plan = around(period("17T00", "18T00"), period("10T00", "11T00"));
    expect(plan).toMatchObject({ aligned: true, shiftMs: 7 * 86_400_000, granularity: "HOUR" });
    expect(plan.during).toEqual(period("17T00", "18T00"));
  });

  test("that are short are shown with some hours before them", () => {
    const plan = around(period("17T08", "17T10"), period("10T08", "10T10"));
    expect(plan.during).toEqual(period("16T22", "17T10"));
    expect(plan.before).toEqual(period("09T22", "10T10"));
  });

  test("never reach into each other", () => {
    const plan = around(period("17T08", "17T10"), period("17T06", "17T08"));
    expect(plan.during).toEqual(period("17T08", "17T10"));
  });

  test("of different lengths come one after the other", () => {
    const plan = around(period("17T00", "18T00"), period("10T00", "17T00"));
    expect(plan).toMatchObject({ aligned: false, shiftMs: 0 });
  });
});

test("both lines meet by the hour", () => {
  const then = shifted(points("10T00", "10T02"), 7 * 86_400_000);
  const rows = rowsOf(points("17T00", "17T01"), then);
  expect(rows.map((row) => [row.at, row.after?.value, row.before?.value])).toEqual([
    [at("17T00"), 0, 0],
    [at("17T01"), 1, undefined],
    [at("17T02"), undefined, 1],
  ]);
});

test("the hours before the period are a line that meets it", () => {
  const given = points("17T00", "17T01", "17T02");
  expect(divided(given, at("17T00"))).toEqual({ inside: given, lead: [] });
  const { inside, lead } = divided(given, at("17T01"));
  expect(inside.map(({ value }) => value)).toEqual([1, 2]);
  expect(lead.map(({ value }) => value)).toEqual([0, 1]);
  expect(divided(given, at("18T00"))).toEqual({ inside: [], lead: given });
});
