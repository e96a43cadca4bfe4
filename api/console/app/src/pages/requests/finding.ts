// Which requests are looked for, as the address says it, and what a request amounts to. Pure.
import type { RequestOrder, RequestsQuery } from "@/api/generated";

export type Found = RequestsQuery["requests"][number];

export const ORDERS = [
  ["NEWEST", "Newest"],
  ["SLOWEST", "Slowest"],
  ["WORST_SCORED", "Worst scored"],
  ["DEAREST", "Dearest"],
] as const satisfies readonly (readonly [RequestOrder, string])[];

export function orderIn(told: string | null): RequestOrder {
  return ORDERS.find(([order]) => order === told)?.[0] ?? "NEWEST";
}

/** The mean of the scores in force; null where there is none yet. */
export function meanScore(quality: readonly { score: number }[]): number | null {
  if (!quality.length) return null;
  return quality.reduce((sum, { score }) => sum + score, 0) / quality.length;
}

const TONES: Record<string, "good" | "warn" | "bad"> = { ok: "good", rate_limited: "warn" };

/** How a request ended, as a tone: well, held back, or not answered. */
export function toneOf(status: string): "good" | "warn" | "bad" {
  return TONES[status] ?? "bad";
}
