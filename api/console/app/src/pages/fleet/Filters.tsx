// How many deployments are in each state, as buttons that show those alone; and the places to look at.
import { useMemo } from "react";
import { Status } from "@/parts/Known";
import { useParameters } from "@/shell/address";
import { counts, distinct, type Filter, type Health, statusesIn, summary } from "./fleet";

/** What the address wants to see: `?status=DOWN,DEGRADED&model=…&backend=…`. */
export function useFilter(): [Filter, (change: Partial<Filter>) => void] {
  const [search, change] = useParameters();
  const filter = useMemo(
    () => ({
      status: statusesIn(search.get("status")),
      model: search.get("model"),
      backend: search.get("backend"),
    }),
    [search],
  );
  return [
    filter,
    ({ status, ...place }) =>
      change({ ...place, ...(status ? { status: status.join(",") || null } : {}) }),
  ];
}

type Props = {
  fleet: readonly Health[];
  filter: Filter;
  choose: (change: Partial<Filter>) => void;
};

export function Filters({ fleet, filter, choose }: Props) {
  const toggle = (status: Health["status"]) => {
    const held = filter.status.includes(status);
    choose({
      status: held ? filter.status.filter((one) => one !== status) : [...filter.status, status],
    });
  };
  const any = filter.status.length > 0 || filter.model !== null || filter.backend !== null;
  return (
    <search className="row fleet-filters">
      <p className="unseen">{summary(fleet)}</p>
      {counts(fleet).map(({ status, count, stale }) => (
        <button
          key={status}
          type="button"
          className="fleet-count"
          aria-pressed={filter.status.includes(status)}
          onClick={() => toggle(status)}
        >
          <b>{count}</b> <Status status={status} />
          {stale > 0 ? <span>{stale === count ? "stale" : `${stale} stale`}</span> : null}
        </button>
      ))}
      <Place
        name="model"
        of={fleet.map(({ model }) => model)}
        value={filter.model}
        choose={(model) => choose({ model })}
      />
      <Place
        name="backend"
        of={fleet.map(({ backend }) => backend)}
        value={filter.backend}
        choose={(backend) => choose({ backend })}
      />
      {any ? (
        <button type="button" onClick={() => choose({ status: [], model: null, backend: null })}>
          Show all
        </button>
      ) : null}
    </search>
  );
}

type PlaceProps = {
  name: string;
  of: readonly string[];
  value: string | null;
  choose: (value: string | null) => void;
};

function Place({ name, of, value, choose }: PlaceProps) {
  const values = distinct(value === null ? of : [...of, value]);
  return (
    <label>
      <span className="unseen">Only of the {name}</span>
      <select value={value ?? ""} onChange={(event) => choose(event.target.value || null)}>
        <option value="">all {name}s</option>
        {values.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}
