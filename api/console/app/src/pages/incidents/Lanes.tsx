// The line of time: incidents and planned work as bars, changes as marks, in rows that do not overlap.
import { dateTime, ms } from "@/time/instants";
import type { Period } from "@/time/period";
import { useZone } from "@/time/zone";
import { type Bar, type Entry, laid } from "./timeline";

const ROW = 18;
const WIDTH = 1000;

export function Lanes({ entries, period }: { entries: readonly Entry[]; period: Period }) {
  const zone = useZone();
  const [from, to] = [ms(period.from), ms(period.to)];
  const bars = laid(entries, from, to);
  const rows = Math.max(1, ...bars.map(({ row }) => row + 1));
  const height = rows * ROW;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (share) => [share, from + share * (to - from)] as const,
  );
  return (
    <figure className="incidents-lanes">
      <svg viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" height={height} role="img">
        <title>{`${bars.length} incidents, changes and planned works over time`}</title>
        {ticks.map(([share]) => (
          <path
            key={share}
            className="incidents-tick"
            d={`M${share * WIDTH} 0V${height}`}
            vectorEffect="non-scaling-stroke"
          />
        ))}
        {bars.map((bar) => (
          <Drawn key={`${bar.entry.kind} ${bar.entry.id} ${bar.entry.at}`} bar={bar} />
        ))}
      </svg>
      <div className="incidents-axis" aria-hidden="true">
        {ticks.map(([share, instant]) => (
          <span key={share}>{dateTime(instant, zone)}</span>
        ))}
      </div>
      <figcaption className="legend">
        <span>
          <i className="incidents-key" data-kind="incident" /> incident
        </span>
        <span>
          <i className="incidents-key" data-kind="change" /> change
        </span>
        <span>
          <i className="incidents-key" data-kind="maintenance" /> planned work
        </span>
      </figcaption>
    </figure>
  );
}

function Drawn({ bar: { entry, row, from, to } }: { bar: Bar }) {
  const thin = entry.kind === "change" ? 5 : 4;
  return (
    <rect
      data-kind={entry.kind}
      x={from * WIDTH}
      y={row * ROW + 3}
      width={Math.max((to - from) * WIDTH, thin)}
      height={ROW - 6}
    >
      <title>{`${entry.sort}: ${entry.title}`}</title>
    </rect>
  );
}
