// What an incident or a change reached and cost, beside the like before.
import type { ImpactQuery } from "@/api/generated";
import { DataTable } from "@/parts/DataTable";
import { Fact } from "@/parts/Fact";
import { Between, Figure, NodeLinks } from "@/parts/Known";
import { counted } from "@/words/figures";

type Impact = NonNullable<ImpactQuery["impact"]>;

export function ImpactCard({ impact }: { impact: Impact }) {
  const { deployments, baseline } = impact;
  return (
    <section className="card" aria-labelledby="impact">
      <h2 id="impact">What it reached</h2>
      <Figures impact={impact} />
      {baseline ? <p className="quiet">Before: {baseline}.</p> : null}
      <p>
        {counted(deployments.length, "deployment")}:{" "}
        <NodeLinks refs={deployments.map((id) => ({ kind: "deployment", id }))} />
      </p>
      <Names title="Tenants" kind="tenant" ids={impact.tenants} />
      <Names title="Objectives" kind="slo" ids={impact.slos} />
      {impact.tiers.length ? (
        <DataTable
          caption="By tier"
          columns={[
            { key: "tier", title: "Tier", value: ({ tier }) => tier },
            {
              key: "requests",
              title: "Requests",
              figures: true,
              value: ({ requests }) => requests,
            },
            { key: "failed", title: "Failed", figures: true, value: ({ failed }) => failed },
          ]}
          rows={impact.tiers}
          rowKey={({ tier }) => tier}
        />
      ) : null}
    </section>
  );
}

function Figures({ impact }: { impact: Impact }) {
  return (
    <dl className="facts">
      <Fact
        name="Requests"
        beside={
          <>
            before <Figure value={impact.requestsBefore} unit="count" />
          </>
        }
      >
        <Figure value={impact.requests} unit="count" />
      </Fact>
      <Fact
        name="Failed"
        beside={
          <>
            to be expected <Figure value={impact.failedExpected} unit="count" />
          </>
        }
      >
        <Figure value={impact.failed} unit="count" />
      </Fact>
      <Fact name="Served elsewhere after failing there">
        <Figure value={impact.displaced} unit="count" />
      </Fact>
      <Fact name="Users">
        <Figure value={impact.users} unit="count" why="too many to count" />
      </Fact>
      <Fact
        name="p95 latency"
        beside={
          <>
            before <Figure value={impact.latencyP95BeforeMs} unit="ms" />
          </>
        }
      >
        <Figure value={impact.latencyP95AfterMs} unit="ms" />
      </Fact>
      <Fact
        name={`Quality, ${counted(impact.scoredAfter, "score")}`}
        beside={
          <>
            before <Figure value={impact.qualityBefore} unit="score" />,{" "}
            {impact.scoredBefore === null
              ? "its scores not known"
              : counted(impact.scoredBefore, "score")}
          </>
        }
      >
        <Figure value={impact.qualityAfter} unit="score" why="no score yet" />
      </Fact>
      <Fact
        name="Cost"
        beside={
          <>
            of failed ones <Figure value={impact.failedCostUsd} unit="usd" />
          </>
        }
      >
        <Figure value={impact.costUsd} unit="usd" />
      </Fact>
      <Fact
        name="Dearer than before by"
        beside={
          <>
            95 %: <Between low={impact.extraCostLowUsd} high={impact.extraCostHighUsd} unit="usd" />
          </>
        }
      >
        <Figure value={impact.extraCostUsd} unit="usd" />
      </Fact>
    </dl>
  );
}

function Names({ title, kind, ids }: { title: string; kind: string; ids: readonly string[] }) {
  if (!ids.length) return null;
  return (
    <p>
      {title}: <NodeLinks refs={ids.map((id) => ({ kind, id }))} />
    </p>
  );
}
