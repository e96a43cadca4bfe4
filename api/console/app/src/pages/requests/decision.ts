// A routing decision with what was known of each candidate when it was made. Pure.
import type { RequestQuery } from "@/api/generated";
import { halves } from "@/words/slices";

export type Request = NonNullable<RequestQuery["request"]>;
type Health = Request["contextThen"]["fleet"][number];

export type Considered = {
  deployment: string;
  /** The router's score; null where it told none. */
  score: number | null;
  /** The code of why it was ruled out; null where it was not. */
  rejected: string | null;
  propensity: number | null;
  outcome: "chosen" | "failed first" | "eligible" | "ruled out";
  /** Why it failed, where it was tried before. */
  cause: string | null;
  /** What was known of its health; null where nothing was. */
  known: Health | null;
};

/** Every candidate: what was chosen, what failed before it, what could have served, what could not. */
export function considered({ decision, contextThen }: Request): Considered[] {
  const known = new Map(contextThen.fleet.map((health) => [health.deployment, health]));
  const failed = new Map(
    decision.fallbackCauses.map(({ deployment, cause }) => [deployment, cause]),
  );
  const told = new Map(decision.candidates.map((one) => [one.deployment, one]));
  const names = new Set([decision.deployment, ...failed.keys(), ...told.keys()]);
  return [...names]
    .map((deployment): Considered => {
      const candidate = told.get(deployment);
      const rejected = candidate?.rejected ?? null;
      return {
        deployment,
        score: candidate?.score ?? null,
        rejected,
        propensity: candidate?.propensity ?? null,
        outcome: outcomeOf(deployment, decision.deployment, failed, rejected),
        cause: failed.get(deployment) ?? null,
        known: known.get(deployment) ?? null,
      };
    })
    .sort(
      (a, b) =>
        ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome) ||
        (b.score ?? -1) - (a.score ?? -1) ||
        a.deployment.localeCompare(b.deployment),
    );
}

const ORDER: readonly Considered["outcome"][] = ["chosen", "failed first", "eligible", "ruled out"];

function outcomeOf(
  deployment: string,
  chosen: string,
  failed: ReadonlyMap<string, unknown>,
  rejected: string | null,
): Considered["outcome"] {
  if (deployment === chosen) return "chosen";
  if (failed.has(deployment)) return "failed first";
  return rejected === null ? "eligible" : "ruled out";
}

/** Changes known then that reached a deployment that was considered. */
export function touching(request: Request): Request["contextThen"]["recentChanges"] {
  const names = new Set(
    considered(request).flatMap(({ deployment }) => [deployment, ...(halves(deployment) ?? [])]),
  );
  return request.contextThen.recentChanges.filter(
    ({ targets }) => !targets.length || targets.some(({ id }) => names.has(id)),
  );
}
