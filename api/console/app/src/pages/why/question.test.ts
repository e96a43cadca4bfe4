// What is asked, there and back: the address, the variables, and other periods.
import { describe, expect, test } from "vitest";
import { iso, ms } from "@/time/instants";
import { whyAddress } from "@/words/addresses";
import {
  comparedBy,
  comparisonOf,
  type Found,
  moved,
  type Question,
  questionIn,
  questionOf,
  since,
  variablesOf,
} from "./question";

const DAY = { from: "2026-11-17T00:00:00Z", to: "2026-11-18T00:00:00Z" };
const ASKED: Question = {
  metric: "QUALITY",
  during: DAY,
  comparedTo: { from: "2026-11-03T00:00:00Z", to: "2026-11-04T06:00:00Z" },
  where: { taskType: ["a;b,c:d"], deployment: ["apex@aws", "apex@k8s"] },
  knownAt: "2026-11-18T05:00:00Z",
};

function read(asked: Question) {
  return questionIn(new URL(whyAddress(asked), "http://console").searchParams);
}

describe("the address", () => {
  test("holds the whole question", () => {
    expect(read(ASKED)).toEqual(ASKED);
    const plain = { ...ASKED, comparedTo: null, where: {}, knownAt: null };
    expect(read(plain)).toEqual(plain);
    expect(whyAddress(plain)).not.toContain("before");
  });

  test("is no question without a metric that exists and a period that ends after it begins", () => {
    expect(questionIn(new URLSearchParams("metric=QUALITY"))).toBeNull();
    const period = `from=${DAY.from}&to=${DAY.to}`;
    expect(questionIn(new URLSearchParams(`metric=toString&${period}`))).toBeNull();
    expect(questionIn(new URLSearchParams(`metric=COST&from=${DAY.to}&to=${DAY.from}`))).toBeNull();
    expect(questionIn(new URLSearchParams(`metric=COST&${period}`))?.metric).toBe("COST");
  });

  test("leaves out what can't be read", () => {
    const bad = `metric=COST&from=${DAY.from}&to=${DAY.to}&beforeFrom=x&beforeTo=y&knownAt=soon`;
    const asked = questionIn(new URLSearchParams(bad));
    expect(asked).toMatchObject({ comparedTo: null, knownAt: null });
  });
});

test("an empty slice is everything", () => {
  expect(variablesOf({ ...ASKED, where: {} }).where).toBeNull();
  expect(variablesOf(ASKED).where).toEqual(ASKED.where);
});

describe("an investigation", () => {
  const found = {
    metric: "QUALITY",
    during: DAY,
    comparedTo: ASKED.comparedTo,
    baseline: "the period that was asked for",
    where: [
      { kind: "task_type", id: "reasoning" },
      { kind: "tier", id: "premium" },
    ],
    knownAt: null,
  } as unknown as Found;

  test("tells the question that it answered", () => {
    const asked = questionOf(found);
    expect(asked.where).toEqual({ taskType: ["reasoning"], tier: ["premium"] });
    expect(asked.comparedTo).toEqual(ASKED.comparedTo);
    expect(read(asked)).toEqual(asked);
  });

  test("that chose its baseline by itself chooses it again", () => {
    const baseline = "the same hours and weekdays a week earlier";
    expect(questionOf({ ...found, baseline }).comparedTo).toBeNull();
  });
});

describe("what to compare with", () => {
  test("is known again by its period", () => {
    expect(comparisonOf(DAY, null)).toBe("alike");
    expect(comparisonOf(DAY, comparedBy("before", DAY))).toBe("before");
    expect(comparisonOf(DAY, comparedBy("week", DAY))).toBe("week");
    expect(comparisonOf(DAY, ASKED.comparedTo)).toBe("fixed");
  });

  test("never overlaps, however long the period", () => {
    for (const days of [1, 7, 8, 30]) {
      const during = { from: DAY.from, to: iso(ms(DAY.from) + days * 86_400_000) };
      for (const choice of ["before", "week"] as const) {
        expect(ms(comparedBy(choice, during).to)).toBeLessThanOrEqual(ms(during.from));
      }
    }
  });

  test("moves with the period, but for one that was fixed", () => {
    const next = { from: "2026-11-18T00:00:00Z", to: "2026-11-20T00:00:00Z" };
    const week = moved({ ...ASKED, comparedTo: comparedBy("week", DAY) }, next);
    expect(week.comparedTo).toEqual(comparedBy("week", next));
    expect(moved(ASKED, next).comparedTo).toEqual(ASKED.comparedTo);
    const early = { from: "2026-11-04T00:00:00Z", to: "2026-11-05T00:00:00Z" };
    expect(moved(ASKED, early).comparedTo).toBeNull();
  });
});

test("since something began, an hour at least", () => {
  const now = ms("2026-11-17T10:20:00Z");
  expect(since("2026-11-17T07:40:10Z", now).from).toBe("2026-11-17T07:00:00Z");
  expect(since("2026-11-17T10:10:00Z", now).from).toBe("2026-11-17T09:20:00Z");
});
