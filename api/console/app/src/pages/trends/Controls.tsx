// What is asked on the page of trends: metric, dimensions, slice, step, and how it is drawn.
import type { Dimension, Metric } from "@/api/generated";
import { MetricPicker, SlicePicker } from "@/parts/Pickers";
import { instantIn } from "@/shell/TimePicker";
import { dateTime, iso } from "@/time/instants";
import { useZone } from "@/time/zone";
import { spaced } from "@/words/figures";
import { DIMENSION_NAME, sliceText } from "@/words/slices";
import { AGAINST, type Asked, againstWords, dimensionsFor, STEPS } from "./asked";

export function Controls({ asked }: { asked: Asked }) {
  const { metric, where, groupBy, change } = asked;
  const chooseMetric = (chosen: Metric) => {
    change({ metric: chosen, by: dimensionsFor(chosen, groupBy).join(",") || null });
  };
  return (
    <section className="card trends-controls" aria-label="What is shown">
      <div className="row">
        <MetricPicker metric={metric} choose={chooseMetric} />
        <DimensionPicker asked={asked} place={0} label="by" />
        {groupBy.length ? <DimensionPicker asked={asked} place={1} label="and by" /> : null}
        <label className="picker">
          <span>Step</span>
          <select
            value={asked.step}
            onChange={({ target }) =>
              change({ step: target.value === "auto" ? null : target.value })
            }
          >
            {STEPS.map((step) => (
              <option key={step} value={step}>
                {step === "auto" ? `auto (${spaced(asked.granularity)})` : spaced(step)}
              </option>
            ))}
          </select>
        </label>
        <Comparing asked={asked} />
      </div>
      <div className="row">
        <SlicePicker
          where={where}
          choose={(chosen) => change({ where: sliceText(chosen) || null, lines: null })}
        />
        <KnownAt asked={asked} />
      </div>
    </section>
  );
}

const DIMENSIONS = Object.keys(DIMENSION_NAME) as Dimension[];

type DimensionProps = { asked: Asked; place: 0 | 1; label: string };

function DimensionPicker({ asked, place, label }: DimensionProps) {
  const { groupBy, metric, change } = asked;
  const other = groupBy[1 - place];
  const choose = (chosen: string) => {
    const next = [...groupBy] as string[];
    next[place] = chosen;
    change({ by: next.filter(Boolean).join(",") || null, lines: null });
  };
  const options = dimensionsFor(metric, DIMENSIONS).filter((one) => one !== other);
  return (
    <label className="picker">
      <span>{label}</span>
      <select value={groupBy[place] ?? ""} onChange={({ target }) => choose(target.value)}>
        <option value="">{place === 0 ? "nothing (all together)" : "nothing more"}</option>
        {options.map((one) => (
          <option key={one} value={one}>
            {DIMENSION_NAME[one].toLowerCase()}
          </option>
        ))}
      </select>
    </label>
  );
}

function Comparing({ asked: { against, period, change } }: { asked: Asked }) {
  return (
    <label className="picker">
      <span>Compared with</span>
      <select
        value={against}
        onChange={({ target }) => change({ against: target.value === "week" ? "week" : null })}
      >
        {AGAINST.map((one) => (
          <option key={one} value={one}>
            {againstWords(one, period)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What was recorded later is left out, as if one had looked at that time. */
function KnownAt({ asked: { knownAt, change } }: { asked: Asked }) {
  const zone = useZone();
  const shown = knownAt ? dateTime(knownAt, zone).replace(" ", "T") : "";
  return (
    <div className="picker">
      <label className="picker">
        <span>As known at</span>
        <input
          type="datetime-local"
          key={shown}
          defaultValue={shown}
          onBlur={({ target }) => {
            // What is shown is no more exact than a minute, and in autumn an hour is there twice.
            if (target.value === shown) return;
            const at = instantIn(target.value, zone);
            change({ knownAt: at === null ? null : iso(at) });
          }}
        />
      </label>
      {knownAt ? (
        <button type="button" onClick={() => change({ knownAt: null })}>
          As known now
        </button>
      ) : null}
    </div>
  );
}
