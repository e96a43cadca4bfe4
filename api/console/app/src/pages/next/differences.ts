// Differences between arms: on which scale each metric is drawn, and what each says. Pure.
import type { ExperimentQuery, ExperimentVerdict } from "@/api/generated";
import { BETTER } from "@/words/figures";

export type Experiment = NonNullable<ExperimentQuery["experiment"]>;
export type Arm = Experiment["arms"][number];
export type Difference = Experiment["differences"][number];

/** The same scale for every arm of a metric: as far as its widest interval reaches, zero amid. */
export function scaleOf(differences: readonly Difference[], metric: Difference["metric"]): number {
  const reach = differences
    .filter((one) => one.metric === metric)
    .flatMap(({ delta, low, high }) => [delta, low, high])
    .map((value) => Math.abs(value ?? 0));
  return Math.max(0, ...reach) || 1;
}

/** What its interval says: it is surely better or worse where zero is outside. */
export function saying({ metric, low, high }: Difference): "better" | "worse" | "differs" | "open" {
  if (low === null || high === null || (low <= 0 && high >= 0)) return "open";
  const sign = Math.sign(low + high) * BETTER[metric];
  return sign > 0 ? "better" : sign < 0 ? "worse" : "differs";
}

const WHY_NONE: Record<ExperimentVerdict, string> = {
  WINNER: "One arm is better.",
  HARMFUL: "An arm is worse on what guards the fleet: stop it.",
  NO_DIFFERENCE: "No winner: the arms are so alike that what is left can't matter.",
  UNDECIDED: "No winner yet: it may still be either way. Go on.",
  INSUFFICIENT_DATA: "No winner yet: there are too few requests or scores old enough to tell.",
};

/** The winner, or why there is none. */
export function winnerWords({ winner, outcome }: Pick<Experiment, "winner" | "outcome">): string {
  return winner === null ? WHY_NONE[outcome] : `${winner} is better.`;
}
