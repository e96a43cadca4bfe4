// What happened in the period, newest first, each leading to its page.
import { Link } from "wouter";
import type { Answered } from "@/api/answered";
import type { HappeningsQuery } from "@/api/generated";
import { Asked as Answer } from "@/parts/Asked";
import { CauseLink, Instant, SliceName, Tag } from "@/parts/Known";
import { More, useFirst } from "@/parts/More";
import { incidentAddress } from "@/words/addresses";
import type { Ref } from "@/words/slices";
import type { Asked } from "./asked";
import { isNarrow } from "./groups";
import { touching } from "./touching";

type Happening = {
  at: string;
  until: string | null;
  open: boolean;
  tone: "incident" | "change" | "maintenance";
  kind: string;
  id: string;
  title: string;
  targets: readonly Ref[];
};

type Props = { asked: Asked; happened: Answered<HappeningsQuery> };

export function HappeningList({ asked, happened }: Props) {
  const { where, allMarks, change } = asked;
  return (
    <section className="card" aria-labelledby="trends-happened">
      <div className="row">
        <h2 id="trends-happened">What happened</h2>
        {isNarrow(where) ? (
          <label className="trends-check">
            <input
              type="checkbox"
              checked={!allMarks}
              onChange={() => change({ marks: allMarks ? null : "all" })}
            />
            only what may touch this slice
          </label>
        ) : null}
      </div>
      <Answer answered={happened} what="what happened" lines={3}>
        {(found) => <List all={newestFirst(found, allMarks ? null : touching(where))} />}
      </Answer>
    </section>
  );
}

const FIRST = 12;

function List({ all }: { all: readonly Happening[] }) {
  const [shown, more] = useFirst(all, FIRST);
  if (all.length === 0) {
    return <p className="quiet">No incident, change or planned work in this period.</p>;
  }
  return (
    <>
      <ul className="trends-happenings">
        {shown.map((one) => (
          <Item key={`${one.tone} ${one.id} ${one.at}`} one={one} />
        ))}
      </ul>
      <More {...more} />
    </>
  );
}

function Item({ one }: { one: Happening }) {
  const { at, until, open, tone, kind, id, title, targets } = one;
  return (
    <li>
      <span className="legend">
        <i className="marker-mark" data-tone={tone} />
      </span>
      <span>
        <Instant at={at} />
        {until ? (
          <>
            {" "}
            to <Instant at={until} />
          </>
        ) : null}
        {open ? " until now" : ""}
      </span>
      <Tag tone={tone === "incident" ? "bad" : tone === "change" ? "accent" : "plain"}>{kind}</Tag>
      <span>
        {tone === "incident" ? <Link href={incidentAddress(id)}>{title}</Link> : null}
        {tone === "change" ? (
          <CauseLink kind={kind} id={id}>
            {title}
          </CauseLink>
        ) : null}
        {tone === "maintenance" ? title : null}{" "}
        {targets.length ? (
          <span className="quiet">
            <SliceName refs={targets} />
          </span>
        ) : null}
      </span>
    </li>
  );
}

type Touches = (kind: string, id: string) => boolean;

function newestFirst(found: HappeningsQuery, touches: Touches | null): Happening[] {
  const incidents = found.incidents.map(
    ({ id, title, openedAt, resolvedAt, scopeKind, scopeId }): Happening => ({
      at: openedAt,
      until: resolvedAt,
      open: resolvedAt === null,
      tone: "incident",
      kind: "incident",
      id,
      title,
      targets: scopeId === null ? [] : [{ kind: scopeKind, id: scopeId }],
    }),
  );
  const changes = found.changes.map(
    ({ id, kind, title, at, targets }): Happening => ({
      at,
      until: null,
      open: false,
      tone: "change",
      kind,
      id,
      title,
      targets,
    }),
  );
  const planned = found.maintenance.map(
    ({ id, title, startsAt, endsAt, scopeKind, scopeId }): Happening => ({
      at: startsAt,
      until: endsAt,
      open: false,
      tone: "maintenance",
      kind: "planned work",
      id,
      title,
      targets: scopeId === null ? [] : [{ kind: scopeKind, id: scopeId }],
    }),
  );
  return [...incidents, ...changes, ...planned]
    .filter(
      ({ targets }) =>
        !touches || !targets.length || targets.some(({ kind, id }) => touches(kind, id)),
    )
    .sort((a, b) => b.at.localeCompare(a.at));
}
