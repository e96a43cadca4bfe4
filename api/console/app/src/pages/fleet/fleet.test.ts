// The thinking of the fleet page: order, counts, merging, layout, and what "Why?" asks.
import { expect, test } from "vitest";
import {
  alike,
  counts,
  grid,
  type Health,
  kept,
  merged,
  statusesIn,
  summary,
  troubledSince,
  whyOf,
  worstFirst,
} from "./fleet";

function health(deployment: string, given: Partial<Health> = {}): Health {
  const [model = "", backend = ""] = deployment.split("@");
  return {
    deployment,
    model,
    backend,
    version: null,
    status: "HEALTHY",
    reasons: [],
    breaker: "CLOSED",
    breakerReason: null,
    breakerUntil: null,
    availability: null,
    errorRate: null,
    latencyP50Ms: null,
    latencyP95Ms: null,
    queueDepth: null,
    load: null,
    rateLimitRemaining: null,
    spotAvailability: null,
    costPer1kTokensUsd: null,
    sampleCount: 0,
    updatedAt: null,
    ageMs: null,
    stale: false,
    ...given,
  };
}

const ids = (fleet: readonly Health[]) => fleet.map(({ deployment }) => deployment);

test("what changed takes its place, what did not stays the same object", () => {
  const [a, b] = [health("a@x"), health("b@x")];
  const after = merged([a, b], [health("b@x", { status: "DOWN" }), health("a@w")]);
  expect(ids(after)).toEqual(["a@w", "a@x", "b@x"]);
  expect(after[1]).toBe(a);
  expect(after[2]?.status).toBe("DOWN");
});

test("growing older alone changes nothing that is shown", () => {
  const one = health("a@x", { ageMs: 1, updatedAt: "2026-01-01T00:00:00Z" });
  expect(alike(one, { ...one, ageMs: 900 })).toBe(true);
  expect(alike(one, { ...one, reasons: ["error rate 6 %"] })).toBe(false);
});

test("the worst come first, and the healthy ones keep their places", () => {
  const fleet = [
    health("h2@x", { errorRate: 0.04 }),
    health("h1@x", { errorRate: 0 }),
    health("h3@x", { breaker: "HALF_OPEN" }),
    health("u@x", { status: "UNKNOWN", stale: true }),
    health("d1@x", { status: "DEGRADED", errorRate: 0.06 }),
    health("d2@x", { status: "DEGRADED", errorRate: 0.3 }),
    health("d3@x", { status: "DEGRADED", breaker: "OPEN" }),
    health("down@x", { status: "DOWN" }),
  ];
  const order = ["down@x", "d3@x", "d2@x", "d1@x", "u@x", "h3@x", "h1@x", "h2@x"];
  expect(ids(worstFirst(fleet))).toEqual(order);
  expect(ids(worstFirst([...fleet].reverse()))).toEqual(order);
});

test("counts say what is stale, and sum to the fleet", () => {
  const fleet = [
    health("a@x"),
    health("b@x"),
    health("c@x", { status: "UNKNOWN", stale: true }),
    health("d@x", { status: "DEGRADED", stale: true }),
    health("e@x", { status: "DEGRADED" }),
  ];
  expect(summary(fleet)).toBe("2 degraded (1 stale), 1 unknown (stale), 2 healthy");
  expect(counts(fleet).reduce((sum, { count }) => sum + count, 0)).toBe(fleet.length);
  expect(summary([])).toBe("");
});

test("a filter keeps what is in one of its states, of the model and on the backend", () => {
  const fleet = [health("a@x"), health("a@y", { status: "DOWN" }), health("b@y")];
  const all = { status: [], model: null, backend: null };
  expect(kept(fleet, all)).toHaveLength(3);
  expect(ids(kept(fleet, { ...all, status: ["DOWN", "UNKNOWN"] }))).toEqual(["a@y"]);
  expect(ids(kept(fleet, { ...all, model: "a", backend: "x" }))).toEqual(["a@x"]);
  expect(statusesIn("HEALTHY,nothing,DOWN")).toEqual(["DOWN", "HEALTHY"]);
  expect(statusesIn(null)).toEqual([]);
});

test("the grid has a place for every pair, empty where nothing runs", () => {
  const second = health("a-again", { model: "a", backend: "x" });
  const { backends, rows } = grid([health("b@y"), health("a@x"), second]);
  expect(backends).toEqual(["x", "y"]);
  expect(rows.map(({ model, cells }) => [model, cells.map(({ here }) => ids(here))])).toEqual([
    ["a", [["a@x", "a-again"], []]],
    ["b", [[], ["b@y"]]],
  ]);
});

const NOW = Date.parse("2026-03-10T12:34:56Z");

test("why is asked of what is ill alone, by what its reasons speak of", () => {
  const slow = health("a@x", {
    status: "DOWN",
    breaker: "OPEN",
    reasons: [
      "breaker open: 80 % of 10 answers slower than 3 times the usual 2 ms per token",
      "error rate 0 % over 10 requests in the last 15 min",
    ],
  });
  const failing = health("a@x", { status: "DEGRADED", reasons: ["reported error rate 30 %"] });
  expect(whyOf(slow, NOW)?.metric).toBe("LATENCY_P95");
  expect(whyOf(failing, NOW)).toEqual({
    metric: "ERROR_RATE",
    during: { from: "2026-03-10T06:00:00Z", to: "2026-03-10T12:34:00Z" },
    where: { deployment: ["a@x"] },
  });
  expect(whyOf(health("a@x"), NOW)).toBeNull();
  expect(whyOf(health("a@x", { status: "UNKNOWN", stale: true }), NOW)).toBeNull();
});

test("why is asked since the trouble began, for two hours at least and a day at most", () => {
  const ill = health("a@x", { status: "DOWN" });
  const from = (since: string) => whyOf(ill, NOW, since)?.during.from;
  expect(from("2026-03-10T08:20:00Z")).toBe("2026-03-10T08:00:00Z");
  expect(from("2026-03-10T12:30:00Z")).toBe("2026-03-10T10:00:00Z");
  expect(from("2026-02-01T00:00:00Z")).toBe("2026-03-09T12:34:00Z");
});

test("trouble began with the oldest open incident that reaches a deployment", () => {
  const incident = (openedAt: string, affectedDeployments: string[]) => ({
    id: openedAt,
    title: "",
    severity: "sev2",
    scopeKind: "model",
    scopeId: "a",
    openedAt,
    affectedDeployments,
    statusSource: null,
  });
  const since = troubledSince([
    incident("2026-03-10T08:20:00Z", ["a@x", "a@y"]),
    incident("2026-03-10T07:00:00Z", ["a@y"]),
  ]);
  expect([...since]).toEqual([
    ["a@x", "2026-03-10T08:20:00Z"],
    ["a@y", "2026-03-10T07:00:00Z"],
  ]);
});
