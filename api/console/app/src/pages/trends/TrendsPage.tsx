// Any metric by any dimension over time, with what happened, and the way from a window to its cause.
import "./trends.css";
import { useMemo } from "react";
import { Trend } from "@/api/generated";
import { markersOf, useHappenings } from "@/parts/happenings";
import { Page } from "@/parts/Page";
import { TimePicker } from "@/shell/TimePicker";
import { hoursOf } from "@/time/hours";
import { sliceText } from "@/words/slices";
import bucketColumns from "../../../../../../graph/cypher/bucket_columns.cypher?raw";
import { type Asked, useAsked } from "./asked";
import { Controls } from "./Controls";
import { GroupTable } from "./GroupTable";
import { HappeningList } from "./HappeningList";
import { TrendChart } from "./TrendChart";
import { touching } from "./touching";
import { useTrends } from "./useTrends";
import { WindowPanel } from "./WindowPanel";

export default function TrendsPage() {
  const asked = useAsked();
  const { metric, groupBy, where, granularity, knownAt, period } = asked;
  const variables = { metric, during: period, granularity, groupBy: [...groupBy], where, knownAt };
  return (
    <Page
      title="Trends"
      beside={<TimePicker choice={asked.choice} />}
      graphql={{ document: Trend, variables }}
      cypher={{ text: bucketColumns, parameters: { hours: hoursOf(period), tenants: null } }}
    >
      <Controls asked={asked} />
      {/* What was known stays while the period moves on, but never under another heading. */}
      <Shown key={JSON.stringify([metric, groupBy, where, granularity, knownAt])} asked={asked} />
    </Page>
  );
}

function Shown({ asked }: { asked: Asked }) {
  const trends = useTrends(asked);
  const happened = useHappenings(asked.period);
  const { where, allMarks } = asked;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a slice is made anew at every turn; its text is not
  const markers = useMemo(
    () => markersOf(happened.data, allMarks ? undefined : touching(where)),
    [happened.data, allMarks, sliceText(where)],
  );
  return (
    <>
      <TrendChart asked={asked} trends={trends} markers={markers} />
      <WindowPanel asked={asked} />
      <GroupTable asked={asked} trends={trends} />
      <HappeningList asked={asked} happened={happened} />
    </>
  );
}
