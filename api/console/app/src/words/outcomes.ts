// What can be said of a comparison: of the arms of an experiment, or of a rollout with its twins. Pure.
import type { ExperimentVerdict } from "@/api/generated";

type Tone = "plain" | "good" | "warn" | "bad";

export const OUTCOME: Record<ExperimentVerdict, { word: string; tone: Tone }> = {
  WINNER: { word: "better", tone: "good" },
  HARMFUL: { word: "harmful", tone: "bad" },
  NO_DIFFERENCE: { word: "no difference", tone: "plain" },
  UNDECIDED: { word: "undecided", tone: "plain" },
  INSUFFICIENT_DATA: { word: "too little data", tone: "warn" },
};
