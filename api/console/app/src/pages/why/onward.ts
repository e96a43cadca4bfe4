// What to do with a cause: the requests that it hurt, and what had been otherwise. Pure.
import type { NamesQuery, SliceInput, WhatIfQueryVariables } from "@/api/generated";
import { iso, ms } from "@/time/instants";
import type { Period } from "@/time/period";
import type { RequestsAsked } from "@/words/addresses";
import { narrowed, type Ref, sliceOf } from "@/words/slices";
import { telling } from "@/words/telling";
import type { Cause, Question } from "./question";

/** The part of these things that a slice can hold. */
export function sliceWithin(refs: readonly Ref[]): SliceInput {
  return sliceOf(refs.filter((ref) => sliceOf([ref]) !== null)) ?? {};
}

/** What the event touched first: on its path, or where it acted. */
function touched({ path, where }: Pick<Cause, "path" | "where">): Ref[] {
  const places = [...path.slice(0, 1).map(({ to }) => to), ...where];
  const seen = new Map(places.map((ref) => [`${ref.kind}:${ref.id}`, ref]));
  return [...seen.values()];
}

/** The part of the period in which a cause was at work. */
export function under(during: Period, at: string): Period {
  const from = Math.max(ms(during.from), Math.floor(ms(at) / 60_000) * 60_000);
  return from < ms(during.to) ? { from: iso(from), to: during.to } : during;
}

/** The requests that a cause hurt. */
export function hurt(asked: Question, cause: Cause): RequestsAsked {
  const where = narrowed(asked.where, sliceWithin(touched(cause)));
  return telling(asked.metric, where, under(asked.during, cause.at));
}

export type Otherwise = {
  question: string;
  /** How what is told of it begins. */
  words: string;
  given: Pick<WhatIfQueryVariables, "policyVersion" | "without" | "arm">;
};

type Names = Pick<NamesQuery["names"], "changes" | "arms">;

const REMOVABLE = new Set(["deployment", "backend"]);

/** Other ways in which the traffic of a cause might have gone. */
export function otherwises(cause: Cause, names: Names | undefined): Otherwise[] {
  if (cause.kind === "policy") return earlierPolicy(cause, names);
  if (cause.kind === "experiment") {
    const arms = names?.arms.filter((arm) => arm.startsWith(`${cause.id}/`)) ?? [];
    return arms.map((arm) => ({
      question: `What if arm ${arm.slice(cause.id.length + 1)} had had all of it?`,
      words: `With all of it in arm ${arm.slice(cause.id.length + 1)}`,
      given: { arm },
    }));
  }
  return touched(cause)
    .filter(({ kind }) => REMOVABLE.has(kind))
    .map(({ id }) => ({
      question: `What if ${id} had not been there?`,
      words: `Without ${id}`,
      given: { without: [id] },
    }));
}

/** The version that was in force before this one. */
function earlierPolicy({ id, at }: Cause, names: Names | undefined): Otherwise[] {
  const policy = id.slice(0, id.lastIndexOf("@") + 1);
  const earlier = (names?.changes ?? [])
    .filter((change) => change.kind === "policy" && change.id.startsWith(policy))
    .filter((change) => ms(change.at) < ms(at) && change.id !== id)
    .sort((a, b) => ms(b.at) - ms(a.at))[0];
  if (!earlier) return [];
  const question = `What if ${earlier.id} had been in force?`;
  return [{ question, words: `Under ${earlier.id}`, given: { policyVersion: earlier.id } }];
}
