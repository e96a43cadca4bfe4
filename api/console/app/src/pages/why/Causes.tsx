// What did it: causes by rank with their bars on one scale, those that can't be told apart together.

import { Link } from "wouter";
import { Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { IntervalBar } from "@/parts/Interval";
import { CauseLink, Instant, MetricFigure, Share } from "@/parts/Known";
import { useNames } from "@/parts/Pickers";
import { address } from "@/words/addresses";
import { counted, percent } from "@/words/figures";
import { CauseCard } from "./CauseCard";
import type { Cause, Found, Question } from "./question";
import { commonScale, type Group, groupsOf, type Scale } from "./scale";
import { mechanismWords } from "./verdicts";

type Props = { found: Found; asked: Question };

export function Causes({ found, asked }: Props) {
  const { causes, verdict, considered } = found;
  if (!causes.length) return <NoCause found={found} />;
  const scale = commonScale(found);
  return (
    <ChartFrame
      title="What did it"
      name="What did it"
      columns={columnsOf(found)}
      rows={causes}
      rowKey={({ id }) => id}
      chart={
        <ol className="why-causes" data-verdict={verdict}>
          {groupsOf(causes).map((group) => (
            <li key={group.causes[0]?.id}>
              <OneGroup {...{ group, scale, found, asked }} />
            </li>
          ))}
          <li>
            <Unexplained share={found.unexplained} scale={scale} />
          </li>
        </ol>
      }
    >
      <p className="quiet">
        {counted(considered, "recorded event")} that could have reached it in time{" "}
        {considered === 1 ? "was" : "were"} put to the test.
      </p>
    </ChartFrame>
  );
}

type GroupProps = Props & { group: Group; scale: Scale };

function OneGroup({ group, scale, found, asked }: GroupProps) {
  const { causes, others } = group;
  const cards = causes.map((cause) => (
    <CauseCard key={cause.id} {...{ cause, scale, found, asked }} />
  ));
  if (causes.length === 1 && !others.length) return cards[0];
  return (
    <section className="why-alike" aria-label="Events that the data can't tell apart">
      <p>
        <strong>The data can't tell these apart.</strong> Any of them may have done it, or several
        together.
      </p>
      {cards}
      {others.length ? <Others ids={others} /> : null}
    </section>
  );
}

/** Events that are as likely, by what they are called. */
function Others({ ids }: { ids: readonly string[] }) {
  const names = useNames();
  const known = [...(names?.incidents ?? []), ...(names?.changes ?? [])];
  return (
    <ul className="why-list">
      {ids.map((id) => {
        const event = known.find((one) => one.id === id);
        return (
          <li key={id}>
            or{" "}
            {event ? (
              <>
                <CauseLink kind={event.kind} id={id}>
                  {event.title || id}
                </CauseLink>{" "}
                <span className="quiet">
                  {event.kind}, <Instant at={event.at} />
                </span>
              </>
            ) : (
              // What is older than the names that are kept may be a change or an incident.
              id
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Unexplained({ share, scale }: { share: number | null; scale: Scale }) {
  if (share === null) return null;
  return (
    <section className="why-cause why-rest" aria-label="Unexplained">
      <h3>{share < 0 ? "More is explained than changed" : "Unexplained"}</h3>
      <div className="why-bar">
        <IntervalBar value={share} {...scale} label={`${percent(share)} of the change`} />
        <span>
          <Share value={share} /> of the change
        </span>
      </div>
      <p className="quiet">
        {share < 0
          ? "Something that nothing recorded accounts for went the other way."
          : "No recorded event accounts for this part."}
      </p>
    </section>
  );
}

function NoCause({ found: { verdict, considered, during } }: { found: Found }) {
  if (verdict === "NO_CHANGE" || verdict === "INSUFFICIENT_DATA") return null;
  return (
    <Empty title="No recorded event explains it.">
      <p>
        {considered === 0
          ? "No incident or change is recorded that could have reached it in time."
          : `${counted(considered, "recorded event")} that could have reached it were put to the test; the data support none of them.`}{" "}
        <Link href={address("/incidents", { ...during })}>See what happened around then</Link>.
      </p>
    </Empty>
  );
}

function columnsOf({ metric, delta }: Found): Column<Cause>[] {
  const figures = true;
  const share = (key: keyof Cause, title: string, of: (cause: Cause) => number) => ({
    key,
    title,
    figures,
    value: of,
    cell: (cause: Cause) => <Share value={of(cause)} />,
  });
  return [
    { key: "rank", title: "Rank", figures, value: ({ rank }) => rank },
    {
      key: "title",
      title: "Cause",
      value: ({ title }) => title,
      cell: ({ kind, id, title }) => (
        <CauseLink kind={kind} id={id}>
          {title}
        </CauseLink>
      ),
    },
    { key: "kind", title: "Kind", value: ({ kind }) => kind },
    { key: "at", title: "When", value: ({ at }) => at, cell: ({ at }) => <Instant at={at} /> },
    share("contribution", "Share of the change", ({ contribution }) => contribution),
    share("contributionLow", "At least", ({ contributionLow }) => contributionLow),
    share("contributionHigh", "At most", ({ contributionHigh }) => contributionHigh),
    {
      key: "counterfactual",
      title: "Without it",
      figures,
      value: ({ counterfactual }) => counterfactual,
      cell: ({ counterfactual }) => <MetricFigure metric={metric} value={counterfactual} />,
    },
    { key: "mechanism", title: "How", value: (cause) => mechanismWords(cause, metric, delta) },
    share("confidence", "Confidence", ({ confidence }) => confidence),
  ];
}
