// One change: what it is, what it reached, what it did against untouched twins.
import { spaced } from "@/words/figures";
import "./incidents.css";
import { Link } from "wouter";
import { useAnswer } from "@/api/answered";
import { Happenings, Impact, type ImpactQuery } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { Instant, SliceName, Tag } from "@/parts/Known";
import { MoreLink } from "@/parts/MoreLink";
import { Page } from "@/parts/Page";
import { useId } from "@/shell/location";
import { DAY_MS, iso, MINUTE_MS, ms } from "@/time/instants";
import { requestsAddress, trendsAddress, whyAddress } from "@/words/addresses";
import changeTargets from "../../../../../../graph/cypher/change_targets.cypher?raw";
import { ImpactCard } from "./ImpactCard";
import { RolloutCard } from "./RolloutCard";

type Known = NonNullable<ImpactQuery["impact"]>;

export default function ChangePage() {
  const id = useId();
  const variables = { change: id };
  const answered = useAnswer(Impact, variables);
  return (
    <Page
      title={answered.data?.impact?.title ?? `Change ${id}`}
      graphql={{ document: Impact, variables }}
      cypher={{ text: changeTargets, parameters: instantOf(answered.data?.impact) }}
    >
      <Asked answered={answered} what={`change ${id}`} lines={10}>
        {({ impact }) =>
          impact ? (
            <Told id={id} impact={impact} />
          ) : (
            <Empty title="No change of this id is known.">
              <Link href="/incidents?kind=change">All changes</Link>
            </Empty>
          )
        }
      </Asked>
    </Page>
  );
}

/** The written question asks of a period: the minute that the change was applied in. */
function instantOf(impact: Known | null | undefined) {
  const start = impact?.during.from ?? iso(Date.now());
  const end = iso(ms(start) + MINUTE_MS);
  return { start, end, knownAt: iso(Date.now()) };
}

function Told({ id, impact }: { id: string; impact: Known }) {
  const { from, to } = impact.during;
  // Its own facts, of the minute that it was applied in.
  const told = useAnswer(Happenings, { from, to: iso(ms(from) + MINUTE_MS) });
  const itself = told.data?.changes.find((one) => one.id === id);
  const where = impact.deployments.length ? { deployment: impact.deployments } : {};
  const wide = { from: iso(ms(from) - 3 * DAY_MS), to };
  return (
    <>
      <section className="card">
        <div className="row">
          <Tag>{id}</Tag>
          <Tag tone="accent">{itself?.kind ?? spaced(impact.of.kind)}</Tag>
          <span>
            <Instant at={from} age />
          </span>
          {itself?.author ? <span>by {itself.author}</span> : null}
          <MoreLink url={itself?.url} />
        </div>
        {itself?.targets.length ? (
          <p>
            On <SliceName refs={itself.targets} />
          </p>
        ) : null}
        <div className="row">
          <span>What it hurt:</span>
          <Link href={requestsAddress({ where, period: impact.during, order: "WORST_SCORED" })}>
            Worst scored requests
          </Link>
          <Link href={requestsAddress({ where, period: impact.during, order: "SLOWEST" })}>
            Slowest requests
          </Link>
          <Link href={requestsAddress({ where, period: impact.during, failed: true })}>
            Failed requests
          </Link>
          <Link href={trendsAddress({ metric: "QUALITY", where, period: wide })}>
            Quality around it
          </Link>
          <Link href={whyAddress({ metric: "QUALITY", during: impact.during, where })}>
            Why did quality change
          </Link>
        </div>
      </section>
      <RolloutCard change={id} />
      <ImpactCard impact={impact} />
    </>
  );
}
