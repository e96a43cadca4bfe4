import { describe, expect, it } from "vitest";
import { hoursBefore, hoursOf } from "./hours";

describe("hours as the graph names them", () => {
  it("are those that a period touches, and no more than an address takes", () => {
    const period = { from: "2026-11-22T01:30:00Z", to: "2026-11-22T04:00:00Z" };
    expect(hoursOf(period).map((hour) => new Date(hour * 1000).getUTCHours())).toEqual([1, 2, 3]);
    expect(hoursOf({ from: "2026-01-01T00:00:00Z", to: period.to })).toHaveLength(336);
    expect(hoursBefore("2026-11-22T04:10:00Z", 2)).toEqual([
      Date.parse("2026-11-22T03:00:00Z") / 1000,
      Date.parse("2026-11-22T04:00:00Z") / 1000,
    ]);
  });
});
