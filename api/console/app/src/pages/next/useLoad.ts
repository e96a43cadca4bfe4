// What is asked of the load to come, as the address holds it, and the answers to it.
import { useMemo } from "react";
import { type Answered, useAnswer } from "@/api/answered";
import {
  Forecast,
  type ForecastQuery,
  type ForecastQueryVariables,
  type SliceInput,
  Trend,
} from "@/api/generated";
import { useChoice, useGroupBy, useParameters, useSlice } from "@/shell/address";
import { MINUTE_MS } from "@/time/instants";
import type { Period } from "@/time/period";
import { useNow } from "@/time/period";
import { narrowed, sliceOf } from "@/words/slices";
import { pace, useAsOf } from "./asOf";
import {
  ahead,
  DEMANDS,
  type DemandName,
  type Forecasted,
  HORIZONS,
  type Horizon,
  type Measured,
  measuredPeriod,
  nameOf,
} from "./load";

export type LoadAsked = {
  asOf: string | null;
  horizon: Horizon;
  demand: DemandName;
  where: SliceInput;
  stepMs: number;
  variables: ForecastQueryVariables;
  /** The series that is drawn; null is the greatest. */
  drawn: string | null;
  set: {
    horizon: (horizon: Horizon) => void;
    demand: (demand: DemandName) => void;
    by: (dimension: string) => void;
    where: (where: SliceInput) => void;
    drawn: (name: string) => void;
  };
};

export function useLoadAsked(): LoadAsked {
  const [asOf] = useAsOf();
  const [horizon, setHorizon] = useChoice<Horizon>("horizon", ["6h", "1h", "24h"]);
  const [demand, setDemand] = useChoice<DemandName>("of", ["requests", "tokens", "cost"]);
  const [where, setWhere] = useSlice();
  const [groupBy] = useGroupBy();
  const [search, change] = useParameters();
  const { minutes, stepMinutes } = HORIZONS[horizon];
  return {
    asOf,
    horizon,
    demand,
    where,
    stepMs: stepMinutes * MINUTE_MS,
    variables: {
      horizonMinutes: minutes,
      stepMinutes,
      groupBy,
      asOf,
      of: DEMANDS[demand].of,
      where,
    },
    drawn: search.get("series"),
    set: {
      horizon: setHorizon,
      demand: setDemand,
      by: (dimension) => change({ by: dimension || null, series: null }),
      where: setWhere,
      drawn: (series) => change({ series }),
    },
  };
}

export function useForecast({ variables, asOf }: LoadAsked): Answered<ForecastQuery> {
  return useAnswer(Forecast, variables, pace(asOf));
}

/** What was measured of a series before its forecast, and since where that is of the past. */
export function useMeasured(
  asked: LoadAsked,
  series: Forecasted,
): { measured: Measured | undefined; period: Period | null } {
  const now = useNow();
  const { stepMs } = asked;
  const { backH } = HORIZONS[asked.horizon];
  const { metric } = DEMANDS[asked.demand];
  const period = useMemo(() => {
    if (metric === null) return null;
    const coming = ahead(series, stepMs);
    return coming && measuredPeriod(coming, backH, now);
  }, [metric, series, stepMs, backH, now]);
  // One slice is less to ask for than all groups of which one is drawn.
  const inside = sliceOf(series.key);
  const { data } = useAnswer(
    Trend,
    {
      metric: metric ?? "VOLUME",
      during: period ?? { from: "", to: "" },
      granularity: "HOUR",
      groupBy: inside ? null : (asked.variables.groupBy ?? null),
      where: inside ? narrowed(asked.where, inside) : asked.where,
    },
    { enabled: period !== null },
  );
  const found = data?.trend.find(({ key }) => inside || nameOf({ key }) === nameOf(series));
  return { measured: found, period };
}
