// Choices of a page that its address keeps, so that a link shows the same to everyone.

import type { Dimension, Metric, SliceInput } from "@/api/generated";
import { METRIC_NAME } from "@/words/figures";
import { DIMENSION_NAME, sliceIn, sliceText } from "@/words/slices";
import { type How, useSearchParams } from "./location";

export type Change = Record<string, string | null>;

/** The parameters of the address, and a way to change some of them; null takes one away. */
export function useParameters(): [URLSearchParams, (change: Change, how?: How) => void] {
  const [search, setSearch] = useSearchParams();
  const change = (given: Change, how?: How) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      for (const [name, value] of Object.entries(given)) {
        if (value) next.set(name, value);
        else next.delete(name);
      }
      return next;
    }, how);
  return [search, change];
}

/** One parameter that takes one of some values; the first is the usual, and is not written. */
export function useChoice<Value extends string>(
  name: string,
  values: readonly [Value, ...Value[]],
): [Value, (value: Value) => void] {
  const [search, change] = useParameters();
  const told = search.get(name) as Value | null;
  const value = told !== null && values.includes(told) ? told : values[0];
  return [value, (chosen) => change({ [name]: chosen === values[0] ? null : chosen })];
}

export function useMetric(usual: Metric): [Metric, (metric: Metric) => void] {
  const [search, change] = useParameters();
  const told = search.get("metric");
  const metric = told !== null && Object.hasOwn(METRIC_NAME, told) ? (told as Metric) : usual;
  return [metric, (chosen) => change({ metric: chosen })];
}

export function useSlice(): [SliceInput, (where: SliceInput) => void] {
  const [search, change] = useParameters();
  return [sliceIn(search.get("where")), (where) => change({ where: sliceText(where) || null })];
}

export function useGroupBy(): [Dimension[], (dimensions: readonly Dimension[]) => void] {
  const [search, change] = useParameters();
  const told = (search.get("by") ?? "")
    .split(",")
    .filter((one) => Object.hasOwn(DIMENSION_NAME, one));
  return [
    told as Dimension[],
    (dimensions) => change({ by: dimensions.length ? dimensions.join(",") : null }),
  ];
}
