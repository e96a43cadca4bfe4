// Where things are shown: the address of every page and of every kind of node. Pure.
import type { Dimension, Metric, SliceInput } from "@/api/generated";
import type { Period } from "@/time/period";
import { type Ref, sliceOf, sliceText } from "./slices";

type Given = Record<string, string | null | undefined>;

/** A path with those parameters that have a value. */
export function address(path: string, given: Given = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) if (value) search.set(name, value);
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

function under(path: string, id: string): string {
  return `${path}/${encodeURIComponent(id)}`;
}

export const deploymentAddress = (id: string) => under("/deployments", id);
export const requestAddress = (id: string) => under("/requests", id);
export const incidentAddress = (id: string) => under("/incidents", id);
export const changeAddress = (id: string) => under("/changes", id);
export const investigationAddress = (id: string) => under("/why", id);
export const experimentAddress = (id: string) => under("/experiments", id);

export type WhyAsked = {
  metric: Metric;
  during: Period;
  comparedTo?: Period | null;
  where?: SliceInput;
  knownAt?: string | null;
};

export function whyAddress({ metric, during, comparedTo, where, knownAt }: WhyAsked): string {
  return address("/why", {
    metric,
    from: during.from,
    to: during.to,
    beforeFrom: comparedTo?.from,
    beforeTo: comparedTo?.to,
    where: where && sliceText(where),
    knownAt,
  });
}

type TrendsAsked = {
  metric?: Metric;
  groupBy?: readonly Dimension[];
  period?: Period;
  where?: SliceInput;
};

export function trendsAddress({ metric, groupBy, period, where }: TrendsAsked): string {
  return address("/trends", {
    metric,
    by: groupBy?.join(","),
    from: period?.from,
    to: period?.to,
    where: where && sliceText(where),
  });
}

export type RequestsAsked = {
  where?: SliceInput;
  period?: Period;
  order?: string;
  failed?: boolean;
};

export function requestsAddress({ where, period, order, failed }: RequestsAsked): string {
  return address("/requests", {
    where: where && sliceText(where),
    from: period?.from,
    to: period?.to,
    order,
    failed: failed ? "yes" : null,
  });
}

/** Where a cause is shown, by the kind that a cause has: a change, if it is nothing else; null for planned work, which has no page. */
export function causeAddress({ kind, id }: Ref): string | null {
  if (kind === "maintenance") return null;
  if (kind === "incident") return incidentAddress(id);
  return kind === "experiment" ? experimentAddress(id) : changeAddress(id);
}

/** Nodes of the graph that are told as a change. */
const CHANGED = new Set(["change", "policy_version"]);

/** Where a node of the graph is shown; null where it has no page of its own. */
export function nodeAddress({ kind, id }: Ref): string | null {
  switch (kind) {
    case "deployment":
    case "displaced_from":
      return deploymentAddress(id);
    case "request":
    case "routing_decision":
      return requestAddress(id);
    case "incident":
      return incidentAddress(id);
    case "investigation":
      return investigationAddress(id);
    case "experiment":
      return experimentAddress(id);
    case "slo":
      return address("/next/objectives", { slo: id });
  }
  if (CHANGED.has(kind)) return changeAddress(id);
  const where = sliceOf([{ kind, id }]);
  return where ? trendsAddress({ where }) : null;
}

/** GraphiQL with a question in it, ready to run; in the fragment, which no server sees. */
export function graphiqlAddress(query: string, variables?: unknown): string {
  const given = new URLSearchParams({ query });
  if (variables !== undefined) given.set("variables", JSON.stringify(variables, null, 2));
  return `/graphql#${given.toString()}`;
}

/**
 * Neo4j Browser with a written question in its editor, ready to run.
 *
 * The values stand in the text: of several statements, the browser draws no picture.
 */
export function neo4jAddress(
  browser: string,
  cypher: string,
  parameters: Record<string, unknown> = {},
): string {
  const text = cypher
    .trim()
    .replaceAll(/\$([A-Za-z_]\w*)/g, (written, name: string) =>
      Object.hasOwn(parameters, name) ? literal(parameters[name]) : written,
    );
  return `${browser}?${new URLSearchParams({ cmd: "edit", arg: text }).toString()}`;
}

/** A value as Cypher writes it; its strings have JSON's escapes. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  const pairs = Object.entries(value).map(
    ([name, one]) => `\`${name.replaceAll("`", "``")}\`: ${literal(one)}`,
  );
  return `{${pairs.join(", ")}}`;
}
