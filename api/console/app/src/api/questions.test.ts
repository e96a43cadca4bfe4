import { describe, expect, it } from "vitest";
import { iso } from "@/time/instants";
import { sameQuestion } from "./questions";

const NOW = Date.parse("2026-01-01T12:00:30Z");
const MINUTE = 60_000;

function asked(from: number, to: number, more: object = {}): string {
  return JSON.stringify(["Trend", { from: iso(from), to: iso(to), ...more }]);
}

describe("a question", () => {
  const last = asked(NOW - 61 * MINUTE, NOW - MINUTE);

  it("is the same a minute later, where its period ends now", () => {
    expect(sameQuestion(last, asked(NOW - 60 * MINUTE, NOW), NOW)).toBe(true);
    expect(sameQuestion(last, last, NOW + 10 * MINUTE)).toBe(true);
  });

  it("is the same after a long sleep", () => {
    const later = NOW + 300 * MINUTE;
    expect(sameQuestion(last, asked(later - 60 * MINUTE, later), later)).toBe(true);
  });

  it("may keep its beginning, as of something that still goes on", () => {
    expect(sameQuestion(last, asked(NOW - 61 * MINUTE, NOW), NOW)).toBe(true);
  });

  it.each([
    ["another period", asked(NOW - 600 * MINUTE, NOW - 500 * MINUTE)],
    ["a longer one", asked(NOW - 600 * MINUTE, NOW)],
    ["an earlier one", asked(NOW - 63 * MINUTE, NOW - 3 * MINUTE)],
    ["another slice", asked(NOW - 60 * MINUTE, NOW, { tier: "premium" })],
  ])("is another one of %s", (_, next) => {
    expect(sameQuestion(last, next, NOW)).toBe(false);
  });
});
