// One request: why it went where it went, from what could be known then, how it ended and was scored.
import { Fact } from "@/parts/Fact";
import { spaced } from "@/words/figures";
import "./requests.css";
import { Link } from "wouter";
import { useAnswer } from "@/api/answered";
import { Request as RequestDocument } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { Figure, Instant, NodeLink, Share, Tag, Unknown } from "@/parts/Known";
import { Page } from "@/parts/Page";
import { useId } from "@/shell/location";
import { iso, ms, span } from "@/time/instants";
import { address, requestsAddress, whyAddress } from "@/words/addresses";
import requestPath from "../../../../../../graph/cypher/request_path.cypher?raw";
import { CandidateTable } from "./CandidateTable";
import { type Request, touching } from "./decision";
import { toneOf } from "./finding";
import { RoutedNow } from "./RoutedNow";

export default function RequestPage() {
  const id = useId();
  const variables = { id };
  const answered = useAnswer(RequestDocument, variables, { everyMs: 60_000 });
  return (
    <Page
      title={`Request ${id}`}
      graphql={{ document: RequestDocument, variables }}
      cypher={{ text: requestPath, parameters: { request: id, tenants: null } }}
    >
      <Asked answered={answered} what={`request ${id}`} lines={12}>
        {({ request }) =>
          request ? (
            <Told request={request} />
          ) : (
            <Empty title="No request of this id is known.">
              It may not have arrived yet, belong to a tenant that your key may not see, or have
              been thinned out by retention. <Link href="/requests">Find requests</Link>
            </Empty>
          )
        }
      </Asked>
    </Page>
  );
}

function Told({ request }: { request: Request }) {
  return (
    <>
      <Outcome request={request} />
      <section className="card" aria-labelledby="routed-here">
        <h2 id="routed-here">Why was it routed here</h2>
        <Decided request={request} />
        <CandidateTable request={request} />
      </section>
      <Scores request={request} />
      <Then request={request} />
      <RoutedNow request={request} />
    </>
  );
}

function Outcome({ request }: { request: Request }) {
  const { at, decision, taskType, tier, tenant, user } = request;
  const around = { from: iso(ms(at) - 3_600_000), to: iso(ms(at) + 3_600_000) };
  const where = { deployment: [decision.deployment] };
  const question = `Why did request ${request.id} go to ${decision.deployment}?`;
  return (
    <section className="card">
      <div className="row">
        <Tag tone={toneOf(request.status)}>{spaced(request.status)}</Tag>
        {request.errorType ? <strong>{request.errorType}</strong> : null}
        <span>
          on <NodeLink kind="deployment" id={decision.deployment} /> at <Instant at={at} seconds />
        </span>
      </div>
      <dl className="facts">
        <Fact name="Latency">
          <Figure value={request.latencyMs} unit="ms" />
        </Fact>
        <Fact name="First token">
          <Figure value={request.ttftMs} unit="ms" />
        </Fact>
        <Fact name="In the queue">
          <Figure value={request.queueMs} unit="ms" />
        </Fact>
        <Fact name="Cost">
          <Figure value={request.costUsd} unit="usd" />
        </Fact>
        <Fact name="Tokens in">
          <Figure value={request.promptTokens} unit="count" />
        </Fact>
        <Fact name="Tokens out">
          <Figure value={request.completionTokens} unit="count" />
        </Fact>
        <Fact name="Task type">
          <NodeLink kind="task_type" id={taskType} />
        </Fact>
        <Fact name="Tier">
          <NodeLink kind="tier" id={tier} />
        </Fact>
        <Fact name="Tenant">
          <NodeLink kind="tenant" id={tenant} />
        </Fact>
        <Fact name="User">
          <Link href={requestsAddress({ where: { user: [user] }, period: around })}>{user}</Link>
        </Fact>
        <Fact name="Tried again">
          <Figure value={request.retries} unit="count" />
        </Fact>
        <Fact name="From a cache">{request.cacheHit ? "yes" : "no"}</Fact>
        {request.session ? <Fact name="Session">{request.session}</Fact> : null}
        {request.labels.map(({ name, value }) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
      <p className="row">
        <Link href={address("/ask", { question })}>Ask why in words</Link>
        <Link href={whyAddress({ metric: metricOf(request), during: around, where })}>
          Why was {decision.deployment} so at that time
        </Link>
      </p>
    </section>
  );
}

function metricOf({ status }: Request) {
  return status === "ok" ? "LATENCY_P95" : "ERROR_RATE";
}

function Decided({ request }: { request: Request }) {
  const { decision, contextThen } = request;
  const version = `${decision.policy}@${decision.policyVersion}`;
  const inForce = contextThen.policy;
  return (
    <>
      {decision.reasons.length ? (
        <ul className="requests-reasons">
          {decision.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      ) : (
        <p className="quiet">The router told no reason of its own.</p>
      )}
      <dl className="facts">
        <Fact name="Method">{decision.method}</Fact>
        <Fact name="Policy">
          <NodeLink kind="policy_version" id={version} />
        </Fact>
        <Fact name="Confidence">
          <Share value={decision.confidence} />
        </Fact>
        <Fact name="Propensity">
          <Share value={decision.propensity} />
        </Fact>
        {decision.experiment ? (
          <Fact name="Experiment">
            <NodeLink kind="experiment" id={decision.experiment} />, arm {decision.arm}
          </Fact>
        ) : null}
        <Fact name="Router">{decision.routerVersion ?? <Unknown />}</Fact>
        <Fact name="Routing view">{decision.viewVersion ?? <Unknown />}</Fact>
        {decision.exploration ? <Fact name="Chosen">in order to learn</Fact> : null}
      </dl>
      {inForce ? (
        <p>
          In force then:{" "}
          <NodeLink kind="policy_version" id={`${inForce.policy}@${inForce.version}`} />
          {", "}
          published <Instant at={inForce.publishedAt} />
          {inForce.summary ? <>: {inForce.summary}</> : null}
          {inForce.version === decision.policyVersion ? null : (
            <>
              {" "}
              <Tag tone="warn">the router used another version</Tag>
            </>
          )}
        </p>
      ) : (
        <p className="quiet">
          No version of this policy had been published, as far as was known then.
        </p>
      )}
    </>
  );
}

function Scores({ request: { quality, at } }: { request: Request }) {
  return (
    <section className="card" aria-labelledby="scores">
      <h2 id="scores">Scores as they came</h2>
      {quality.length ? (
        <ul className="requests-list">
          {quality.map((one) => (
            <li key={one.evaluator}>
              <Figure value={one.score} unit="score" /> by {one.evaluator}
              {one.evaluatorVersion ? `@${one.evaluatorVersion}` : ""}
              <span className="quiet">
                {" "}
                scored <Instant at={one.scoredAt} />, known <Instant at={one.recordedAt} /> (
                {span(ms(one.recordedAt) - ms(at))} after the request)
              </span>
              {one.comment ? <> “{one.comment}”</> : null}
            </li>
          ))}
        </ul>
      ) : (
        <p className="quiet">None has come yet. Only some requests are scored, hours later.</p>
      )}
    </section>
  );
}

/** What else was known of the fleet when the request was routed. */
function Then({ request }: { request: Request }) {
  const { incidents } = request.contextThen;
  const changes = touching(request);
  return (
    <section className="card" aria-labelledby="known-then">
      <h2 id="known-then">Known when it was routed</h2>
      <h3>Open incidents</h3>
      {incidents.length ? (
        <ul className="requests-list">
          {incidents.map(({ id, title, severity, openedAt }) => (
            <li key={id}>
              <Tag tone="bad">{severity}</Tag>{" "}
              <NodeLink kind="incident" id={id}>
                {title}
              </NodeLink>{" "}
              <span className="quiet">
                since <Instant at={openedAt} />
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p className="quiet">None was known.</p>
      )}
      <h3>Changes in the day before that reach a candidate</h3>
      {changes.length ? (
        <ul className="requests-list">
          {changes.map(({ id, kind, title, at }) => (
            <li key={id}>
              <Tag>{kind}</Tag>{" "}
              <NodeLink kind="change" id={id}>
                {title}
              </NodeLink>{" "}
              <span className="quiet">
                <Instant at={at} />
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p className="quiet">None was known.</p>
      )}
    </section>
  );
}
