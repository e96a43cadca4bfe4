// Hours that cost more than was to be expected, in words and as regions of the time axis. Pure.
import type { CostAnomaliesQuery, CostDriver } from "@/api/generated";
import type { Shade } from "@/parts/TimeChart";
import { ms } from "@/time/instants";
import { investigationAddress, whyAddress } from "@/words/addresses";
import { sliceOf } from "@/words/slices";

export type Anomaly = CostAnomaliesQuery["costAnomalies"][number];

export const DRIVER: Record<CostDriver, string> = {
  VOLUME: "more requests, or more of the dear kinds",
  ROUTE: "dearer deployments answered",
  TOKENS: "requests had more tokens",
  PRICE: "a token cost more",
};

/** The newest first; of one time the dearest. */
export function newestFirst(anomalies: readonly Anomaly[]): Anomaly[] {
  const excess = ({ spentUsd, expectedUsd }: Anomaly) => spentUsd - expectedUsd;
  return [...anomalies].sort((a, b) => ms(b.at) - ms(a.at) || excess(b) - excess(a));
}

/** Their hours as regions; those that meet are one. */
export function shadesOf(anomalies: readonly Anomaly[]): Shade[] {
  const found: Shade[] = [];
  for (const { at, until } of [...anomalies].sort((a, b) => ms(a.at) - ms(b.at))) {
    const last = found.at(-1);
    if (!last || ms(at) > ms(last.to)) {
      found.push({ from: at, to: until, label: "dearer than was to be expected" });
    } else if (ms(until) > ms(last.to)) last.to = until;
  }
  return found;
}

/** Where its cause is told: what was investigated, else the question as of then; null where none can be asked. */
export function whyOf(
  { investigation, at, until, where }: Anomaly,
  knownAt: string | null,
): string | null {
  if (investigation !== null) return investigationAddress(investigation);
  const slice = sliceOf(where);
  const during = { from: at, to: until };
  return slice && whyAddress({ metric: "COST", during, where: slice, knownAt });
}
