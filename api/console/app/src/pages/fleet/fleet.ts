// What the fleet page thinks: what changed, what is worst, how many are how, what stands where. Pure.
import type { FleetQuery, HealthStatus, Metric, UnderWayQuery } from "@/api/generated";
import { DAY_MS, HOUR_MS, iso, MINUTE_MS, ms } from "@/time/instants";
import type { WhyAsked } from "@/words/addresses";

export type Health = FleetQuery["fleet"][number];
type OpenIncident = UnderWayQuery["incidents"][number];

/** The states, the worst first. */
export const STATUSES: readonly HealthStatus[] = ["DOWN", "DEGRADED", "UNKNOWN", "HEALTHY"];
const BREAKERS = ["OPEN", "HALF_OPEN", "CLOSED"] as const;

/** Whether both say the same. The age is left out: it grows by itself, and is shown by the clock. */
export function alike(one: Health, other: Health): boolean {
  if (one === other) return true;
  const { ageMs: _, ...a } = one;
  const { ageMs: __, ...b } = other;
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What was known, with what changed since; what did not change stays the very object it was. */
export function merged(before: readonly Health[], changed: readonly Health[]): Health[] {
  const found = new Map(before.map((one) => [one.deployment, one]));
  for (const one of changed) found.set(one.deployment, one);
  return [...found.values()].sort((a, b) => byName(a.deployment, b.deployment));
}

function byName(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}

/**
 * The worst first: by state, then what gets no requests, then what can't be relied on, then by
 * errors. The healthy ones stand by name, so that they keep their places while figures move.
 */
export function worstFirst(fleet: readonly Health[]): Health[] {
  return [...fleet].sort((a, b) => compare(badness(a), badness(b)) || nameOrder(a, b));
}

function badness(one: Health): number[] {
  const status = STATUSES.indexOf(one.status);
  const breaker = BREAKERS.indexOf(one.breaker);
  if (one.status === "HEALTHY") return [status, breaker];
  return [status, breaker, one.stale ? 0 : 1, -(one.errorRate ?? 0)];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [place, value] of a.entries()) {
    const apart = value - (b[place] ?? 0);
    if (apart !== 0) return apart;
  }
  return 0;
}

function nameOrder(a: Health, b: Health): number {
  return byName(a.deployment, b.deployment);
}

type Count = { status: HealthStatus; count: number; stale: number };

/** How many are in each state, the worst first; states that nothing is in are left out. */
export function counts(fleet: readonly Health[]): Count[] {
  return STATUSES.map((status) => {
    const those = fleet.filter((one) => one.status === status);
    return { status, count: those.length, stale: those.filter(({ stale }) => stale).length };
  }).filter(({ count }) => count > 0);
}

/** `1 down, 1 unknown (stale), 17 healthy` */
export function summary(fleet: readonly Health[]): string {
  return counts(fleet)
    .map(({ status, count, stale }) => {
      const note = stale === 0 ? "" : stale === count ? " (stale)" : ` (${stale} stale)`;
      return `${count} ${status.toLowerCase()}${note}`;
    })
    .join(", ");
}

export type Filter = {
  status: readonly HealthStatus[];
  model: string | null;
  backend: string | null;
};

/** Those in one of the states (all where none is named), of the model and on the backend. */
export function kept(fleet: readonly Health[], { status, model, backend }: Filter): Health[] {
  return fleet.filter(
    (one) =>
      (status.length === 0 || status.includes(one.status)) &&
      (model === null || one.model === model) &&
      (backend === null || one.backend === backend),
  );
}

/** The states that an address names, as in `DOWN,DEGRADED`. */
export function statusesIn(text: string | null): HealthStatus[] {
  const named = new Set((text ?? "").split(","));
  return STATUSES.filter((status) => named.has(status));
}

/** Every value once, by name. */
export function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort(byName);
}

type Grid = {
  backends: string[];
  rows: { model: string; cells: { backend: string; here: Health[] }[] }[];
};

/** Models by backends; a place where nothing runs is empty, and one may hold several. */
export function grid(fleet: readonly Health[]): Grid {
  const backends = distinct(fleet.map(({ backend }) => backend));
  const rows = distinct(fleet.map(({ model }) => model)).map((model) => ({
    model,
    cells: backends.map((backend) => ({
      backend,
      here: fleet.filter((one) => one.model === model && one.backend === backend),
    })),
  }));
  return { backends, rows };
}

/** When the oldest of the open incidents that reach each deployment began. */
export function troubledSince(incidents: readonly OpenIncident[]): Map<string, string> {
  const since = new Map<string, string>();
  for (const { openedAt, affectedDeployments } of incidents) {
    for (const id of affectedDeployments) {
      const known = since.get(id);
      if (known === undefined || ms(openedAt) < ms(known)) since.set(id, openedAt);
    }
  }
  return since;
}

/** What to ask about an ill deployment; null where it is well, or nothing is known to ask about. */
export function whyOf(health: Health, now: number, since?: string): WhyAsked | null {
  if (health.status === "HEALTHY" || health.status === "UNKNOWN") return null;
  return {
    metric: metricOf(health),
    during: lateHours(now, since),
    where: { deployment: [health.deployment] },
  };
}

/** The metric that its reasons speak of: slow answers by their latency, all else by errors. */
function metricOf({ reasons, breakerReason }: Health): Metric {
  const words = [...reasons, breakerReason ?? ""].join(" ");
  const failing = /error rate|failed|unavailable/i.test(words.replace(/error rate 0 %/g, ""));
  return !failing && /slower|latency/i.test(words) ? "LATENCY_P95" : "ERROR_RATE";
}

/** Since the trouble began where that is known and no longer than a day ago, else six hours. */
function lateHours(now: number, since?: string): { from: string; to: string } {
  const to = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const began = since === undefined ? to - 6 * HOUR_MS : ms(since);
  // Whole hours, as the traffic is counted, and two at least, so that there is enough to tell by.
  const from = Math.floor(Math.min(began, to - 2 * HOUR_MS) / HOUR_MS) * HOUR_MS;
  return { from: iso(Math.max(from, to - DAY_MS)), to: iso(to) };
}
