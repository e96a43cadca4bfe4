// Whether what happened to something may have touched a slice of the traffic. Pure.
import type { SliceInput } from "@/api/generated";
import { halves, SLICE_FIELDS } from "@/words/slices";

/**
 * Whether a thing has to do with the slice. What the slice does not tell apart may have touched it;
 * a deployment, `model@backend`, has to do with its model and its backend too.
 */
export function touching(where: SliceInput): (kind: string, id: string) => boolean {
  const places = placesOf(where);
  return (kind, id) => {
    if (kind === "deployment" || kind === "model" || kind === "backend") {
      const [model, backend] = (kind === "deployment" && halves(id)) || [null, null];
      const told = {
        deployment: kind === "deployment" ? id : null,
        model: kind === "model" ? id : model,
        backend: kind === "backend" ? id : backend,
      };
      return places.every(({ field, ids }) => told[field] === null || ids.includes(told[field]));
    }
    const known = SLICE_FIELDS.find((one) => one.kind === kind);
    const ids = known ? where[known.field] : null;
    return !ids?.length || ids.some((one) => one === id || one.startsWith(`${id}@`));
  };
}

type Place = { field: "deployment" | "model" | "backend"; ids: readonly string[] };

/** What the slice says of where requests were served, its deployments' halves included. */
function placesOf(where: SliceInput): Place[] {
  const deployments = where.deployment ?? [];
  const pairs = deployments.map(halves);
  const implied = (place: 0 | 1) => pairs.flatMap((pair) => (pair?.[place] ? [pair[place]] : []));
  const given: Place[] = [
    { field: "deployment", ids: deployments },
    { field: "model", ids: where.model?.length ? where.model : implied(0) },
    { field: "backend", ids: where.backend?.length ? where.backend : implied(1) },
  ];
  return given.filter(({ ids }) => ids.length > 0);
}
