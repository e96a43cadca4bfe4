// Which instant an address asks for.
import { expect, test } from "vitest";
import { momentIn } from "./moment";

const NOW = Date.parse("2026-03-10T12:00:00Z");
const read = (text: string) => momentIn(new URLSearchParams(text), NOW);

test("an instant of the past is shown as it was, by today's knowledge or by that of then", () => {
  expect(read("at=2026-03-09T10:00:00Z")).toEqual({ at: "2026-03-09T10:00:00Z", knownAt: null });
  expect(read("at=2026-03-09T12:00:00%2B02:00&knownAt=2026-03-09T10:30:00Z")).toEqual({
    at: "2026-03-09T10:00:00Z",
    knownAt: "2026-03-09T10:30:00Z",
  });
});

test("what is no instant, or is yet to come, is now", () => {
  for (const text of ["", "at=soon", "at=2026-03-11T00:00:00Z", "knownAt=2026-03-09T10:00:00Z"]) {
    expect(read(text)).toEqual({ at: null, knownAt: null });
  }
});
