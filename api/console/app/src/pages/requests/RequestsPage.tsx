// Finds single requests: by identifier, or those of a slice that are slowest, worst scored or failed.
import { spaced } from "@/words/figures";
import "./requests.css";
import type { FormEvent } from "react";
import { Link, useLocation } from "wouter";
import { useAnswer } from "@/api/answered";
import { Requests } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { Figure, Instant, NodeLink, Tag } from "@/parts/Known";
import { Page } from "@/parts/Page";
import { Pick } from "@/parts/Pick";
import { SlicePicker } from "@/parts/Pickers";
import { useParameters, useSlice } from "@/shell/address";
import { TimePicker } from "@/shell/TimePicker";
import { usePeriod } from "@/time/period";
import { requestAddress } from "@/words/addresses";
import { type Found, meanScore, ORDERS, orderIn, toneOf } from "./finding";

const FIRST = 50;

export default function RequestsPage() {
  const choice = usePeriod("24h");
  const [where, chooseSlice] = useSlice();
  const [parameters, change] = useParameters();
  const order = orderIn(parameters.get("order"));
  const failed = parameters.get("failed") === "yes";
  const variables = { during: choice.period, where, order, failed, first: FIRST };
  const answered = useAnswer(Requests, variables, { keep: true });
  return (
    <Page title="Requests" graphql={{ document: Requests, variables }}>
      <ById />
      <div className="row">
        <Pick
          label="Which first"
          value={order}
          options={ORDERS}
          choose={(chosen) => change({ order: chosen === "NEWEST" ? null : chosen })}
        />
        <label className="picker">
          <input
            type="checkbox"
            checked={failed}
            onChange={(event) => change({ failed: event.target.checked ? "yes" : null })}
          />
          Failed only
        </label>
        <TimePicker choice={choice} />
      </div>
      <SlicePicker where={where} choose={chooseSlice} />
      <Asked answered={answered} what="these requests" lines={10}>
        {({ requests }) =>
          requests.length ? (
            <FoundTable requests={requests} />
          ) : (
            <Empty title="No request matches.">
              Choose a longer period or a wider slice. Of requests that were thinned out by
              retention only the counts are kept.
            </Empty>
          )
        }
      </Asked>
    </Page>
  );
}

function ById() {
  const [, go] = useLocation();
  const open = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const id = String(new FormData(event.currentTarget).get("id") ?? "").trim();
    if (id) go(requestAddress(id));
  };
  return (
    <form className="row" onSubmit={open}>
      <label className="picker requests-id">
        <span>Request id</span>
        <input name="id" autoComplete="off" spellCheck={false} />
      </label>
      <button type="submit">Open</button>
    </form>
  );
}

const COLUMNS: readonly Column<Found>[] = [
  {
    key: "at",
    title: "Arrived",
    value: ({ at }) => at,
    cell: ({ at }) => <Instant at={at} seconds />,
  },
  {
    key: "id",
    title: "Request",
    value: ({ id }) => id,
    cell: ({ id }) => <Link href={requestAddress(id)}>{id}</Link>,
  },
  {
    key: "status",
    title: "Status",
    value: ({ status, errorType }) => (errorType ? `${status}: ${errorType}` : status),
    cell: ({ status, errorType }) => (
      <>
        <Tag tone={toneOf(status)}>{spaced(status)}</Tag> {errorType}
      </>
    ),
  },
  {
    key: "latency",
    title: "Latency",
    figures: true,
    value: ({ latencyMs }) => latencyMs,
    cell: ({ latencyMs }) => <Figure value={latencyMs} unit="ms" />,
  },
  {
    key: "score",
    title: "Score",
    figures: true,
    value: ({ quality }) => meanScore(quality),
    cell: ({ quality }) => (
      <Figure value={meanScore(quality)} unit="score" why="no score yet" workedOut />
    ),
  },
  {
    key: "cost",
    title: "Cost",
    figures: true,
    value: ({ costUsd }) => costUsd,
    cell: ({ costUsd }) => <Figure value={costUsd} unit="usd" />,
  },
  {
    key: "deployment",
    title: "Deployment",
    value: ({ decision }) => decision.deployment,
    cell: ({ decision }) => <NodeLink kind="deployment" id={decision.deployment} />,
  },
  {
    key: "why",
    title: "Routed by",
    value: ({ decision }) => [decision.method, ...decision.reasons].join("; "),
    cell: ({ decision }) => (
      <div className="requests-why">
        {decision.method} <span className="quiet">{decision.reasons.join("; ")}</span>
      </div>
    ),
  },
  {
    key: "task",
    title: "Task type",
    value: ({ taskType, tier }) => `${taskType} (${tier})`,
    cell: ({ taskType, tier }) => (
      <span className="requests-name">
        {taskType} <span className="quiet">{tier}</span>
      </span>
    ),
  },
  {
    key: "user",
    title: "User",
    value: ({ user, tenant }) => `${user} (${tenant})`,
    cell: ({ user, tenant }) => (
      <span className="requests-name">
        {user} <span className="quiet">{tenant}</span>
      </span>
    ),
  },
];

function FoundTable({ requests }: { requests: readonly Found[] }) {
  const count = requests.length;
  const title = count < FIRST ? `${count} found` : `The first ${count}`;
  const rowKey = ({ id, tenant }: Found) => `${tenant} ${id}`;
  return (
    <ChartFrame title={title} name="requests" columns={COLUMNS} rows={requests} rowKey={rowKey} />
  );
}
