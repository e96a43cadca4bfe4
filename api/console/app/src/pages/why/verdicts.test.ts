// Verdicts and mechanisms in words.
import { expect, test } from "vitest";
import { goodness, mechanismWords, mixWords, partWords, remedies, VERDICT } from "./verdicts";

test("whether a move is good depends on the metric", () => {
  expect(goodness("QUALITY", -0.1)).toBe(-1);
  expect(goodness("ERROR_RATE", -0.1)).toBe(1);
  expect(goodness("VOLUME", 5)).toBe(0);
  expect(goodness("COST", 0)).toBe(0);
});

test("a mechanism says what it did, and whether that was for the worse", () => {
  const did = (mechanism: string, contribution = 0.9) =>
    mechanismWords({ mechanism, contribution }, "QUALITY", -0.05);
  expect(did("WITHIN")).toBe("made what it touched worse");
  expect(did("WITHIN", -0.2)).toBe("made what it touched better");
  expect(did("MIX")).toBe("moved requests to where quality is worse");
  expect(did("PRICE")).toBe("changed what a token costs");
  expect(did("TOKENS")).toBe("changed how many tokens a request has");
  expect(did("EVALUATOR")).toBe("changed how answers are judged, not the answers");
  expect(did("SOMETHING_NEW")).toBe("something new");
  const cause = { mechanism: "WITHIN", contribution: 1 };
  expect(mechanismWords(cause, "VOLUME", 100)).toBe("changed how what it touched does");
});

test("p95 keeps its name in the middle of a sentence", () => {
  const cause = { mechanism: "MIX", contribution: 1 };
  expect(mechanismWords(cause, "LATENCY_P95", 100)).toBe(
    "moved requests to where p95 latency is worse",
  );
});

test("parts are told in words, new ones by their name", () => {
  expect(partWords("routing")).toBe("Where requests were sent");
  expect(partWords("weather_of_day")).toBe("Other: weather of day");
  expect(mixWords("task_type")).toBe("Mix by task type");
  expect(mixWords("within")).toBe("Within all of these");
});

test("where nothing explains it, there is something to do", () => {
  for (const verdict of ["UNEXPLAINED", "NO_CHANGE", "INSUFFICIENT_DATA"] as const) {
    expect(remedies(verdict, "LATENCY_P95").length).toBeGreaterThan(0);
    expect(VERDICT[verdict].tone).not.toBe("good");
  }
  expect(remedies("EXPLAINED", "QUALITY")).toEqual([]);
  expect(remedies("INSUFFICIENT_DATA", "QUALITY").join()).toContain("scores");
});
