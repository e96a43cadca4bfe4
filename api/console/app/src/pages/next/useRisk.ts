// The risk of overload, as the address asks for it: how far ahead, and without what.
import { type Answered, useAnswer } from "@/api/answered";
import { Capacity, type CapacityQuery } from "@/api/generated";
import { useParameters } from "@/shell/address";
import { pace } from "./asOf";
import { type Forecasted, HORIZONS } from "./load";
import { toggled, withoutIn, withoutText } from "./risk";
import type { LoadAsked } from "./useLoad";

/** Backends and deployments imagined lost, and how to add one or take it back. */
export function useWithout(): [string[], (name: string) => void, () => void] {
  const [search, change] = useParameters();
  const without = withoutIn(search.get("without"));
  return [
    without,
    (name) => change({ without: withoutText(toggled(without, name)) }),
    () => change({ without: null }),
  ];
}

export function useRisk(
  { horizon, asOf }: LoadAsked,
  without: readonly string[],
  enabled = true,
): Answered<CapacityQuery> {
  const variables = { horizonMinutes: HORIZONS[horizon].minutes, without: [...without], asOf };
  return useAnswer(Capacity, variables, { enabled, ...pace(asOf) });
}

export type Carried = {
  deployment: string;
  /** Requests per second; null where nothing tells. */
  capacity: number | null;
  /** Whether it serves nothing, as things are. */
  lost: boolean;
  limitedBy: string | null;
  moved: number;
  without: readonly string[];
};

/** What a series can at most be, where it is all requests of one deployment. */
export function useCarried(asked: LoadAsked, series: Forecasted): Carried | null {
  const [without] = useWithout();
  const { where, demand } = asked;
  const filters = Object.entries(where).filter(([, ids]) => ids?.length);
  const only = filters.every(([field]) => field === "deployment");
  const named = series.key.length === 1 && series.key[0]?.kind === "deployment";
  const alone = series.key.length === 0 && where.deployment?.length === 1;
  const id = named ? series.key[0]?.id : alone ? where.deployment?.[0] : undefined;
  const asks = demand === "requests" && only && id !== undefined;
  // The fan shows what comes as things are, and so does its limit.
  const usual = useRisk(asked, [], asks).data?.capacityRisk;
  const moved = useRisk(asked, without, asks).data?.capacityRisk;
  const of = (risks: typeof usual) => risks?.find(({ deployment }) => deployment === id);
  const found = asks ? of(usual) : undefined;
  if (!found) return null;
  const { deployment, capacity, limitedBy, lost } = found;
  return {
    deployment,
    capacity: lost ? null : capacity,
    lost,
    limitedBy,
    moved: of(moved)?.movedLoad ?? 0,
    without,
  };
}
