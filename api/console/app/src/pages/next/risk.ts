// Which deployments may get more than they can carry, in words and in order. Pure.
import type { CapacityQuery } from "@/api/generated";
import { decoded } from "@/words/slices";

export type Risk = CapacityQuery["capacityRisk"][number];

/** From this probability on a deployment counts as at risk. */
export const AT_RISK = 0.05;

/** A probability in percent: what is almost none or almost sure is not shown as such. */
export function chance(probability: number): string {
  if (probability > 0 && probability < 0.001) return "< 0.1 %";
  if (probability < 1 && probability > 0.999) return "> 99.9 %";
  const percent = probability * 100;
  return `${Number(percent.toFixed(percent < 10 ? 1 : 0))} %`;
}

type Summary = {
  atRisk: readonly Risk[];
  judged: number;
  /** What they can carry is not known. */
  unknown: readonly Risk[];
  lost: readonly Risk[];
};

export function summaryOf(risks: readonly Risk[]): Summary {
  const serving = risks.filter(({ lost }) => !lost);
  const unknown = serving.filter(({ probabilityOverload }) => probabilityOverload === null);
  return {
    atRisk: serving.filter(({ probabilityOverload }) => (probabilityOverload ?? 0) >= AT_RISK),
    judged: serving.length - unknown.length,
    unknown,
    lost: risks.filter(({ lost }) => lost),
  };
}

/** Those that take over what the lost ones served, the most first. */
export function takingOver(risks: readonly Risk[]): Risk[] {
  return risks.filter(({ movedLoad }) => movedLoad > 0).sort((a, b) => b.movedLoad - a.movedLoad);
}

/** `aws,x%40k8s` as names, each escaped so that any character may be in it. */
export function withoutIn(text: string | null): string[] {
  const names = (text ?? "").split(",").filter(Boolean);
  return [...new Set(names.map(decoded))];
}

export function withoutText(names: readonly string[]): string | null {
  return names.map(encodeURIComponent).join(",") || null;
}

/** With it where it was not, and without it where it was. */
export function toggled(names: readonly string[], name: string): string[] {
  return names.includes(name) ? names.filter((one) => one !== name) : [...names, name];
}
