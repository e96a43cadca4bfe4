// What is asked of: the metric, the dimensions, and the slice, each kept by whoever shows them.
import { type FormEvent, useId, useState } from "react";
import { useAnswer } from "@/api/answered";
import { type Metric, Names, type NamesQuery, type SliceInput } from "@/api/generated";
import { METRIC_NAME, METRICS } from "@/words/figures";
import { SLICE_FIELDS, type SliceField } from "@/words/slices";

type MetricPickerProps = { metric: Metric; choose: (metric: Metric) => void };

export function MetricPicker({ metric, choose }: MetricPickerProps) {
  return (
    <label className="picker">
      <span>Metric</span>
      <select value={metric} onChange={(event) => choose(event.target.value as Metric)}>
        {METRICS.map((one) => (
          <option key={one} value={one}>
            {METRIC_NAME[one]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Every name there is, asked once and kept for a while. */
export function useNames(): NamesQuery["names"] | undefined {
  return useAnswer(Names, {}).data?.names;
}

function known(names: NamesQuery["names"] | undefined, field: SliceField): readonly string[] {
  if (!names) return [];
  switch (field) {
    case "deployment":
      return names.deployments;
    case "model":
      return names.models;
    case "backend":
      return names.backends;
    case "taskType":
      return names.taskTypes;
    case "tier":
      return names.tiers;
    case "tenant":
      return names.tenants;
    case "policy":
      return [...names.policies, ...names.policyVersions];
    case "experiment":
      return names.experiments;
    case "arm":
      return names.arms.map((arm) => arm.slice(arm.indexOf("/") + 1));
    case "user":
      return [];
  }
}

type SlicePickerProps = { where: SliceInput; choose: (where: SliceInput) => void };

/** The slice as removable parts, and a way to add one more. */
export function SlicePicker({ where, choose }: SlicePickerProps) {
  const [field, setField] = useState<SliceField>("deployment");
  const names = useNames();
  const list = useId();
  const without = (from: SliceField, id: string) => {
    const { [from]: ids, ...rest } = where;
    const left = (ids ?? []).filter((one) => one !== id);
    choose(left.length ? { ...rest, [from]: left } : rest);
  };
  const add = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const id = String(new FormData(event.currentTarget).get("id") ?? "").trim();
    if (!id) return;
    choose({ ...where, [field]: [...new Set([...(where[field] ?? []), id])] });
    event.currentTarget.reset();
  };
  return (
    <div className="slice-picker">
      {SLICE_FIELDS.flatMap(({ field: of, name }) =>
        (where[of] ?? []).map((id) => (
          <button
            key={`${of}:${id}`}
            type="button"
            className="chip"
            aria-label={`Leave out ${name} ${id}`}
            onClick={() => without(of, id)}
          >
            <span className="quiet">{name}</span> {id} <span aria-hidden="true">×</span>
          </button>
        )),
      )}
      <form onSubmit={add}>
        <label>
          <span className="unseen">Only of this kind</span>
          <select value={field} onChange={(event) => setField(event.target.value as SliceField)}>
            {SLICE_FIELDS.map(({ field: of, name }) => (
              <option key={of} value={of}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span className="unseen">Its name</span>
          <input name="id" list={list} autoComplete="off" placeholder="only…" />
        </label>
        <datalist id={list}>
          {known(names, field).map((id) => (
            <option key={id} value={id} />
          ))}
        </datalist>
        <button type="submit">Add</button>
      </form>
    </div>
  );
}
