// What the lines, shades, limits and marks of a chart mean, and the values where the pointer is.
import { dateTime } from "@/time/instants";
import type { Zone } from "@/time/zone";
import { type Pointer, usePointer } from "./pointer";
import {
  type Column,
  type Columns,
  colorOf,
  dashOf,
  heldAt,
  type Limit,
  type Line,
  type Marker,
  marksAt,
  type Shade,
} from "./shape";

type Props = {
  lines: readonly Line[];
  columns: Columns;
  format: (value: number) => string;
  markers: readonly Marker[];
  pointer: Pointer;
  zone: Zone;
  /** Dims all lines but one, or none. */
  dim: (line: number | null) => void;
};

/** Marks this close to the pointer are named, as a share of the time axis. */
const NEAR = 0.008;

/** The lines by name, with their values where the pointer is. */
export function Legend({ lines, columns, format, markers, pointer, zone, dim }: Props) {
  const { place } = usePointer(pointer);
  const { seconds, values, bands } = columns;
  const at = place === null ? undefined : seconds[place];
  const span = ((seconds.at(-1) ?? 0) - (seconds[0] ?? 0)) * 1000;
  const near = at === undefined ? [] : marksAt(markers, at * 1000, span * NEAR);
  const narrow = (line: number) => bands.find((band) => band.line === line && !band.wide);
  return (
    <ul className="legend">
      {lines.map((line, index) => {
        const value = place === null ? null : heldAt(values[index] as Column, place);
        const band = lines.length <= 2 && place !== null ? narrow(index) : undefined;
        const [low, high] = [band?.low[place ?? 0], band?.high[place ?? 0]];
        return (
          <li
            key={line.name}
            onPointerEnter={() => lines.length > 1 && dim(index)}
            onPointerLeave={() => dim(null)}
          >
            <i
              style={{ borderTopColor: `var(${colorOf(line, index)})` }}
              data-dashed={dashOf(line, index) ? true : undefined}
            />
            {line.name}
            <b>
              {value === null ? null : <data value={value}>{format(value)}</data>}
              {typeof low === "number" && typeof high === "number" ? (
                <small>
                  {" "}
                  ({format(low)} to {format(high)})
                </small>
              ) : null}
            </b>
          </li>
        );
      })}
      <li className="legend-at">
        {at === undefined ? null : dateTime(at * 1000, zone)}
        {near.slice(0, 2).map(({ at: when, label, tone }) => (
          <span key={`${when} ${label}`}>
            <i className="marker-mark" data-tone={tone} /> {label}
          </span>
        ))}
        {near.length > 2 ? <span>and {near.length - 2} more</span> : null}
      </li>
    </ul>
  );
}

type MarkedProps = {
  markers: readonly Marker[];
  shades: readonly Shade[];
  limits: readonly Limit[];
  zone: Zone;
};

/** More marks than these are folded away. */
const MARKS_AT_MOST = 6;

export function Marked({ markers, shades, limits, zone }: MarkedProps) {
  const marks = markers.map(({ at, label, tone }) => (
    <li key={`${at} ${label}`}>
      <i className="marker-mark" data-tone={tone} />
      {dateTime(at, zone)} {label}
    </li>
  ));
  const folded = marks.length > MARKS_AT_MOST;
  return (
    <>
      {limits.length + shades.length + (folded ? 0 : marks.length) > 0 ? (
        <ul className="legend">
          {limits.map(({ label }) => (
            <li key={label}>
              <i className="limit-mark" />
              {label}
            </li>
          ))}
          {[...new Set(shades.map(({ label }) => label))].map((label) => (
            <li key={label}>
              <i className="shade-mark" />
              {label}
            </li>
          ))}
          {folded ? null : marks}
        </ul>
      ) : null}
      {folded ? (
        <details className="marks-folded">
          <summary>{marks.length} marks on the time axis</summary>
          <ul className="legend">{marks}</ul>
        </details>
      ) : null}
    </>
  );
}
