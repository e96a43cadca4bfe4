// Incidents, changes and planned work on one line of time.
import "./incidents.css";
import { useMemo } from "react";
import { Happenings } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { useHappenings } from "@/parts/happenings";
import { Instant, NodeLink, NodeLinks, Tag } from "@/parts/Known";
import { Page } from "@/parts/Page";
import { Pick } from "@/parts/Pick";
import { useChoice, useParameters } from "@/shell/address";
import { TimePicker } from "@/shell/TimePicker";
import { ms, span } from "@/time/instants";
import { type Period, usePeriod } from "@/time/period";
import { useZone } from "@/time/zone";
import { Lanes } from "./Lanes";
import { byDay, type Entry, matching, timeline } from "./timeline";

const KINDS = [
  ["all", "All"],
  ["incident", "Incidents"],
  ["change", "Changes"],
  ["maintenance", "Planned work"],
] as const;

export default function IncidentsPage() {
  const choice = usePeriod("7d");
  const [kinds, chooseKinds] = useChoice("kind", ["all", "incident", "change", "maintenance"]);
  const [parameters, change] = useParameters();
  const typed = parameters.get("find") ?? "";
  const answered = useHappenings(choice.period);
  return (
    <Page
      title="Incidents and changes"
      graphql={{ document: Happenings, variables: choice.period }}
    >
      <div className="row">
        <Pick label="Which" value={kinds} options={KINDS} choose={chooseKinds} />
        <label className="picker">
          <span>Find</span>
          <input
            value={typed}
            onChange={({ target }) => change({ find: target.value || null }, { replace: true })}
          />
        </label>
        <TimePicker choice={choice} />
      </div>
      <Asked answered={answered} what="incidents and changes" lines={8}>
        {(found) => (
          <Found entries={matching(timeline(found), kinds, typed)} period={choice.period} />
        )}
      </Asked>
    </Page>
  );
}

const COLUMNS: readonly Column<Entry>[] = [
  { key: "at", title: "When", value: ({ at }) => at, cell: ({ at }) => <Instant at={at} /> },
  {
    key: "until",
    title: "Until",
    value: ({ until }) => until,
    cell: ({ until }) => <Until until={until} />,
  },
  { key: "sort", title: "What", value: ({ kind, sort }) => `${kind} ${sort}` },
  { key: "title", title: "Title", value: ({ title }) => title },
  {
    key: "id",
    title: "Id",
    value: ({ id }) => id,
    cell: (entry) => <Name entry={entry} text={entry.id} />,
  },
  {
    key: "targets",
    title: "On",
    value: ({ targets }) => targets.map(({ id }) => id).join(" ") || "everything",
  },
  { key: "author", title: "By", value: ({ author }) => author },
];

function Until({ until }: { until: string | null | undefined }) {
  if (until === undefined) return null;
  return until === null ? <>goes on</> : <Instant at={until} />;
}

function Found({ entries, period }: { entries: readonly Entry[]; period: Period }) {
  const zone = useZone();
  const days = useMemo(() => byDay(entries, zone), [entries, zone]);
  if (!entries.length) {
    return (
      <Empty title="Nothing happened in this period, as far as was told.">
        Choose a longer period, or all kinds. Deploy tools and status pages tell of changes and
        incidents at <code>POST /v1/events</code>.
      </Empty>
    );
  }
  return (
    <>
      <ChartFrame
        title="When it happened"
        name="incidents-and-changes"
        columns={COLUMNS}
        rows={entries}
        rowKey={({ kind, id, at }) => `${kind} ${id} ${at}`}
        chart={<Lanes entries={entries} period={period} />}
      />
      {days.map(([day, those]) => (
        <section key={day} className="card" aria-label={day}>
          <h2>{day}</h2>
          <ul className="incidents-list">
            {those.map((entry) => (
              <Item key={`${entry.kind} ${entry.id} ${entry.at}`} entry={entry} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

const TONE = { incident: "bad", change: "accent", maintenance: "plain" } as const;

function Item({ entry }: { entry: Entry }) {
  const { kind, sort, at, until, targets, rootCause } = entry;
  return (
    <li data-kind={kind}>
      <Instant at={at} /> <Tag tone={TONE[kind]}>{sort}</Tag>{" "}
      <Name entry={entry} text={entry.title} />{" "}
      <span className="quiet">
        {targets.length ? "on " : "on everything"}
        <NodeLinks refs={targets} />
        {until ? ` for ${span(ms(until) - ms(at))}` : ""}
      </span>{" "}
      {until === null ? <Tag tone="bad">open</Tag> : null}
      {rootCause ? <div className="quiet">Found to be caused by: {rootCause}</div> : null}
    </li>
  );
}

function Name({ entry: { kind, id }, text }: { entry: Entry; text: string }) {
  return (
    <NodeLink kind={kind} id={id}>
      {text}
    </NodeLink>
  );
}
