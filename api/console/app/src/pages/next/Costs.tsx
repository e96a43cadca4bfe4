// What cost more than was to be expected and why, and what cheaper routes had saved.
import { useMemo } from "react";
import { type Answered, useAnswer } from "@/api/answered";
import { CostAnomalies, type CostAnomaliesQuery, Trend } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import { Figure, Instant } from "@/parts/Known";
import { More, useFirst } from "@/parts/More";
import { Page } from "@/parts/Page";
import { TimeChart } from "@/parts/TimeChart";
import { TimePicker } from "@/shell/TimePicker";
import { hoursOf } from "@/time/hours";
import { granularityOf, type Period, usePeriod } from "@/time/period";
import { counted, figure } from "@/words/figures";
import tenantSpending from "../../../../../../graph/cypher/tenant_spending.cypher?raw";
import { AnomalyCard } from "./AnomalyCard";
import { useAsOf } from "./asOf";
import { newestFirst, shadesOf } from "./costs";
import { PastNote } from "./Past";
import { SavingsCard } from "./SavingsCard";

export function CostsPart() {
  const choice = usePeriod("7d");
  const { period, range } = choice;
  const [asOf] = useAsOf();
  const variables = { during: period, knownAt: asOf };
  // What was known stays while the period moves on, but never under another heading.
  const heading = `${range ?? JSON.stringify(period)} ${asOf}`;
  return (
    <Page
      title="Next: costs"
      beside={<TimePicker choice={choice} />}
      graphql={{ document: CostAnomalies, variables }}
      cypher={{ text: tenantSpending, parameters: { hours: hoursOf(period), tenants: null } }}
    >
      <PastNote />
      <Anomalies key={heading} period={period} asOf={asOf} />
      {asOf === null ? (
        <SavingsCard key={`savings ${heading}`} period={period} />
      ) : (
        <p className="quiet">
          Cheaper routes are only told as known now: go back to now to see them.
        </p>
      )}
    </Page>
  );
}

function Anomalies({ period, asOf }: { period: Period; asOf: string | null }) {
  const found = useAnswer(CostAnomalies, { during: period, knownAt: asOf }, { keep: true });
  return (
    <>
      <CostChart period={period} asOf={asOf} found={found.data} />
      <Found answered={found} />
    </>
  );
}

const WORD = { HOUR: "hour", DAY: "day", WEEK: "week" } as const;

type ChartProps = { period: Period; asOf: string | null; found: CostAnomaliesQuery | undefined };

function CostChart({ period, asOf, found }: ChartProps) {
  const granularity = granularityOf(period);
  const asked = { metric: "COST" as const, during: period, granularity, knownAt: asOf };
  const answered = useAnswer(Trend, asked, { keep: true });
  const shades = useMemo(() => shadesOf(found?.costAnomalies ?? []), [found]);
  const points = answered.data?.trend[0]?.points;
  const lines = useMemo(() => [{ name: "cost", points: points ?? [], stepped: true }], [points]);
  const title = `Cost by ${WORD[granularity]}`;
  return (
    <Asked answered={answered} what="the cost" lines={7}>
      {() => (
        <ChartFrame
          title={title}
          name={title.toLowerCase()}
          columns={[
            {
              key: "at",
              title: "From",
              value: ({ at }) => at,
              cell: ({ at }) => <Instant at={at} />,
            },
            {
              key: "value",
              title: "Cost",
              figures: true,
              value: ({ value }) => value,
              cell: ({ value }) => <Figure value={value} unit="usd" />,
            },
            { key: "count", title: "Requests", figures: true, value: ({ count }) => count },
          ]}
          rows={points ?? []}
          rowKey={({ at }) => at}
          chart={
            <TimeChart
              label={`${title}, with the hours that were dearer than expected`}
              lines={lines}
              format={(value) => figure(value, "usd")}
              period={period}
              shades={shades}
              height={220}
              fromZero
            />
          }
        />
      )}
    </Asked>
  );
}

function Found({ answered }: { answered: Answered<CostAnomaliesQuery> }) {
  const ordered = newestFirst(answered.data?.costAnomalies ?? []);
  const [first, more] = useFirst(ordered, 12);
  return (
    <Asked answered={answered} what="dear hours" lines={3}>
      {() =>
        ordered.length ? (
          <section className="next-anomalies" aria-labelledby="next-anomalies">
            <h2 id="next-anomalies">
              {counted(ordered.length, "time")} dearer than was to be expected
            </h2>
            {first.map((anomaly) => (
              <AnomalyCard key={JSON.stringify([anomaly.at, anomaly.where])} anomaly={anomaly} />
            ))}
            <More {...more} what="of them" />
          </section>
        ) : (
          <Empty title="Nothing cost more than was to be expected.">
            Hours are judged against what came before them; take a longer period to look further
            back.
          </Empty>
        )
      }
    </Asked>
  );
}
