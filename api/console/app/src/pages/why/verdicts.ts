// Verdicts, mechanisms and parts of a change in the words of an operator. Pure.
import type { Metric, Verdict } from "@/api/generated";
import { BETTER, METRIC_NAME, spaced } from "@/words/figures";
import type { Cause } from "./question";

type Tone = "plain" | "good" | "warn" | "bad" | "accent";

export const VERDICT: Record<Verdict, { word: string; tone: Tone }> = {
  EXPLAINED: { word: "Explained", tone: "good" },
  PARTLY_EXPLAINED: { word: "Partly explained", tone: "warn" },
  UNEXPLAINED: { word: "Unexplained", tone: "bad" },
  NO_CHANGE: { word: "No change", tone: "plain" },
  INSUFFICIENT_DATA: { word: "Too little data", tone: "warn" },
};

/** Whether a move of the metric is a good one: 1, −1, or 0 where it is neither. */
export function goodness(metric: Metric, by: number): 1 | -1 | 0 {
  const sign = Math.sign(by) * BETTER[metric];
  return sign > 0 ? 1 : sign < 0 ? -1 : 0;
}

/** What a cause did, as in `made what it touched worse`. */
export function mechanismWords(
  { mechanism, contribution }: Pick<Cause, "mechanism" | "contribution">,
  metric: Metric,
  delta: number | null,
): string {
  const good = goodness(metric, contribution * (delta ?? 0));
  const how = good > 0 ? "better" : good < 0 ? "worse" : "different";
  switch (mechanism) {
    case "WITHIN":
      return good === 0 ? "changed how what it touched does" : `made what it touched ${how}`;
    case "MIX":
      return `moved requests to where ${inSentence(METRIC_NAME[metric])} is ${how}`;
    case "PRICE":
      return "changed what a token costs";
    case "TOKENS":
      return "changed how many tokens a request has";
    case "EVALUATOR":
      return "changed how answers are judged, not the answers";
  }
  return spaced(mechanism);
}

/** As it stands in the middle of a sentence. */
export function inSentence(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

const PART_WORDS: Record<string, string> = {
  demand: "Who asked for what",
  routing: "Where requests were sent",
  judges: "Which evaluators scored",
  within: "The same work in the same place",
  requests: "How many requests",
  mix: "Which requests",
  tokens: "Tokens per request",
  price: "Price of a token",
};

/** What moved, of the split by demand, routing and the rest. */
export function partWords(name: string): string {
  return PART_WORDS[name] ?? `Other: ${spaced(name)}`;
}

/** What moved, of the split by dimensions. */
export function mixWords(name: string): string {
  return name === "within" ? "Within all of these" : `Mix by ${spaced(name)}`;
}

/** What to do next where no cause was found, the most useful first. */
export function remedies(verdict: Verdict, metric: Metric): string[] {
  const later = metric === "QUALITY" ? ["Ask again when more of the scores are in."] : [];
  switch (verdict) {
    case "NO_CHANGE":
      return [
        "Look at one deployment, task type or tier: a change in a small slice is lost in the whole.",
        "Compare with another period, or ask about a longer one.",
      ];
    case "INSUFFICIENT_DATA":
      return [...later, "Ask about a longer period, or a larger slice."];
    case "UNEXPLAINED":
      return [
        "Look at the slices that carry the change, and at requests of them.",
        "Begin the period earlier: what did it may have happened before.",
        "Was there a change that nobody reported? Send it as an event, then ask again.",
      ];
  }
  return [];
}
