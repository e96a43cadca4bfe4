// The scale that all bars of an investigation have in common, and which causes stand together. Pure.
import type { Cause, Found } from "./question";

export type Scale = { from: number; to: number };

const STEP = 0.1;
const LEAST = -1;
const MOST = 2;

/** From zero or less to the whole or more: as far as any bar and its limits reach, in tenths. */
export function commonScale(found: Pick<Found, "causes" | "unexplained">): Scale {
  const reach = found.causes.flatMap(({ contribution, contributionLow, contributionHigh }) => [
    contribution,
    contributionLow,
    contributionHigh,
  ]);
  if (found.unexplained !== null) reach.push(found.unexplained);
  return scaleOf(reach);
}

/** A scale that holds zero, the whole, and these shares; what is far outside is cut. */
export function scaleOf(shares: readonly number[]): Scale {
  const least = Math.max(LEAST, Math.min(0, ...shares));
  const most = Math.min(MOST, Math.max(1, ...shares));
  // A hair over the limit is no reason for another step.
  const down = Math.floor(least / STEP + 0.05) * STEP;
  const up = Math.ceil(most / STEP - 0.05) * STEP;
  return { from: round(Math.min(0, down)), to: round(Math.max(1, up)) };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

export type Group = {
  causes: Cause[];
  /** Events that the data can't tell from these, and that are no causes of their own here. */
  others: string[];
};

/** Causes that can't be told apart in one group each; groups by their best rank. */
export function groupsOf(causes: readonly Cause[]): Group[] {
  const ordered = [...causes].sort((a, b) => a.rank - b.rank);
  const known = new Set(ordered.map(({ id }) => id));
  const rivals = new Map(ordered.map((cause) => [cause.id, new Set(cause.indistinguishableFrom)]));
  const groups: Group[] = [];
  for (const cause of ordered) {
    const alike = groups.find(({ causes: those }) =>
      those.some(({ id }) => rivals.get(id)?.has(cause.id) || rivals.get(cause.id)?.has(id)),
    );
    if (alike) alike.causes.push(cause);
    else groups.push({ causes: [cause], others: [] });
  }
  for (const group of groups) {
    const named = group.causes.flatMap(({ indistinguishableFrom }) => indistinguishableFrom);
    group.others = [...new Set(named)].filter((id) => !known.has(id));
  }
  return groups;
}
