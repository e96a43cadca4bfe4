// What one can jump to by its name, and which of it fits what was typed. Pure.
import { defaultFilter } from "cmdk";
import type { NamesQuery } from "@/api/generated";
import {
  changeAddress,
  deploymentAddress,
  experimentAddress,
  incidentAddress,
  nodeAddress,
} from "@/words/addresses";

export type Jump = {
  /** The words that it is found by: its kind, then all its names. */
  words: string;
  name: string;
  path: string;
  at?: string;
};

type Names = NamesQuery["names"];

/** All that has a name, under the headings of its kinds. */
export function jumpsTo(names: Names): (readonly [heading: string, jumps: Jump[]])[] {
  const slices = (kind: string, ids: readonly string[]) =>
    named(kind, ids, (id) => nodeAddress({ kind, id }) ?? "/trends");
  return [
    ["Deployments", named("deployment", names.deployments, deploymentAddress)],
    [
      "Incidents",
      names.incidents.map(({ id, title, at }) => {
        const words = `incident ${id} ${title} ${at}`;
        return { words, name: title, path: incidentAddress(id), at };
      }),
    ],
    [
      "Changes",
      names.changes.map(({ id, kind, title, at }) => {
        const words = `change ${id} ${kind} ${title} ${at}`;
        return { words, name: title, path: changeAddress(id), at };
      }),
    ],
    ["Experiments", named("experiment", names.experiments, experimentAddress)],
    ["Models", slices("model", names.models)],
    ["Backends", slices("backend", names.backends)],
    ["Task types", slices("task_type", names.taskTypes)],
    ["Tiers", slices("tier", names.tiers)],
    ["Tenants", slices("tenant", names.tenants)],
  ];
}

function named(kind: string, ids: readonly string[], path: (id: string) => string): Jump[] {
  return ids.map((id) => ({ words: `${kind} ${id}`, name: id, path: path(id) }));
}

/** So many at most that fit what was typed, by the measure of the list that shows them: the best. */
export function fitting(jumps: readonly Jump[], typed: string, most: number): readonly Jump[] {
  if (!typed || jumps.length <= most) return jumps.slice(0, most);
  return jumps
    .map((jump) => ({ jump, fit: defaultFilter(jump.words, typed) }))
    .filter(({ fit }) => fit > 0)
    .sort((a, b) => b.fit - a.fit)
    .slice(0, most)
    .map(({ jump }) => jump);
}
