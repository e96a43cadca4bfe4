// Slices of the traffic as addresses hold them and as people read them. Pure.
import type { Dimension, SliceInput } from "@/api/generated";
import { spaced } from "./figures";

export type Ref = { kind: string; id: string };
export type SliceField = keyof SliceInput;

/** The fields of a slice in the order in which they are shown, with their kind of thing. */
export const SLICE_FIELDS: readonly { field: SliceField; kind: string; name: string }[] = [
  { field: "deployment", kind: "deployment", name: "Deployment" },
  { field: "model", kind: "model", name: "Model" },
  { field: "backend", kind: "backend", name: "Backend" },
  { field: "taskType", kind: "task_type", name: "Task type" },
  { field: "tier", kind: "tier", name: "Tier" },
  { field: "tenant", kind: "tenant", name: "Tenant" },
  { field: "user", kind: "user", name: "User" },
  { field: "policy", kind: "policy", name: "Policy" },
  { field: "experiment", kind: "experiment", name: "Experiment" },
  { field: "arm", kind: "arm", name: "Arm" },
];

export const DIMENSION_NAME: Record<Dimension, string> = {
  DEPLOYMENT: "Deployment",
  MODEL: "Model",
  BACKEND: "Backend",
  TASK_TYPE: "Task type",
  TIER: "Tier",
  TENANT: "Tenant",
  POLICY_VERSION: "Policy version",
  ARM: "Arm",
  ROUTER_VERSION: "Router version",
  EVALUATOR: "Evaluator",
  EVALUATOR_VERSION: "Evaluator version",
  METHOD: "Method",
  PROMPT_BAND: "Prompt length",
};

/** `deployment:apex@aws,apex@k8s;tier:premium`: each name escaped, so that any character may be in it. */
export function sliceText(where: SliceInput): string {
  return SLICE_FIELDS.flatMap(({ field }) => {
    const ids = where[field] ?? [];
    return ids.length ? [`${field}:${ids.map(encodeURIComponent).join(",")}`] : [];
  }).join(";");
}

/** The slice that an address holds; what can't be read is left out. */
export function sliceIn(text: string | null): SliceInput {
  const where: SliceInput = {};
  for (const part of (text ?? "").split(";")) {
    const [name, ids] = part.split(":", 2);
    const known = SLICE_FIELDS.find(({ field }) => field === name);
    if (known && ids) where[known.field] = ids.split(",").map(decoded);
  }
  return where;
}

/** Unescaped; as it stands where it is not well escaped. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The slice that these things have in common; null where one of them is no field of a slice. */
export function sliceOf(refs: readonly Ref[]): SliceInput | null {
  const where: SliceInput = {};
  for (const { kind, id } of refs) {
    const known = SLICE_FIELDS.find((one) => one.kind === kind);
    const field = known?.field ?? (kind === "policy_version" ? "policy" : null);
    if (!field) return null;
    where[field] = [...(where[field] ?? []), id];
  }
  return where;
}

/** What is in a slice, as references. */
export function refsOf(where: SliceInput): Ref[] {
  return SLICE_FIELDS.flatMap(({ field, kind }) =>
    (where[field] ?? []).map((id) => ({ kind, id })),
  );
}

/** What a budget or an objective is for, as references: its tenant, and its part. */
export function refsWithin({ tenant, where }: { tenant: string; where: readonly Ref[] }): Ref[] {
  return [{ kind: "tenant", id: tenant }, ...where.filter(({ kind }) => kind !== "tenant")];
}

/** `task type reasoning, tier premium`, or `all requests`. */
export function sliceWords(refs: readonly Ref[]): string {
  if (refs.length === 0) return "all requests";
  return refs.map(({ kind, id }) => `${spaced(kind)} ${id}`).join(", ");
}

/** The model and the backend of a deployment, `model@backend`; null where it names none. */
export function halves(deployment: string): [model: string, backend: string] | null {
  const at = deployment.lastIndexOf("@");
  return at < 0 ? null : [deployment.slice(0, at), deployment.slice(at + 1)];
}

/** Both slices at once: what is asked of in either. */
export function narrowed(where: SliceInput, more: SliceInput): SliceInput {
  return { ...where, ...more };
}
