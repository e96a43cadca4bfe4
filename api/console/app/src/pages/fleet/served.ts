// What a deployment served: its steps with all their figures, and the shares of what came. Pure.
import type { CompareQuery, Metric, TrendQuery } from "@/api/generated";
import { iso, ms } from "@/time/instants";
import type { Period } from "@/time/period";
import type { Ref } from "@/words/slices";

export type Point = TrendQuery["trend"][number]["points"][number];

/** The metrics that are drawn, in their order. */
export const DRAWN = ["ERROR_RATE", "LATENCY_P95", "QUALITY", "VOLUME", "COST"] as const;
export type Drawn = (typeof DRAWN)[number] & Metric;

export type Step = {
  at: string;
  requests: number | null;
  errorRate: number | null;
  latencyP95Ms: number | null;
  quality: number | null;
  scores: number | null;
  costUsd: number | null;
};

/** One row for each step that any of the metrics has, newest first. */
export function stepsOf(points: Partial<Record<Drawn, readonly Point[]>>): Step[] {
  const steps = new Map<number, Partial<Record<Drawn, Point>>>();
  for (const metric of DRAWN) {
    for (const point of points[metric] ?? []) {
      const instant = ms(point.at);
      const step = steps.get(instant) ?? {};
      step[metric] = point;
      steps.set(instant, step);
    }
  }
  return [...steps.entries()]
    .sort(([a], [b]) => b - a)
    .map(([instant, step]) => ({
      at: iso(instant),
      requests: step.VOLUME?.value ?? null,
      errorRate: step.ERROR_RATE?.value ?? null,
      latencyP95Ms: step.LATENCY_P95?.value ?? null,
      quality: step.QUALITY?.value ?? null,
      scores: step.QUALITY?.count ?? null,
      costUsd: step.COST?.value ?? null,
    }));
}

/** The period of the same length that ends where this one begins. */
export function justBefore({ from, to }: Period): Period {
  return { from: iso(2 * ms(from) - ms(to)), to: from };
}

export type Part = {
  key: readonly Ref[];
  requests: number;
  requestsBefore: number;
  /** Of all requests of the period; null where there were none. */
  share: number | null;
  shareBefore: number | null;
};

/** What part of the requests each group is, and was before, the largest first. */
export function partsOf(compared: CompareQuery["compare"]): Part[] {
  const sum = (which: "countAfter" | "countBefore") =>
    compared.reduce((total, one) => total + one[which], 0);
  const [after, before] = [sum("countAfter"), sum("countBefore")];
  return compared
    .map(({ key, countAfter, countBefore }) => ({
      key,
      requests: countAfter,
      requestsBefore: countBefore,
      share: after === 0 ? null : countAfter / after,
      shareBefore: before === 0 ? null : countBefore / before,
    }))
    .sort((a, b) => b.requests - a.requests || b.requestsBefore - a.requestsBefore);
}

/** Whether an incident or a change at something reaches the deployment: itself, or where it runs. */
export function reaching(place: {
  deployment: string;
  model: string | null;
  backend: string | null;
}): (kind: string, id: string) => boolean {
  return (kind, id) => {
    if (kind === "deployment") return id === place.deployment;
    if (kind === "model") return id === place.model;
    if (kind === "backend") return id === place.backend;
    // Whatever decides where requests go may send more or fewer of them here.
    return kind === "policy" || kind === "router" || kind === "global";
  };
}
