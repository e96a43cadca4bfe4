// Which requests are read first for each metric.
import { expect, test } from "vitest";
import type { Metric } from "@/api/generated";
import { telling } from "./telling";

const DURING = { from: "2026-11-17T00:00:00Z", to: "2026-11-18T00:00:00Z" };

test("the order is the one that shows the metric", () => {
  const order = (metric: Metric) => telling(metric, {}, DURING);
  expect(order("LATENCY_P95").order).toBe("SLOWEST");
  expect(order("TTFT_P95").order).toBe("SLOWEST");
  expect(order("COST").order).toBe("DEAREST");
  expect(order("VOLUME")).toMatchObject({ order: "NEWEST", failed: false });
  expect(order("ERROR_RATE")).toMatchObject({ order: "NEWEST", failed: true });
});
