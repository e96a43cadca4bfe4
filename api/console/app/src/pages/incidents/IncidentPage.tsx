// One incident: what it reached and cost, what happened around it, why, and a draft of its postmortem.
import "./incidents.css";
import { Link } from "wouter";
import { type Answered, useAnswer } from "@/api/answered";
import { type HappeningsQuery, Impact, type ImpactQuery, SimilarIncidents } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { useHappenings } from "@/parts/happenings";
import { CauseLink, Instant, NodeLink, Tag } from "@/parts/Known";
import { MoreLink } from "@/parts/MoreLink";
import { Page } from "@/parts/Page";
import { useId } from "@/shell/location";
import { DAY_MS, iso, ms, span } from "@/time/instants";
import type { Period } from "@/time/period";
import { requestsAddress, whyAddress } from "@/words/addresses";
import { percent } from "@/words/figures";
import { sliceOf } from "@/words/slices";
import blastRadius from "../../../../../../graph/cypher/blast_radius.cypher?raw";
import { ImpactCard } from "./ImpactCard";
import { PostmortemCard } from "./PostmortemCard";
import { type Entry, scopeOf, timeline } from "./timeline";

type Known = NonNullable<ImpactQuery["impact"]>;

export default function IncidentPage() {
  const id = useId();
  const variables = { incident: id };
  const answered = useAnswer(Impact, variables, { everyMs: 60_000 });
  return (
    <Page
      title={answered.data?.impact?.title ?? `Incident ${id}`}
      graphql={{ document: Impact, variables }}
      cypher={{ text: blastRadius, parameters: { incident: id } }}
    >
      <Asked answered={answered} what={`incident ${id}`} lines={10}>
        {({ impact }) =>
          impact ? (
            <Told key={id} id={id} impact={impact} />
          ) : (
            <Empty title="No incident of this id is known.">
              It may belong to a tenant that your key may not see.{" "}
              <Link href="/incidents">All incidents</Link>
            </Empty>
          )
        }
      </Asked>
    </Page>
  );
}

function Told({ id, impact }: { id: string; impact: Known }) {
  const { from, to } = impact.during;
  const around = useHappenings({ from: iso(ms(from) - DAY_MS), to });
  const itself = around.data?.incidents.find((one) => one.id === id);
  return (
    <>
      <section className="card">
        <div className="row">
          <Tag>{id}</Tag>
          {itself ? <Tag tone="bad">{itself.severity}</Tag> : null}
          {itself?.resolvedAt === null ? <Tag tone="bad">open</Tag> : null}
          <span>
            <Instant at={from} />
            {itself ? (
              <>
                <Until at={itself.resolvedAt} />, {span(ms(to) - ms(from))}
              </>
            ) : null}
          </span>
          {itself ? (
            <span>
              on{" "}
              {itself.scopeId ? (
                <NodeLink kind={itself.scopeKind} id={itself.scopeId} />
              ) : (
                "everything"
              )}
            </span>
          ) : null}
          <MoreLink url={itself?.url} />
        </div>
        {itself?.rootCause ? <p>Found to be caused by: {itself.rootCause}</p> : null}
        {itself ? <Onward itself={itself} during={{ from, to }} /> : null}
      </section>
      <ImpactCard impact={impact} />
      <Around id={id} answered={around} />
      <Similar id={id} />
      <PostmortemCard incident={id} />
    </>
  );
}

function Until({ at }: { at: string | null }) {
  if (at === null) return <> until now</>;
  return (
    <>
      {" "}
      to <Instant at={at} />
    </>
  );
}

type OnwardProps = { itself: HappeningsQuery["incidents"][number]; during: Period };

/** Only once it is known what the incident is about: else they would lead to all traffic. */
function Onward({ itself, during }: OnwardProps) {
  const where = sliceOf(scopeOf(itself)) ?? {};
  return (
    <div className="row">
      <span>Why?</span>
      {(["ERROR_RATE", "LATENCY_P95", "QUALITY", "COST_PER_REQUEST"] as const).map((metric) => (
        <Link key={metric} href={whyAddress({ metric, during, where })}>
          {WHY[metric]}
        </Link>
      ))}
      <Link href={requestsAddress({ where, period: during, failed: true })}>Failed requests</Link>
      <Link href={requestsAddress({ where, period: during, order: "SLOWEST" })}>
        Slowest requests
      </Link>
    </div>
  );
}

const WHY = {
  ERROR_RATE: "errors",
  LATENCY_P95: "latency",
  QUALITY: "quality",
  COST_PER_REQUEST: "cost",
} as const;

function Around({ id, answered }: { id: string; answered: Answered<HappeningsQuery> }) {
  return (
    <section className="card" aria-labelledby="around">
      <h2 id="around">Around it: from a day before to its end</h2>
      <Asked answered={answered} what="what happened around it">
        {(found) => {
          const others = timeline(found).filter((entry) => entry.id !== id);
          return others.length ? (
            <ul className="incidents-list">
              {others.map((entry) => (
                <AroundItem key={`${entry.kind} ${entry.id}`} entry={entry} />
              ))}
            </ul>
          ) : (
            <p className="quiet">Nothing else was told of.</p>
          );
        }}
      </Asked>
    </section>
  );
}

function AroundItem({ entry: { kind, id, sort, at, title } }: { entry: Entry }) {
  return (
    <li data-kind={kind}>
      <Instant at={at} /> <Tag tone={kind === "incident" ? "bad" : "accent"}>{sort}</Tag>{" "}
      <NodeLink kind={kind} id={id}>
        {title}
      </NodeLink>
    </li>
  );
}

function Similar({ id }: { id: string }) {
  const answered = useAnswer(SimilarIncidents, { incident: id, first: 5 });
  return (
    <section className="card" aria-labelledby="similar">
      <h2 id="similar">Similar incidents</h2>
      <Asked answered={answered} what="similar incidents">
        {({ similarIncidents }) =>
          similarIncidents.length ? (
            <ul className="incidents-list">
              {similarIncidents.map(({ incident, similarity, because }) => (
                <li key={incident.id}>
                  <data value={similarity}>{percent(similarity)}</data> alike:{" "}
                  <CauseLink kind="incident" id={incident.id}>
                    {incident.title}
                  </CauseLink>{" "}
                  <span className="quiet">
                    <Instant at={incident.openedAt} />; {because.join("; ")}
                  </span>
                  {incident.rootCause ? <div>Its cause was: {incident.rootCause}</div> : null}
                </li>
              ))}
            </ul>
          ) : (
            <p className="quiet">No other incident is like it.</p>
          )
        }
      </Asked>
    </section>
  );
}
