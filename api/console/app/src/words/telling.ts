// Which requests tell most of a metric. Pure.
import type { Metric, RequestOrder, SliceInput } from "@/api/generated";
import type { Period } from "@/time/period";
import type { RequestsAsked } from "./addresses";

/** What is read first of the requests that a change of this metric is made of. */
function orderOf(metric: Metric): RequestOrder {
  if (metric === "QUALITY") return "WORST_SCORED";
  if (metric === "COST" || metric === "COST_PER_REQUEST") return "DEAREST";
  return metric === "ERROR_RATE" || metric === "VOLUME" ? "NEWEST" : "SLOWEST";
}

/** The requests of a slice that tell most of a change. */
export function telling(metric: Metric, where: SliceInput, period: Period): RequestsAsked {
  return { where, period, order: orderOf(metric), failed: metric === "ERROR_RATE" };
}
