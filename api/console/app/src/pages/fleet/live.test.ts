// How long to wait before a stream is joined again.
import { expect, test } from "vitest";
import { backoffMs } from "./live";

test("each wait is longer, from one second to fifteen", () => {
  expect([1, 2, 3, 4, 5, 6, 99].map(backoffMs)).toEqual([
    1000, 2000, 4000, 8000, 15_000, 15_000, 15_000,
  ]);
});
