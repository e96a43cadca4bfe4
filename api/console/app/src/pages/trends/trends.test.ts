// What the page of trends thinks: which groups to draw, since when scores arrive, what touches a slice.
import { expect, test } from "vitest";
import { arriving } from "./arriving";
import { againstWords, distanceOf, shifted } from "./asked";
import { cutShades } from "./cut";
import { askedSlice, type Compared, drawn, keyText, nameOf, sliceOfGroup } from "./groups";
import { earlierLines, latestOf, linesOf } from "./lines";
import { touching } from "./touching";

const key = (id: string, kind = "deployment") => [{ kind, id }];
const group = (id: string, given: Partial<Compared> = {}): Compared => ({
  key: key(id),
  before: 0.5,
  after: 0.5,
  delta: 0,
  deltaLow: -0.1,
  deltaHigh: 0.1,
  countBefore: 10,
  countAfter: 10,
  beforeLow: null,
  beforeHigh: null,
  afterLow: null,
  afterHigh: null,
  ...given,
});
const names = (groups: readonly Compared[]) => groups.map(({ key: of }) => nameOf(of));

test("groups are ranked by change against its uncertainty, by size, or by how bad they are", () => {
  const found = [
    group("jumpy", { delta: 0.4, deltaLow: -0.6, deltaHigh: 1.4, after: 0.9 }),
    group("moved", { delta: -0.1, deltaLow: -0.11, deltaHigh: -0.09, after: 0.4 }),
    group("large", { countAfter: 900 }),
    group("unknown", { after: null, delta: null }),
  ];
  const by = (ranking: "changed" | "largest" | "worst", better: 1 | -1 | 0 = 1) =>
    names(drawn(found, { ranking, picked: [], better }));
  expect(by("changed")).toEqual(["moved", "jumpy", "large", "unknown"]);
  expect(by("largest")[0]).toBe("large");
  expect(by("worst")).toEqual(["moved", "large", "jumpy", "unknown"]);
  expect(by("worst", -1)[0]).toBe("jumpy");
});

test("eight lines at most, and those that were picked", () => {
  const found = Array.from({ length: 100 }, (_, place) => group(`d${place}@x`));
  const ranked = { ranking: "changed", better: 1 } as const;
  expect(drawn(found, { ...ranked, picked: [] })).toHaveLength(8);
  const picked = [keyText(key("d99@x")), keyText(key("gone@x"))];
  expect(names(drawn(found, { ...ranked, picked }))).toEqual(["d99@x"]);
});

test("of many groups only the drawn ones are asked for, where a slice can tell them", () => {
  const found = Array.from({ length: 13 }, (_, place) => group(`d${place}`));
  const where = { tier: ["premium"] };
  expect(askedSlice(where, found.slice(0, 2), found)).toEqual({
    ...where,
    deployment: ["d0", "d1"],
  });
  expect(askedSlice(where, found.slice(0, 2), found.slice(0, 12))).toEqual(where);
  const methods = found.map((one) => ({ ...one, key: key("rule", "method") }));
  expect(askedSlice(where, methods.slice(0, 1), methods)).toEqual(where);
});

test("a group has a slice of its own, but not where nothing or no slice tells it apart", () => {
  expect(sliceOfGroup(key("a@x"), { tier: ["free"] })).toEqual({
    tier: ["free"],
    deployment: ["a@x"],
  });
  expect(sliceOfGroup(key("none", "arm"), {})).toBeNull();
  expect(sliceOfGroup(key("0-512", "prompt_band"), {})).toBeNull();
  expect(nameOf(key("none", "arm"))).toBe("no arm");
});

test("names survive the address whatever is in them", () => {
  expect(keyText([...key("a,b|c"), ...key("d%", "tier")])).toBe("a%2Cb%7Cc|d%25");
});

const points = (complete: (number | null)[]) =>
  complete.map((share, hour) => ({
    at: `2026-11-21T${String(hour).padStart(2, "0")}:00:00Z`,
    count: share === null ? 0 : Math.round(share * 10),
    complete: share,
  }));

test("scores arrive from the first step at the end that lacks them", () => {
  const found = arriving([{ points: points([0.7, 1, 1, 0.8, 0.95, 0.5, 0]) }]);
  expect(found?.from).toBe("2026-11-21T03:00:00Z");
  expect(found?.share).toBeCloseTo((8 + 9.5 + 5 + 0) / 40, 1);
});

test("nothing arrives where all is in, and where nothing tells", () => {
  expect(arriving([{ points: points([0.2, 0.95, 1]) }])).toBeNull();
  expect(arriving([{ points: points([null, null]) }])).toBeNull();
  expect(arriving([])).toBeNull();
});

test("what happens to a deployment touches its model and its backend, and nothing beside them", () => {
  const aws = touching({ backend: ["aws"] });
  expect([aws("deployment", "a@aws"), aws("deployment", "a@neo")]).toEqual([true, false]);
  expect([aws("backend", "neo"), aws("model", "a"), aws("tier", "free")]).toEqual([
    false,
    true,
    true,
  ]);
  const one = touching({ deployment: ["a@aws"] });
  expect([one("model", "a"), one("model", "b"), one("backend", "aws")]).toEqual([
    true,
    false,
    true,
  ]);
  expect([one("backend", "neo"), one("deployment", "b@aws")]).toEqual([false, false]);
  expect(touching({ policy: ["main@v1"] })("policy", "main")).toBe(true);
  expect(touching({ policy: ["main"] })("policy", "other")).toBe(false);
  expect(touching({ tier: ["free"] })("router", "r2")).toBe(true);
});

test("a week before never overlaps the period", () => {
  const day = { from: "2026-11-20T00:00:00Z", to: "2026-11-21T00:00:00Z" };
  expect(shifted(day, -distanceOf(day, "before")).to).toBe(day.from);
  expect(shifted(day, -distanceOf(day, "week")).from).toBe("2026-11-13T00:00:00Z");
  const long = { from: "2026-11-01T00:00:00Z", to: "2026-11-11T00:00:00Z" };
  expect(shifted(long, -distanceOf(long, "week")).to <= long.from).toBe(true);
  expect(againstWords("week", day)).toBe("a week before");
  expect(againstWords("week", long)).toBe("2 weeks before");
});

const series = (id: string, at: string, value: number | null) => ({
  key: key(id),
  points: [{ at, value, count: 1, low: 0, high: 1, complete: null }],
});

test("an earlier line has its group's colour and lies where the period is now", () => {
  const now = [series("a", "2026-11-21T00:00:00Z", 1), series("b", "2026-11-21T00:00:00Z", 2)];
  const earlier = [series("b", "2026-11-20T00:00:00Z", 3)];
  const given = { distance: 86_400_000, words: "a day before", name: nameOf };
  expect(earlierLines(now, earlier, given)).toEqual([
    {
      name: "b, a day before",
      color: "--line-2",
      dashed: true,
      points: [{ at: "2026-11-21T00:00:00Z", value: 3 }],
    },
  ]);
  expect(linesOf(now, false, nameOf)[0]?.points).toEqual([
    { at: "2026-11-21T00:00:00Z", value: 1 },
  ]);
});

test("the newest value is the last one that is known", () => {
  const one = series("a", "2026-11-21T00:00:00Z", 1);
  const gap = series("a", "2026-11-21T01:00:00Z", null);
  expect(latestOf({ ...one, points: [...one.points, ...gap.points] })?.value).toBe(1);
  expect(latestOf(gap)).toBeNull();
});

test("a step that the period cuts at either end is told", () => {
  const days = ["2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"];
  const whole = { from: days[0] as string, to: "2026-11-23T00:00:00Z" };
  expect(cutShades(days, whole, "DAY")).toEqual([]);
  const cut = { from: "2026-11-20T06:00:00Z", to: "2026-11-22T03:00:00Z" };
  expect(cutShades(days, cut, "DAY").map(({ from, to }) => [from, to])).toEqual([
    [cut.from, days[1]],
    [days[2], cut.to],
  ]);
  expect(cutShades([], whole, "DAY")).toEqual([]);
});
