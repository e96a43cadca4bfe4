// The window that was chosen on the chart: asks why, zooms in, or lets it go.
import { Link } from "wouter";
import { instantIn } from "@/shell/TimePicker";
import { dateTime, iso, ms, span } from "@/time/instants";
import type { Period } from "@/time/period";
import { useZone } from "@/time/zone";
import { requestsAddress, whyAddress } from "@/words/addresses";
import { telling } from "@/words/telling";
import type { Asked } from "./asked";

/** The part of the period that is offered first, where no pointer can drag. */
const LAST_PART = 1 / 8;

export function WindowPanel({ asked }: { asked: Asked }) {
  const { window, period, change } = asked;
  if (window) return <Chosen asked={asked} window={window} />;
  const offered = {
    from: iso(ms(period.to) - (ms(period.to) - ms(period.from)) * LAST_PART),
    to: period.to,
  };
  return (
    <div className="row">
      <span className="quiet">Drag along the chart to choose a window and ask why.</span>
      <button
        type="button"
        onClick={() => change({ windowFrom: toMinute(offered.from), windowTo: offered.to })}
      >
        Choose a window by time
      </button>
    </div>
  );
}

function toMinute(at: string): string {
  return iso(Math.floor(ms(at) / 60_000) * 60_000);
}

function Chosen({ asked, window }: { asked: Asked; window: Period }) {
  const { metric, where, knownAt, change } = asked;
  const away = { windowFrom: null, windowTo: null };
  return (
    <section className="card" aria-labelledby="trends-window">
      <h2 id="trends-window">Chosen window: {span(ms(window.to) - ms(window.from))}</h2>
      <div className="row">
        <Edge label="From" name="windowFrom" asked={asked} window={window} />
        <Edge label="To" name="windowTo" asked={asked} window={window} />
        <Link className="trends-why" href={whyAddress({ metric, during: window, where, knownAt })}>
          Why?
        </Link>
        <Link href={requestsAddress(telling(metric, where, window))}>Requests</Link>
        <button
          type="button"
          onClick={() => change({ ...away, range: null, from: window.from, to: window.to })}
        >
          Zoom in
        </button>
        <button type="button" onClick={() => change(away)}>
          Clear
        </button>
      </div>
    </section>
  );
}

type EdgeProps = {
  label: string;
  name: "windowFrom" | "windowTo";
  asked: Asked;
  window: Period;
};

function Edge({ label, name, asked, window }: EdgeProps) {
  const zone = useZone();
  const shown = dateTime(name === "windowFrom" ? window.from : window.to, zone).replace(" ", "T");
  return (
    <label className="picker">
      <span>{label}</span>
      <input
        type="datetime-local"
        key={shown}
        defaultValue={shown}
        onBlur={({ target }) => {
          // What is shown is no more exact than a minute, and in autumn an hour is there twice.
          if (target.value === shown) return;
          const at = instantIn(target.value, zone);
          const next = { ...window, [name === "windowFrom" ? "from" : "to"]: at && iso(at) };
          if (at === null || ms(next.to) <= ms(next.from)) target.value = shown;
          else asked.change({ windowFrom: next.from, windowTo: next.to });
        }}
      />
    </label>
  );
}
