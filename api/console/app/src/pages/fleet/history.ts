// The history of a deployment's state: steps that suit a period, and runs of the same state. Pure.
import type { HealthStatus, StateHistoryQuery } from "@/api/generated";
import { DAY_MS, HOUR_MS, iso, MINUTE_MS, ms } from "@/time/instants";
import type { Period } from "@/time/period";
import { STATUSES } from "./fleet";

export type StateAt = StateHistoryQuery["stateHistory"][number];

const STEPS_MIN = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1440];
const MOST_STEPS = 150;

/** The shortest step, in minutes, that cuts the period into no more than can be told apart. */
export function stepMinutesOf({ from, to }: Period): number {
  const length = (ms(to) - ms(from)) / MINUTE_MS;
  return STEPS_MIN.find((step) => length / step <= MOST_STEPS) ?? 1440;
}

/**
 * The period, from a whole step on: so the instants that are asked about stay the same while the
 * end moves on by minutes.
 */
export function wholeSteps({ from, to }: Period, stepMinutes: number): Period {
  const step = stepMinutes * MINUTE_MS;
  return {
    from: iso(Math.floor(ms(from) / step) * step),
    to: iso(Math.ceil(ms(to) / step) * step),
  };
}

export type Run = {
  status: HealthStatus;
  breaker: StateAt["breaker"];
  stale: boolean;
  from: string;
  to: string;
  steps: number;
  /** Why, as it was told at the end. */
  reasons: readonly string[];
};

/** Steps in a row with the same state, breaker and staleness as one; each step ends at its instant. */
export function runsOf(states: readonly StateAt[], stepMinutes: number): Run[] {
  const runs: Run[] = [];
  for (const { at, status, breaker, stale, reasons } of states) {
    const last = runs.at(-1);
    const same = last?.status === status && last.breaker === breaker && last.stale === stale;
    if (last && same) {
      last.to = at;
      last.steps += 1;
      last.reasons = reasons;
    } else {
      const from = iso(ms(at) - stepMinutes * MINUTE_MS);
      runs.push({ status, breaker, stale, from, to: at, steps: 1, reasons });
    }
  }
  return runs;
}

/** The share of the steps in each state, the worst first; nothing where there is none. */
export function sharesOf(states: readonly StateAt[]): { status: HealthStatus; share: number }[] {
  return STATUSES.map((status) => ({
    status,
    share: states.filter((one) => one.status === status).length / states.length,
  })).filter(({ share }) => share > 0);
}

/** `hour`, `15 min`, `day` */
export function stepName(stepMinutes: number): string {
  if (stepMinutes * MINUTE_MS === DAY_MS) return "day";
  if (stepMinutes * MINUTE_MS === HOUR_MS) return "hour";
  return stepMinutes < 60 ? `${stepMinutes} min` : `${stepMinutes / 60} h`;
}
