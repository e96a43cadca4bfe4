import { describe, expect, it, test } from "vitest";
import type { HappeningsQuery } from "@/api/generated";
import { ms } from "@/time/instants";
import { byDay, type Entry, laid, matching, timeline } from "./timeline";

const FOUND = {
  incidents: [
    {
      id: "i",
      title: "Slow",
      severity: "sev1",
      scopeKind: "backend",
      scopeId: "aws",
      openedAt: "2026-01-01T02:00:00Z",
      resolvedAt: null,
    },
    {
      id: "g",
      title: "All",
      severity: "sev2",
      scopeKind: "global",
      scopeId: null,
      openedAt: "2026-01-01T00:00:00Z",
      resolvedAt: "2026-01-01T01:00:00Z",
    },
  ],
  changes: [
    {
      id: "c",
      kind: "rollout",
      title: "New build",
      at: "2026-01-01T03:00:00Z",
      targets: [{ kind: "deployment", id: "a@aws" }],
    },
  ],
  maintenance: [
    {
      id: "m",
      title: "Work",
      scopeKind: "model",
      scopeId: "a",
      startsAt: "2026-01-01T01:00:00Z",
      endsAt: "2026-01-01T05:00:00Z",
    },
  ],
} as unknown as HappeningsQuery;

function entry(id: string, at: string, until?: string | null): Entry {
  return { id, at, ...(until === undefined ? {} : { until }) } as Entry;
}

describe("the timeline", () => {
  it("is one line of everything, newest first", () => {
    expect(timeline(FOUND).map(({ id }) => id)).toEqual(["c", "i", "m", "g"]);
  });

  it("says what an incident is about, and nothing of what is about all", () => {
    const about = Object.fromEntries(timeline(FOUND).map(({ id, targets }) => [id, targets]));
    expect(about.i).toEqual([{ kind: "backend", id: "aws" }]);
    expect(about.g).toEqual([]);
  });

  it("keeps what matches, by kind and by any of its names", () => {
    const all = timeline(FOUND);
    expect(matching(all, "change", "").map(({ id }) => id)).toEqual(["c"]);
    expect(matching(all, "all", " A@AWS ").map(({ id }) => id)).toEqual(["c"]);
    expect(matching(all, "incident", "rollout")).toEqual([]);
  });
});

test("a day of another month, and the same one, are not one day", () => {
  const found = byDay(
    [
      entry("c", "2026-03-22T23:59:00Z"),
      entry("b", "2026-03-22T00:00:00Z"),
      entry("a", "2026-02-22T12:00:00Z"),
    ],
    "utc",
  );
  expect(found.map(([day, those]) => [day, those.map(({ id }) => id)])).toEqual([
    ["Sun 2026-03-22", ["c", "b"]],
    ["Sun 2026-02-22", ["a"]],
  ]);
});

describe("the axis", () => {
  const [from, to] = [ms("2026-01-01T00:00:00Z"), ms("2026-01-01T10:00:00Z")];

  it("puts what overlaps into rows of their own", () => {
    const found = laid(
      [
        entry("late", "2026-01-01T06:00:00Z"),
        entry("b", "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z"),
        entry("a", "2026-01-01T01:00:00Z", "2026-01-01T05:00:00Z"),
      ],
      from,
      to,
    );
    expect(found.map(({ entry: { id }, row }) => [id, row])).toEqual([
      ["a", 0],
      ["b", 1],
      ["late", 0],
    ]);
  });

  it("draws what goes on up to its end, and what began before from its beginning", () => {
    const [bar] = laid([entry("a", "2025-12-31T00:00:00Z", null)], from, to);
    expect(bar).toMatchObject({ from: 0, to: 1 });
  });
});
