import { describe, expect, it } from "vitest";
import { asOfIn } from "./asOf";
import { type Budget, barEnd, byRisk, passed, spending, standingOf } from "./budgets";
import { type Anomaly, newestFirst, shadesOf, whyOf } from "./costs";
import { type Difference, saying, scaleOf, winnerWords } from "./differences";
import { alertWords, burning, byUrgency, isNamed, metricOf, promise, type Slo } from "./objectives";
import { chance, type Risk, summaryOf, takingOver, toggled, withoutIn, withoutText } from "./risk";

const NOW = Date.parse("2026-11-22T06:00:00Z");

describe("as of", () => {
  const told = (asOf: string) => asOfIn(new URLSearchParams({ asOf }), NOW);

  it("is an instant of the past, or now", () => {
    expect(told("2026-11-21T12:00:00Z")).toBe("2026-11-21T12:00:00Z");
    expect(told("2026-11-23T12:00:00Z")).toBeNull();
    expect(told("yesterday")).toBeNull();
  });
});

describe("risk of overload", () => {
  const risk = (deployment: string, more: Partial<Risk> = {}): Risk => ({
    deployment,
    expectedLoad: 1,
    highLoad: 2,
    peakLoad: 3,
    capacity: 4,
    probabilityOverload: 0,
    worstAt: null,
    limitedBy: null,
    movedLoad: 0,
    lost: false,
    samples: 0,
    requests: 0,
    reasons: [],
    ...more,
  });

  it("never shows what is hardly likely as none, nor what is nearly sure as sure", () => {
    expect([0, 0.000006, 0.0124, 0.657, 0.9999, 1].map(chance)).toEqual([
      "0 %",
      "< 0.1 %",
      "1.2 %",
      "66 %",
      "> 99.9 %",
      "100 %",
    ]);
  });

  it("counts what is not known, and what is lost, apart from what is safe", () => {
    const { atRisk, judged, unknown, lost } = summaryOf([
      risk("a", { probabilityOverload: 0.05 }),
      risk("b", { probabilityOverload: 0.049 }),
      risk("c", { probabilityOverload: null, capacity: null }),
      risk("d", { probabilityOverload: null, lost: true }),
    ]);
    expect(judged).toBe(2);
    expect([atRisk, unknown, lost].map((some) => some.map((one) => one.deployment))).toEqual([
      ["a"],
      ["c"],
      ["d"],
    ]);
  });

  it("names who takes over most first", () => {
    const risks = [risk("a"), risk("b", { movedLoad: 1 }), risk("c", { movedLoad: 2 })];
    expect(takingOver(risks).map(({ deployment }) => deployment)).toEqual(["c", "b"]);
  });

  it("keeps any name in the address", () => {
    const names = ["aws", "x,y@k8s", "50%"];
    expect(withoutIn(withoutText(names))).toEqual(names);
    expect(withoutText([])).toBeNull();
    expect(withoutIn("aws,aws,")).toEqual(["aws"]);
    expect(toggled(toggled(["aws"], "k8s"), "aws")).toEqual(["k8s"]);
  });
});

describe("budgets", () => {
  const budget = (more: Partial<Budget> = {}): Budget => ({
    id: "tenant/day",
    tenant: "acme",
    period: "day",
    where: [],
    startsAt: "2026-11-22T00:00:00Z",
    endsAt: "2026-11-23T00:00:00Z",
    limitUsd: 100,
    spentUsd: 10,
    remainingUsd: 90,
    burnRate: 0.4,
    forecastUsd: 40,
    forecastLowUsd: 30,
    forecastHighUsd: 50,
    exhaustedAt: null,
    requests: 5,
    method: "m",
    ...more,
  });

  const cases: [string, Partial<Budget>][] = [
    ["overspent", { spentUsd: 120, remainingUsd: -20, exhaustedAt: "2026-11-22T03:00:00Z" }],
    ["used", { spentUsd: 100, remainingUsd: 0 }],
    ["short", { exhaustedAt: "2026-11-22T20:00:00Z" }],
    ["may", { forecastHighUsd: 101 }],
    ["unknown", { forecastUsd: null, forecastLowUsd: null, forecastHighUsd: null }],
    ["lasts", {}],
  ];

  it.each(cases)("%s", (standing, more) => {
    expect(standingOf(budget(more), NOW)).toBe(standing);
  });

  it("come in the order of their risk, then of how close they come", () => {
    const all = [...cases.map(([id, more]) => budget({ id, ...more }))].reverse();
    const close = budget({ id: "close", forecastUsd: 45 });
    expect(byRisk([...all, close], NOW).map(({ id }) => id)).toEqual([
      ...cases.slice(0, -1).map(([id]) => id),
      "close",
      "lasts",
    ]);
  });

  it("show all that goes beyond the limit, and how much of the period has passed", () => {
    expect(barEnd(budget({ forecastHighUsd: 150 }))).toBe(150);
    expect(barEnd(budget())).toBe(100);
    expect(passed(budget(), NOW)).toBe(0.25);
  });

  it("lead to what they were spent on, up to now", () => {
    const where = [{ kind: "tier", id: "free" }];
    expect(spending(budget({ where }), NOW)).toEqual({
      where: { tenant: ["acme"], tier: ["free"] },
      period: { from: "2026-11-22T00:00:00Z", to: "2026-11-22T06:00:00Z" },
    });
    expect(spending(budget({ where: [{ kind: "prompt_band", id: "0-512" }] }), NOW)).toBeNull();
  });
});

describe("objectives", () => {
  const slo = (id: string, more: Partial<Slo> = {}): Slo => ({
    id,
    tenant: "acme",
    objective: "availability",
    target: 0.99,
    threshold: null,
    windowDays: 28,
    where: [],
    judgedAt: "2026-11-22T05:59:31.5Z",
    actual: 0.999,
    events: 1000,
    bad: 1,
    errorBudgetRemaining: 0.9,
    daysToExhaustion: null,
    action: "continue",
    reasons: [],
    burns: [],
    alerts: [],
    burnedBy: [],
    ...more,
  });
  const alert = (severity: string) => {
    return { severity, longMinutes: 60, shortMinutes: 5, threshold: 14.4 };
  };

  it("come with pages first, then tickets, then what calls for more, then what has less left", () => {
    const slos = [
      slo("fine"),
      slo("none left to know", { errorBudgetRemaining: null }),
      slo("low", { errorBudgetRemaining: -0.2 }),
      slo("unknown", { action: "unknown" }),
      slo("freeze", { action: "freeze" }),
      slo("ticket", { alerts: [alert("ticket")] }),
      slo("page", { alerts: [alert("ticket"), alert("page")] }),
    ];
    expect(byUrgency(slos).map(({ id }) => id)).toEqual([
      "page",
      "ticket",
      "freeze",
      "unknown",
      "low",
      "fine",
      "none left to know",
    ]);
  });

  it("say what is promised", () => {
    expect(promise(slo("a", { target: 0.9995 }))).toBe(
      "99.95 % of requests end well, over 28 days",
    );
    expect(promise(slo("a", { objective: "latency", target: 0.95, threshold: 10_000 }))).toBe(
      "95 % of requests within 10,000 ms, over 28 days",
    );
    expect(promise(slo("a", { objective: "quality", threshold: 0.7, windowDays: 1 }))).toBe(
      "99 % of scores at least 0.7, over 1 day",
    );
  });

  it("are asked about over the window that burns, in whole minutes", () => {
    expect(burning(slo("a", { alerts: [alert("page")] }))).toEqual({
      from: "2026-11-22T04:59:00Z",
      to: "2026-11-22T05:59:00Z",
    });
    expect(burning(slo("a")).from).toBe("2026-11-21T05:59:00Z");
    expect(metricOf(slo("a", { objective: "latency" }))).toBe("LATENCY_P95");
    expect(alertWords(alert("page"))).toBe(
      "page: it burns 14.4 times too fast or more, over 1 h and over 5 min",
    );
  });

  it("are named with or without their tenant", () => {
    expect([isNamed(slo("a"), "a"), isNamed(slo("a"), "acme/a"), isNamed(slo("a"), "b/a")]).toEqual(
      [true, true, false],
    );
  });
});

describe("cost anomalies", () => {
  const anomaly = (from: number, to: number, more: Partial<Anomaly> = {}): Anomaly => ({
    at: `2026-11-20T${String(from).padStart(2, "0")}:00:00Z`,
    until: `2026-11-20T${String(to).padStart(2, "0")}:00:00Z`,
    where: [],
    driver: "PRICE",
    spentUsd: 3,
    expectedUsd: 1,
    highUsd: 2,
    requests: 10,
    requestsExpected: 10,
    score: 5,
    investigation: null,
    causes: [],
    ...more,
  });

  it("are one region where they meet", () => {
    const shades = shadesOf([anomaly(14, 15), anomaly(10, 12), anomaly(11, 13), anomaly(13, 14)]);
    expect(shades.map(({ from, to }) => [from.slice(11, 13), to.slice(11, 13)])).toEqual([
      ["10", "15"],
    ]);
    expect(shadesOf([anomaly(1, 2), anomaly(3, 4)])).toHaveLength(2);
  });

  it("come newest first, of one time the dearest", () => {
    const dear = anomaly(5, 6, { spentUsd: 9 });
    expect(newestFirst([anomaly(1, 2), anomaly(5, 6), dear])[0]).toBe(dear);
  });

  it("lead to their investigation, or to the question", () => {
    expect(whyOf(anomaly(1, 2, { investigation: "inv 1" }), null)).toBe("/why/inv%201");
    const ofTenant = anomaly(1, 2, { where: [{ kind: "tenant", id: "acme" }] });
    expect(whyOf(ofTenant, null)).toContain("where=tenant%3Aacme");
    expect(whyOf(ofTenant, null)).not.toContain("knownAt");
    expect(whyOf(ofTenant, "2026-11-21T12:00:00Z")).toContain("knownAt=2026-11-21T12%3A00%3A00Z");
    expect(whyOf(anomaly(1, 2, { where: [{ kind: "prompt_band", id: "x" }] }), null)).toBeNull();
  });
});

describe("differences between arms", () => {
  const one = (metric: Difference["metric"], low: number | null, high: number | null) => {
    const delta = low === null || high === null ? null : (low + high) / 2;
    return { arm: "B", baseline: "A", metric, delta, low, high, count: 9 };
  };

  it("are better or worse only where zero is outside, and as the metric has it", () => {
    expect(saying(one("QUALITY", 0.01, 0.02))).toBe("better");
    expect(saying(one("ERROR_RATE", 0.01, 0.02))).toBe("worse");
    expect(saying(one("VOLUME", 0.01, 0.02))).toBe("differs");
    expect(saying(one("QUALITY", -0.01, 0.02))).toBe("open");
    expect(saying(one("QUALITY", null, null))).toBe("open");
  });

  it("have a scale for each metric", () => {
    const all = [one("QUALITY", -0.3, 0.1), one("QUALITY", 0, 0.2), one("COST", -5, 9)];
    expect(scaleOf(all, "QUALITY")).toBe(0.3);
    expect(scaleOf(all, "ERROR_RATE")).toBe(1);
  });

  it("name the winner, or say why there is none", () => {
    expect(winnerWords({ winner: "B", outcome: "WINNER" })).toBe("B is better.");
    expect(winnerWords({ winner: null, outcome: "UNDECIDED" })).toContain("No winner yet");
  });
});
