// Budgets with what is spent, what the period is expected to cost, and when they run out.
import { Link } from "wouter";
import { useAnswer } from "@/api/answered";
import { Budgets } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { Between, Figure, Instant, SliceName, Tag } from "@/parts/Known";
import { More, useFirst } from "@/parts/More";
import { Page } from "@/parts/Page";
import { useParameters } from "@/shell/address";
import { hoursBefore } from "@/time/hours";
import { ms } from "@/time/instants";
import { useNow } from "@/time/period";
import { trendsAddress, whyAddress } from "@/words/addresses";
import { digits, percent } from "@/words/figures";
import { refsWithin, sliceWords } from "@/words/slices";
import tenantSpending from "../../../../../../graph/cypher/tenant_spending.cypher?raw";
import { pace, useAsOf } from "./asOf";
import { BudgetBar } from "./BudgetBar";
import { type Budget, byRisk, STANDING, spending, standingOf } from "./budgets";
import { PastNote, PastPicker } from "./Past";
import { TenantPicker } from "./TenantPicker";

export function BudgetsPart() {
  const [asOf] = useAsOf();
  const [search] = useParameters();
  const tenant = search.get("tenant");
  const variables = { tenant, at: asOf, knownAt: asOf };
  const answered = useAnswer(Budgets, variables, pace(asOf));
  const now = useNow();
  const tenants = tenant === null ? null : [tenant];
  return (
    <Page
      title="Next: budgets"
      beside={
        <>
          <PastPicker />
          <TenantPicker />
        </>
      }
      graphql={{ document: Budgets, variables }}
      cypher={{ text: tenantSpending, parameters: { hours: hoursBefore(asOf, 24), tenants } }}
    >
      <PastNote />
      <Asked key={`${tenant} ${asOf}`} answered={answered} what="the budgets" lines={8}>
        {({ budgets }) => <Shown budgets={budgets} now={asOf === null ? now : ms(asOf)} />}
      </Asked>
    </Page>
  );
}

const keyOf = ({ tenant, id }: Budget) => `${tenant} ${id}`;

function Shown({ budgets, now }: { budgets: readonly Budget[]; now: number }) {
  const ordered = byRisk(budgets, now);
  const [first, more] = useFirst(ordered, 24);
  if (!budgets.length) {
    return (
      <Empty title="No budget is defined.">
        Send one as an event of kind budget, or take another tenant.
      </Empty>
    );
  }
  const fine = ordered.filter((budget) => standingOf(budget, now) === "lasts").length;
  return (
    <ChartFrame
      title={`${fine} of ${ordered.length} budgets last to the end of their period`}
      name="budgets"
      columns={columnsAt(now)}
      rows={ordered}
      rowKey={keyOf}
      chart={
        <ul className="next-budgets">
          {first.map((budget) => (
            <li key={keyOf(budget)}>
              <OneBudget budget={budget} now={now} />
            </li>
          ))}
        </ul>
      }
    >
      <More {...more} what="budgets" />
      <p className="quiet">
        On each bar: what is spent, the forecast for the whole period with its 80 % interval, the
        limit, and ▾ where even spending would stand by now. A burn rate of 1 is even spending: it
        lasts just to the end.
      </p>
    </ChartFrame>
  );
}

function OneBudget({ budget, now }: { budget: Budget; now: number }) {
  const { id, period, spentUsd, limitUsd, burnRate, forecastUsd, exhaustedAt } = budget;
  const standing = standingOf(budget, now);
  const told = spending(budget, now);
  const [asOf] = useAsOf();
  return (
    <article aria-label={`Budget ${id} of ${budget.tenant}`}>
      <h3 className="row">
        <span>
          <SliceName refs={refsWithin(budget)} />, {period}
        </span>
        <Tag tone={STANDING[standing].tone}>{STANDING[standing].word}</Tag>
        {exhaustedAt === null ? null : <Instant at={exhaustedAt} age />}
      </h3>
      <BudgetBar budget={budget} now={now} />
      <p>
        <strong>
          <Figure value={spentUsd} unit="usd" />
        </strong>{" "}
        of <Figure value={limitUsd} unit="usd" /> spent
        {limitUsd > 0 ? ` (${percent(spentUsd / limitUsd)})` : ""}, burn rate{" "}
        <data value={burnRate}>{digits(burnRate)}</data>; expected of the whole {period}:{" "}
        {forecastUsd === null ? (
          "not known"
        ) : (
          <>
            <Figure value={forecastUsd} unit="usd" /> (80 %:{" "}
            <Between low={budget.forecastLowUsd} high={budget.forecastHighUsd} unit="usd" />)
          </>
        )}
        .
      </p>
      {told ? (
        <p className="next-onward">
          <Link
            href={trendsAddress({ metric: "COST", ...told })}
            aria-label={`Trend of the cost of ${id} of ${budget.tenant}`}
          >
            Trend of the cost
          </Link>
          {standing === "lasts" ? null : (
            <Link
              href={whyAddress({
                metric: "COST",
                during: told.period,
                where: told.where,
                knownAt: asOf,
              })}
              aria-label={`Why this cost: ${id} of ${budget.tenant}`}
            >
              Why?
            </Link>
          )}
        </p>
      ) : null}
    </article>
  );
}

function columnsAt(now: number): Column<Budget>[] {
  type Amount = "limitUsd" | "spentUsd" | "remainingUsd" | "forecastUsd";
  const usd = (key: Amount | "forecastLowUsd" | "forecastHighUsd", title: string) => ({
    key,
    title,
    figures: true,
    value: (budget: Budget) => budget[key],
    cell: (budget: Budget) => <Figure value={budget[key]} unit="usd" />,
  });
  return [
    { key: "tenant", title: "Tenant", value: ({ tenant }) => tenant },
    { key: "id", title: "Budget", value: ({ id }) => id },
    { key: "where", title: "For", value: ({ where }) => sliceWords(where) },
    { key: "period", title: "Period", value: ({ period }) => period },
    {
      key: "standing",
      title: "Stands",
      value: (budget) => STANDING[standingOf(budget, now)].word,
    },
    usd("limitUsd", "Limit"),
    usd("spentUsd", "Spent"),
    usd("remainingUsd", "Left"),
    {
      key: "burn",
      title: "Burn rate",
      figures: true,
      value: ({ burnRate }) => burnRate,
      cell: ({ burnRate }) => <Figure value={burnRate} unit="rate" />,
    },
    usd("forecastUsd", "Forecast"),
    usd("forecastLowUsd", "Lower 80 %"),
    usd("forecastHighUsd", "Upper 80 %"),
    {
      key: "exhausted",
      title: "Used up",
      value: ({ exhaustedAt }) => exhaustedAt,
      cell: ({ exhaustedAt }) => (exhaustedAt === null ? "no" : <Instant at={exhaustedAt} />),
    },
    { key: "requests", title: "Requests", figures: true, value: ({ requests }) => requests },
    { key: "method", title: "Forecast by", value: ({ method }) => method },
  ];
}
