// What the page of trends asks the service, and the lines and tables that come of the answers.
import { useMemo } from "react";
import { type Answered, useAnswer } from "@/api/answered";
import {
  Compare,
  type CompareQuery,
  Trend,
  type TrendQuery,
  type TrendQueryVariables,
} from "@/api/generated";
import type { Line } from "@/parts/TimeChart";
import type { Period } from "@/time/period";
import { BETTER } from "@/words/figures";
import { type Asked, againstWords, distanceOf, shifted } from "./asked";
import { askedSlice, type Compared, drawn, isNarrow, keyText, nameOf } from "./groups";
import { earlierLines, linesOf } from "./lines";

/** Earlier lines beside more than these would only confuse. */
export const EARLIER_AT_MOST = 4;
/** Intervals of more lines than these hide each other, unless one asks for them. */
const INTERVALS_AT_MOST = 2;

type Series = TrendQuery["trend"];

export type Trends = {
  compared: Answered<CompareQuery>;
  trend: Answered<TrendQuery>;
  comparedTo: Period;
  /** The groups that are drawn, in the order of their lines. */
  groups: readonly Compared[];
  series: Series;
  lines: readonly Line[];
  intervals: boolean;
};

const NONE: readonly never[] = [];

export function useTrends(asked: Asked): Trends {
  const { metric, groupBy, where, period, granularity, knownAt, against } = asked;
  const distance = distanceOf(period, against);
  const comparedTo = shifted(period, -distance);
  const common = { metric, groupBy: [...groupBy], knownAt };
  const narrow = isNarrow(where) ? where : null;
  const compared = useAnswer(
    Compare,
    { ...common, during: period, comparedTo, where: narrow },
    { keep: true },
  );
  const found = compared.data?.compare ?? NONE;
  const { ranking, picked } = asked;
  const groups = drawn(found, { ranking, picked, better: BETTER[metric] });
  const slice = askedSlice(where, groups, found);
  const variables: TrendQueryVariables = {
    ...common,
    during: period,
    granularity,
    where: isNarrow(slice) ? slice : null,
  };
  const trend = useAnswer(Trend, variables, {
    keep: true,
    // Which groups to ask for is known once they are compared.
    enabled: groupBy.length === 0 || compared.data !== undefined,
  });
  const withEarlier = asked.earlier && groups.length <= EARLIER_AT_MOST;
  const before = useAnswer(
    Trend,
    { ...variables, during: comparedTo },
    { keep: true, enabled: withEarlier && groups.length > 0 },
  );
  const keys = groups.map(({ key }) => keyText(key)).join(",");
  const [answer, earlier] = [trend.data?.trend, before.data?.trend];
  // biome-ignore lint/correctness/useExhaustiveDependencies: `keys` says which groups there are
  const series = useMemo(() => inOrder(answer, groupBy.length ? groups : null), [answer, keys]);
  const intervals = asked.intervals ?? series.length <= INTERVALS_AT_MOST;
  const words = againstWords(against, period);
  const lines = useMemo(
    () => [
      ...linesOf(series, intervals, nameOf),
      ...(withEarlier && earlier
        ? earlierLines(series, earlier, { distance, words, name: nameOf })
        : []),
    ],
    [series, intervals, withEarlier, earlier, distance, words],
  );
  return { compared, trend, comparedTo, groups, series, lines, intervals };
}

/** The series of the drawn groups in their order; without groups there is one. */
function inOrder(answer: Series | undefined, groups: readonly Compared[] | null): Series {
  if (!answer || groups === null) return answer ?? [];
  const byKey = new Map(answer.map((one) => [keyText(one.key), one]));
  return groups.flatMap(({ key }) => byKey.get(keyText(key)) ?? []);
}
