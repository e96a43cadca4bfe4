// Where nothing is asked yet: the question to be put together, and what is likely to be asked now.
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useAnswer } from "@/api/answered";
import { Fleet, type Metric, type SliceInput } from "@/api/generated";
import { Asked } from "@/parts/Asked";
import { useHappenings } from "@/parts/happenings";
import { Instant, NodeLink, Status, Tag } from "@/parts/Known";
import { Page } from "@/parts/Page";
import { lately, type Period, useNow, usePeriod } from "@/time/period";
import { whyAddress } from "@/words/addresses";
import { sliceWithin } from "./onward";
import { QuestionBar } from "./QuestionBar";
import { conditionsIn, metricIn, moved, type Question, since } from "./question";

const FREQUENT: readonly [Metric, string][] = [
  ["ERROR_RATE", "Errors"],
  ["LATENCY_P95", "Latency"],
  ["QUALITY", "Quality"],
  ["COST_PER_REQUEST", "Cost"],
];

export function Start({ search }: { search: URLSearchParams }) {
  const [, go] = useLocation();
  const choice = usePeriod("6h");
  const [draft, setDraft] = useState<Question>(() => ({
    metric: metricIn(search) ?? "ERROR_RATE",
    during: choice.period,
    ...conditionsIn(search),
  }));
  const asked = moved(draft, choice.period);
  return (
    <Page title="Why did it change?">
      <QuestionBar asked={asked} choice={choice} change={setDraft}>
        <button type="button" className="main" onClick={() => go(whyAddress(asked))}>
          Ask why
        </button>
      </QuestionBar>
      <section className="card" aria-labelledby="why-all">
        <h2 id="why-all">All requests of the last 6 hours</h2>
        <Lately where={{}} of="all requests" />
      </section>
      <OpenIncidents />
      <Unwell />
    </Page>
  );
}

function Lately({ where, of, period }: { where: SliceInput; of: string; period?: Period }) {
  const now = useNow();
  const during = period ?? lately("6h", now);
  return (
    <ul className="why-frequent">
      {FREQUENT.map(([metric, word]) => (
        <li key={metric}>
          <Link
            className="why-action"
            href={whyAddress({ metric, during, where })}
            aria-label={`${word} of ${of}`}
          >
            {word}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function OpenIncidents() {
  const now = useNow();
  const answered = useHappenings(lately("7d", now));
  return (
    <section className="card" aria-labelledby="why-incidents">
      <h2 id="why-incidents">Open incidents</h2>
      <Asked answered={answered} what="open incidents" lines={2}>
        {({ incidents }) => {
          const open = incidents.filter(({ resolvedAt }) => resolvedAt === null);
          if (!open.length) return <p className="quiet">No incident of the last 7 days is open.</p>;
          return (
            <ul className="why-starts">
              {open.map(({ id, title, severity, scopeKind, scopeId, openedAt }) => (
                <li key={id}>
                  <span>
                    <Tag tone="bad">{severity}</Tag>{" "}
                    <NodeLink kind="incident" id={id}>
                      {title}
                    </NodeLink>{" "}
                    <span className="quiet">
                      since <Instant at={openedAt} age />
                    </span>
                  </span>
                  <Lately
                    of={`incident ${id}`}
                    where={scopeId ? sliceWithin([{ kind: scopeKind, id: scopeId }]) : {}}
                    period={since(openedAt, now)}
                  />
                </li>
              ))}
            </ul>
          );
        }}
      </Asked>
    </section>
  );
}

function Unwell() {
  const answered = useAnswer(Fleet, {});
  return (
    <section className="card" aria-labelledby="why-fleet">
      <h2 id="why-fleet">Deployments that are not healthy</h2>
      <Asked answered={answered} what="the fleet" lines={2}>
        {({ fleet }) => {
          const unwell = fleet.filter(({ status }) => status !== "HEALTHY");
          if (!fleet.length) return <p className="quiet">No deployment is known yet.</p>;
          if (!unwell.length) return <p className="quiet">Every deployment is healthy.</p>;
          return (
            <ul className="why-starts">
              {unwell.map(({ deployment, status, stale, reasons }) => (
                <li key={deployment}>
                  <span>
                    <Status status={status} stale={stale} />{" "}
                    <NodeLink kind="deployment" id={deployment} />{" "}
                    <span className="quiet">{reasons[0]}</span>
                  </span>
                  <Lately of={deployment} where={{ deployment: [deployment] }} />
                </li>
              ))}
            </ul>
          );
        }}
      </Asked>
    </section>
  );
}
