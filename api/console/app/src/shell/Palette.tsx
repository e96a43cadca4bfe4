// Ctrl-K: jumps to any page, deployment, incident, change, request or question by its name.
import { Command } from "cmdk";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useNames } from "@/parts/Pickers";
import { dateTime } from "@/time/instants";
import { useZone } from "@/time/zone";
import {
  address,
  changeAddress,
  deploymentAddress,
  experimentAddress,
  incidentAddress,
  nodeAddress,
  requestAddress,
} from "@/words/addresses";

const PAGES = [
  ["/", "Fleet"],
  ["/trends", "Trends"],
  ["/why", "Why"],
  ["/requests", "Requests"],
  ["/incidents", "Incidents and changes"],
  ["/next", "Next: forecast and capacity"],
  ["/next/budgets", "Budgets"],
  ["/next/objectives", "Service level objectives"],
  ["/next/costs", "Cost anomalies"],
  ["/next/experiments", "Experiments and rollouts"],
  ["/ask", "Ask"],
] as const;
// So many of a long list are offered; typing finds the others.
const MOST = 200;

export default function Palette({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [, go] = useLocation();
  useEffect(() => dialog.current?.showModal(), []);
  const jump = (path: string) => {
    close();
    go(path);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it; this is for the pointer beside it
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Jump to"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <Command label="Jump to" loop>
        <Command.Input
          autoFocus
          value={typed}
          onValueChange={setTyped}
          placeholder="A page, a name, a request’s id, or a question"
        />
        <Command.List>
          <Command.Empty>Nothing has this name.</Command.Empty>
          <Found typed={typed.trim()} jump={jump} />
        </Command.List>
      </Command>
    </dialog>
  );
}

type FoundProps = { typed: string; jump: (path: string) => void };

function Found({ typed, jump }: FoundProps) {
  return (
    <>
      <Command.Group heading="Pages">
        {PAGES.map(([path, name]) => (
          <Command.Item key={path} value={`page ${name}`} onSelect={() => jump(path)}>
            {name}
          </Command.Item>
        ))}
      </Command.Group>
      <Names jump={jump} />
      {typed ? (
        <Command.Group heading="What was typed" forceMount>
          <Command.Item
            forceMount
            value={`request ${typed}`}
            onSelect={() => jump(requestAddress(typed))}
          >
            Open request <b>{typed}</b>
          </Command.Item>
          <Command.Item
            forceMount
            value={`ask ${typed}`}
            onSelect={() => jump(address("/ask", { question: typed }))}
          >
            Ask <b>{typed}</b>
          </Command.Item>
        </Command.Group>
      ) : null}
    </>
  );
}

function Names({ jump }: { jump: (path: string) => void }) {
  const names = useNames();
  const zone = useZone();
  if (!names) return null;
  const slices = [
    ["Models", "model", names.models],
    ["Backends", "backend", names.backends],
    ["Task types", "task_type", names.taskTypes],
    ["Tiers", "tier", names.tiers],
    ["Tenants", "tenant", names.tenants],
  ] as const;
  return (
    <>
      <Command.Group heading="Deployments">
        {names.deployments.slice(0, MOST).map((id) => (
          <Command.Item
            key={id}
            value={`deployment ${id}`}
            onSelect={() => jump(deploymentAddress(id))}
          >
            {id}
          </Command.Item>
        ))}
      </Command.Group>
      <Command.Group heading="Incidents">
        {names.incidents.slice(0, MOST).map(({ id, title, at }) => (
          <Command.Item
            key={`${id} ${at}`}
            value={`incident ${id} ${title} ${at}`}
            onSelect={() => jump(incidentAddress(id))}
          >
            {title} <small>{dateTime(at, zone)}</small>
          </Command.Item>
        ))}
      </Command.Group>
      <Command.Group heading="Changes">
        {names.changes.slice(0, MOST).map(({ id, kind, title, at }) => (
          <Command.Item
            key={`${id} ${at}`}
            value={`change ${id} ${kind} ${title} ${at}`}
            onSelect={() => jump(changeAddress(id))}
          >
            {title} <small>{dateTime(at, zone)}</small>
          </Command.Item>
        ))}
      </Command.Group>
      <Command.Group heading="Experiments">
        {names.experiments.map((id) => (
          <Command.Item
            key={id}
            value={`experiment ${id}`}
            onSelect={() => jump(experimentAddress(id))}
          >
            {id}
          </Command.Item>
        ))}
      </Command.Group>
      {slices.map(([heading, kind, ids]) => (
        <Command.Group key={kind} heading={heading}>
          {ids.slice(0, MOST).map((id) => (
            <Command.Item
              key={id}
              value={`${kind} ${id}`}
              onSelect={() => jump(nodeAddress({ kind, id }) ?? "/trends")}
            >
              {id}
            </Command.Item>
          ))}
        </Command.Group>
      ))}
    </>
  );
}
