// The shaping of charts: columns, gaps, scales, windows and the keyboard's way along.
import { expect, test } from "vitest";
import {
  columnsOf,
  dashOf,
  heldAt,
  isolated,
  type Line,
  marksAt,
  moved,
  stepsBetween,
  valueRange,
  windowOf,
} from "./shape";

const at = (hour: number) => `2026-11-21T${String(hour).padStart(2, "0")}:00:00Z`;
const line = (values: (number | null)[], more: Partial<Line> = {}): Line => ({
  name: "one",
  points: values.map((value, hour) => ({ at: at(hour), value })),
  ...more,
});

test("lines with other instants share one axis, and only what is not known is a gap", () => {
  const half: Line = { name: "two", points: [{ at: "2026-11-21T00:30:00Z", value: 5 }] };
  const { seconds, values } = columnsOf([line([1, null, 3]), half]);
  expect(seconds.map((s) => (s - (seconds[0] as number)) / 60)).toEqual([0, 30, 60, 120]);
  expect(values).toEqual([
    [1, undefined, null, 3],
    [undefined, 5, undefined, undefined],
  ]);
});

test("an interval is there only where a line has one, the wider one first", () => {
  const fan = {
    name: "fan",
    points: [{ at: at(0), value: 2, low: 1, high: 3, low2: 0, high2: 4 }],
  };
  const { bands } = columnsOf([line([1]), fan]);
  expect(bands.map(({ line, wide, low, high }) => [line, wide, low, high])).toEqual([
    [1, true, [0], [4]],
    [1, false, [1], [3]],
  ]);
});

test("points with nothing beside them are found, past the instants of other lines", () => {
  expect(isolated([1, null, 2, undefined, 3, null, 4])).toEqual([0, 6]);
  expect(isolated([undefined, 7, undefined])).toEqual([1]);
});

test("between its points a line keeps its value; after its end and in a gap it has none", () => {
  const column = [1, undefined, 2, null, undefined, 3, undefined];
  expect(column.map((_, place) => heldAt(column, place))).toEqual([1, 1, 2, null, null, 3, null]);
});

test("the scale takes in intervals and limits, but only of what the period shows", () => {
  const columns = columnsOf([line([10, 20, 900])]);
  const period = { from: at(0), to: at(1) };
  const [low, high] = valueRange(columns, { period, limits: [], fromZero: false });
  expect([low, high]).toEqual([10 - 0.6, 20 + 0.6]);
  const limited = valueRange(columns, {
    period,
    limits: [{ value: 50, label: "" }],
    fromZero: true,
  });
  expect(limited).toEqual([0, 53]);
  const nothing = { limits: [], fromZero: false };
  expect(valueRange(columnsOf([]), nothing)).toEqual([0, 1]);
  expect(valueRange(columnsOf([line([4, 4])]), nothing)).toEqual([2, 6]);
});

test("a window has whole minutes, either way round, and stays in the period", () => {
  const start = Date.parse(at(1));
  expect(windowOf(start + 61 * 60_000 + 5, start + 100)).toEqual({
    from: "2026-11-21T01:00:00Z",
    to: "2026-11-21T02:01:00Z",
  });
  expect(windowOf(start, start + 20_000)).toBeNull();
  expect(windowOf(0, start, { from: at(0), to: at(3) })).toEqual({ from: at(0), to: at(1) });
});

test("arrows move along, with shift they draw a window", () => {
  const keys = { count: 30, shift: false };
  expect(moved({ place: null, anchor: null }, "ArrowLeft", keys)).toEqual({
    place: 29,
    anchor: null,
  });
  expect(moved({ place: 0, anchor: null }, "ArrowLeft", keys)).toEqual({ place: 0, anchor: null });
  expect(moved({ place: 5, anchor: null }, "PageUp", keys)).toEqual({ place: 8, anchor: null });
  const begun = moved({ place: 5, anchor: null }, "ArrowRight", { count: 30, shift: true });
  expect(begun).toEqual({ place: 6, anchor: 5 });
  expect(moved({ place: 6, anchor: 5 }, "End", { count: 30, shift: true })).toEqual({
    place: 29,
    anchor: 5,
  });
  expect(moved({ place: 6, anchor: 5 }, "ArrowLeft", keys)).toEqual({ place: 5, anchor: null });
  expect(moved({ place: 6, anchor: null }, "a", keys)).toBeNull();
});

test("a window of steps ends where its last step ends", () => {
  const seconds = [0, 3600, 7200];
  expect(stepsBetween(seconds, 1, 0)).toEqual({ from: 0, to: 7_200_000 });
  expect(stepsBetween(seconds, 1, 2)).toEqual({ from: 3_600_000, to: 10_800_000 });
});

test("a mark is named near it and while it lasts", () => {
  const [change, incident] = [
    { at: at(1), label: "change", tone: "change" as const },
    { at: at(2), until: at(5), label: "incident", tone: "incident" as const },
  ];
  const named = (hour: number) =>
    marksAt([change, incident], Date.parse(at(hour)), 60_000).map(({ label }) => label);
  expect([named(1), named(2), named(4), named(6)]).toEqual([
    ["change"],
    ["incident"],
    ["incident"],
    [],
  ]);
});

test("the ninth line has the colour of the first, and dashes of its own", () => {
  expect(dashOf(line([1]), 0)).toBeUndefined();
  expect(dashOf(line([1]), 8)).toBeDefined();
  expect(dashOf(line([1]), 16)).not.toEqual(dashOf(line([1]), 8));
});
