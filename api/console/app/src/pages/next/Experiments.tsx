// Experiments and rollouts: what can be said of each, and where to read more.
import { useAnswer } from "@/api/answered";
import { Experiment, Names, type NamesQuery, Rollout } from "@/api/generated";
import { RolloutCard } from "@/pages/incidents/RolloutCard";
import { Asked, Empty, Problem } from "@/parts/Asked";
import { CauseLink, Instant, NodeLink, Tag } from "@/parts/Known";
import { More, useFirst } from "@/parts/More";
import { Page } from "@/parts/Page";
import { ms } from "@/time/instants";
import { OUTCOME } from "@/words/outcomes";
import { useAsOf } from "./asOf";
import { PastNote, PastPicker } from "./Past";
import { useSeen } from "./useSeen";

type Change = NamesQuery["names"]["changes"][number];

export function ExperimentsPart() {
  const answered = useAnswer(Names, {});
  return (
    <Page
      title="Next: experiments"
      beside={<PastPicker />}
      graphql={{ document: Names, variables: {} }}
    >
      <PastNote />
      <Asked answered={answered} what="the experiments" lines={6}>
        {({ names }) => (
          <>
            <Experiments ids={names.experiments} />
            <Rollouts changes={names.changes} />
          </>
        )}
      </Asked>
    </Page>
  );
}

function Experiments({ ids }: { ids: readonly string[] }) {
  const [first, more] = useFirst(ids, 20);
  if (!ids.length) {
    return (
      <Empty title="No experiment is known.">
        One is told as an event of kind experiment, with its arms.
      </Empty>
    );
  }
  return (
    <section className="card" aria-labelledby="next-experiments">
      <h2 id="next-experiments">Experiments</h2>
      <ul className="next-outcomes">
        {first.map((id) => (
          <OneExperiment key={id} id={id} />
        ))}
      </ul>
      <More {...more} what="experiments" />
    </section>
  );
}

function OneExperiment({ id }: { id: string }) {
  const [place, seen] = useSeen<HTMLLIElement>();
  const [asOf] = useAsOf();
  const { data, problem } = useAnswer(
    Experiment,
    { id, at: asOf, knownAt: asOf },
    { enabled: seen },
  );
  const found = data?.experiment;
  return (
    <li ref={place}>
      <div className="row">
        <NodeLink kind="experiment" id={id} />
        {found ? (
          <>
            <Tag tone={OUTCOME[found.outcome].tone}>{OUTCOME[found.outcome].word}</Tag>
            <span className="quiet">
              {found.status}, on policy <NodeLink kind="policy" id={found.policy} />, since{" "}
              <Instant at={found.startedAt} />
              {found.endedAt === null ? null : (
                <>
                  {" "}
                  until <Instant at={found.endedAt} />
                </>
              )}
            </span>
          </>
        ) : data ? (
          <span className="quiet">not known at that time</span>
        ) : null}
      </div>
      {found ? <p className="next-verdict">{found.verdict}</p> : null}
      {problem ? <Problem problem={problem} what={`experiment ${id}`} /> : null}
      {data || problem ? null : <p className="quiet">Asking…</p>}
    </li>
  );
}

function Rollouts({ changes }: { changes: readonly Change[] }) {
  const [asOf] = useAsOf();
  const rollouts = changes
    .filter(({ kind, at }) => kind === "rollout" && (asOf === null || ms(at) <= ms(asOf)))
    .toSorted((a, b) => ms(b.at) - ms(a.at));
  const [first, more] = useFirst(rollouts, 12);
  return (
    <section className="card" aria-labelledby="next-rollouts">
      <h2 id="next-rollouts">Rollouts and canaries</h2>
      {rollouts.length ? (
        <>
          <p className="quiet">
            Those of the last five weeks, each against what it replaced, and against deployments
            like it that nothing touched.
          </p>
          <ul className="next-outcomes">
            {first.map((change) => (
              <OneRollout key={change.id} change={change} />
            ))}
          </ul>
          <More {...more} what="rollouts" />
        </>
      ) : (
        <p className="quiet">
          {asOf === null
            ? "None was told of in the last five weeks."
            : "Those of the last five weeks are listed here; none of them was before that time."}{" "}
          One is an event of kind change: a rollout.
        </p>
      )}
    </section>
  );
}

function OneRollout({ change: { id, title, at } }: { change: Change }) {
  const [place, seen] = useSeen<HTMLLIElement>();
  const [asOf] = useAsOf();
  const asked = { change: id, at: asOf, knownAt: asOf };
  const { data, problem } = useAnswer(Rollout, asked, { enabled: seen });
  const found = data?.rollout;
  return (
    <li ref={place}>
      <div className="row">
        <CauseLink kind="rollout" id={id}>
          {title || id}
        </CauseLink>
        {found ? (
          <Tag tone={OUTCOME[found.outcome].tone}>{OUTCOME[found.outcome].word}</Tag>
        ) : data ? (
          <span className="quiet">
            {asOf === null ? "" : "not known at that time, or "}reached no deployment
          </span>
        ) : null}
        <span className="quiet">
          <Instant at={at} age />
        </span>
      </div>
      {problem ? <Problem problem={problem} what={title || id} /> : null}
      {found ? (
        <details>
          <summary>{found.verdict}</summary>
          <RolloutCard change={id} asOf={asOf} />
        </details>
      ) : null}
    </li>
  );
}
