// Service level objectives in words, the most urgent first. Pure.
import type { Metric, SlosQuery } from "@/api/generated";
import { DAY_MS, iso, MINUTE_MS, ms, span } from "@/time/instants";
import type { Period } from "@/time/period";
import { digits } from "@/words/figures";

export type Slo = SlosQuery["slos"][number];
export type Burn = Slo["burns"][number];

type Tone = "good" | "warn" | "bad" | "plain";

/** What an objective calls for. */
const ACTION: Record<string, { word: string; tone: Tone }> = {
  lockdown: { word: "Lockdown: only what restores service", tone: "bad" },
  freeze: { word: "Freeze: no risky changes", tone: "warn" },
  unknown: { word: "Not known: too little to judge by", tone: "plain" },
  continue: { word: "Go on", tone: "good" },
};
const ACTIONS = Object.keys(ACTION);

export function actionOf({ action }: Slo): { word: string; tone: Tone } {
  return ACTION[action] ?? { word: action, tone: "plain" };
}

const SEVERITIES = ["page", "ticket"];

/** Pages, then tickets, then what calls for more, then what has less of its budget left. */
export function byUrgency(slos: readonly Slo[]): Slo[] {
  const alert = ({ alerts }: Slo) => {
    const ranks = alerts.map(({ severity }) => SEVERITIES.indexOf(severity));
    return ranks.length ? Math.min(...ranks) : SEVERITIES.length;
  };
  const left = ({ errorBudgetRemaining }: Slo) => errorBudgetRemaining ?? Infinity;
  return [...slos].sort(
    (a, b) =>
      alert(a) - alert(b) ||
      ACTIONS.indexOf(a.action) - ACTIONS.indexOf(b.action) ||
      (left(a) === left(b) ? 0 : left(a) - left(b)),
  );
}

/** `95 % of requests within 10,000 ms, over 28 days` */
export function promise({ objective, target, threshold, windowDays }: Slo): string {
  const share = `${precise(target)} of`;
  const over = `over ${digits(windowDays)} ${windowDays === 1 ? "day" : "days"}`;
  const limit = threshold === null ? "its limit" : digits(threshold, 6);
  if (objective === "latency") return `${share} requests within ${limit} ms, ${over}`;
  if (objective === "quality") return `${share} scores at least ${limit}, ${over}`;
  return `${share} requests end well, ${over}`;
}

/** A share close to one, with enough digits to tell it from the target. */
export function precise(share: number): string {
  return `${digits(share * 100, 5)} %`;
}

const METRIC: Record<string, Metric> = { latency: "LATENCY_P95", quality: "QUALITY" };

/** The metric that moves where an objective burns. */
export function metricOf({ objective }: Slo): Metric {
  return METRIC[objective] ?? "ERROR_RATE";
}

/** The window to ask about: of the alert that looks back furthest, else a day. */
export function burning({ alerts, judgedAt }: Slo): Period {
  const longest = Math.max(0, ...alerts.map(({ longMinutes }) => longMinutes * MINUTE_MS));
  const to = Math.floor(ms(judgedAt) / MINUTE_MS) * MINUTE_MS;
  return { from: iso(to - (longest || DAY_MS)), to: iso(to) };
}

/** `page: it burns 14.4 times too fast or more, over 1 h and over 5 min` */
export function alertWords({
  severity,
  longMinutes,
  shortMinutes,
  threshold,
}: Slo["alerts"][number]) {
  const [long, short] = [span(longMinutes * MINUTE_MS), span(shortMinutes * MINUTE_MS)];
  return `${severity}: it burns ${digits(threshold)} times too fast or more, over ${long} and over ${short}`;
}

/** Whether an address names it, with or without its tenant. */
export function isNamed({ id, tenant }: Slo, name: string | null): boolean {
  return name !== null && (name === id || name === `${tenant}/${id}`);
}
