import { describe, expect, it } from "vitest";
import { dateTime, iso, relative, span } from "./instants";
import { granularityOf, isRange, lately, periodIn } from "./period";

describe("instants", () => {
  it("go to the API as RFC 3339, without needless digits", () => {
    expect(iso(Date.parse("2026-01-02T03:04:05Z"))).toBe("2026-01-02T03:04:05Z");
    expect(iso("2026-01-02T03:04:05+02:00")).toBe("2026-01-02T01:04:05Z");
  });

  it("are shown in UTC with the date first", () => {
    expect(dateTime("2026-01-02T03:04:05Z", "utc")).toBe("2026-01-02 03:04");
    expect(dateTime("2026-12-31T23:59:59Z", "utc", true)).toBe("2026-12-31 23:59:59");
    expect(dateTime("2026-01-02T00:00:00Z", "utc")).toBe("2026-01-02 00:00");
  });

  it.each([
    [0, "0 s"],
    [45_000, "45 s"],
    [59_600, "1 min"],
    [90 * 60_000, "1 h 30 min"],
    [26 * 3_600_000, "26 h"],
    [76 * 3_600_000, "3 d 4 h"],
  ])("%s ms last %s", (ms, words) => {
    expect(span(ms)).toBe(words);
  });

  it("are told from now, on either side of it", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect(relative(now - 120_000, now)).toBe("2 min ago");
    expect(relative(now + 7_200_000, now)).toBe("in 2 h");
    expect(relative(now, now)).toBe("now");
  });
});

describe("periods", () => {
  const read = (text: string) => periodIn(new URLSearchParams(text));

  it("are read from the address, whatever their offset", () => {
    expect(read("from=2026-01-01T01:00:00%2B01:00&to=2026-01-01T06:00:00Z")).toEqual({
      from: "2026-01-01T00:00:00Z",
      to: "2026-01-01T06:00:00Z",
    });
  });

  it.each(["", "from=2026-01-01T00:00:00Z", "from=x&to=y", "from=2026-01-02&to=2026-01-01"])(
    "are none where the address tells none: %s",
    (text) => {
      expect(read(text)).toBeNull();
    },
  );

  it("end now where they are named by their length", () => {
    const now = Date.parse("2026-01-02T00:00:00Z");
    expect(lately("24h", now)).toEqual({
      from: "2026-01-01T00:00:00Z",
      to: "2026-01-02T00:00:00Z",
    });
    expect(isRange("24h")).toBe(true);
    expect(isRange("toString")).toBe(false);
  });

  it("have steps that suit them", () => {
    const of = (days: number) => granularityOf({ from: iso(0), to: iso(days * 86_400_000) });
    expect([1, 14, 15, 120, 121].map(of)).toEqual(["HOUR", "HOUR", "DAY", "DAY", "WEEK"]);
  });
});
