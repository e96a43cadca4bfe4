// Chooses what is imagined lost: backends as switches, deployments by name.
import { type FormEvent, useId } from "react";
import { useNames } from "@/parts/Pickers";
import { useWithout } from "./useRisk";

export function Without() {
  const [without, toggle, clear] = useWithout();
  const names = useNames();
  const list = useId();
  const backends = names?.backends ?? [];
  const others = without.filter((name) => !backends.includes(name));
  const add = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
    if (name && !without.includes(name)) toggle(name);
    event.currentTarget.reset();
  };
  return (
    <section className="card" aria-labelledby="next-without">
      <h2 id="next-without">What if some were lost?</h2>
      <div className="row">
        {backends.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={without.includes(name)}
            onClick={() => toggle(name)}
          >
            without {name}
          </button>
        ))}
        {others.map((name) => (
          <button
            key={name}
            type="button"
            className="chip"
            aria-label={`No longer without ${name}`}
            onClick={() => toggle(name)}
          >
            without {name} <span aria-hidden="true">×</span>
          </button>
        ))}
        <form onSubmit={add} className="row next-add">
          <label>
            <span className="unseen">A deployment or backend imagined lost</span>
            <input name="name" list={list} autoComplete="off" placeholder="without…" />
          </label>
          <datalist id={list}>
            {names?.deployments.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <button type="submit">Add</button>
        </form>
        {without.length ? (
          <button type="button" onClick={clear}>
            None lost
          </button>
        ) : null}
      </div>
    </section>
  );
}
