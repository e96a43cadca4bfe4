// Lines over time with their intervals, limits, markers and shaded regions; drag to choose a window.
import "uplot/dist/uPlot.min.css";
import "./chart/chart.css";
import { type KeyboardEvent, type RefObject, useId, useMemo, useRef, useState } from "react";
import type { Period } from "@/time/period";
import { useZone } from "@/time/zone";
import { Legend, Marked } from "./chart/Legend";
import { usePlot } from "./chart/plot";
import { makePointer, type Pointer, usePointer } from "./chart/pointer";
import { chooseByKeys, showWindow } from "./chart/selecting";
import {
  columnsOf,
  isEmpty,
  type Limit,
  type Line,
  type Marker,
  type Shade,
  wordsAt,
} from "./chart/shape";

export type { Limit, Line, LinePoint, Marker, Shade } from "./chart/shape";

type Props = {
  /** What the chart shows, for who can't see it. */
  label: string;
  lines: readonly Line[];
  format: (value: number) => string;
  period?: Period;
  markers?: readonly Marker[];
  shades?: readonly Shade[];
  limits?: readonly Limit[];
  height?: number;
  /** Called with the window that was chosen, by dragging or by keys. */
  onSelect?: (period: Period) => void;
  /** A window that stays marked. */
  selected?: Period | null;
  /** Whether the scale begins at zero. */
  fromZero?: boolean;
  /** False where the marks are listed elsewhere on the page. */
  listed?: boolean;
};

const NONE: readonly never[] = [];

export function TimeChart(props: Props) {
  const { label, lines, format, period, markers = NONE, shades = NONE, limits = NONE } = props;
  const { onSelect, selected = null, fromZero = false, height = 260, listed = true } = props;
  const columns = useMemo(() => columnsOf(lines), [lines]);
  const [pointer] = useState(makePointer);
  const frame = useRef<HTMLDivElement>(null);
  const zone = useZone();
  const common = { lines, columns, format, period, markers, shades, limits, onSelect };
  const plot = usePlot(frame, { ...common, selected, fromZero, height }, pointer);
  const nothing = isEmpty(columns);
  const onKeyDown = chooseByKeys(plot, pointer, {
    seconds: columns.seconds,
    period,
    selected,
    onSelect,
  });
  const leave = () => {
    pointer.set({ place: null, anchor: null });
    plot.current?.setCursor({ left: -10, top: -10 });
    if (plot.current) showWindow(plot.current, selected);
  };
  return (
    <figure className="time-chart" aria-label={label} data-selectable={onSelect ? true : undefined}>
      <Surface
        frame={frame}
        label={label}
        pointer={pointer}
        last={nothing ? -1 : columns.seconds.length - 1}
        words={(place) => wordsAt(lines, columns, place, { format, zone })}
        onKeyDown={onKeyDown}
        leave={leave}
        selects={onSelect !== undefined}
      />
      {nothing ? (
        <p className="chart-nothing">
          Nothing is known of this period. Take a longer one, or a wider slice.
        </p>
      ) : null}
      <figcaption>
        <Legend
          {...common}
          pointer={pointer}
          zone={zone}
          // uPlot counts the time axis as its first series.
          dim={(line) => plot.current?.setSeries(line === null ? null : line + 1, { focus: true })}
        />
        <Marked markers={listed ? markers : NONE} shades={shades} limits={limits} zone={zone} />
      </figcaption>
    </figure>
  );
}

type SurfaceProps = {
  frame: RefObject<HTMLDivElement | null>;
  label: string;
  pointer: Pointer;
  /** The last place of the time axis; -1 where there is nothing to point at. */
  last: number;
  words: (place: number) => string;
  onKeyDown: (event: KeyboardEvent) => void;
  leave: () => void;
  selects: boolean;
};

/** The canvas, as something that the keyboard moves along and that says what is there. */
function Surface({ frame, label, pointer, last, words, onKeyDown, leave, selects }: SurfaceProps) {
  const { place, anchor } = usePointer(pointer);
  const hint = useId();
  const at = Math.min(place ?? last, last);
  const begun =
    anchor === null ? "" : `, chosen from ${words(Math.min(anchor, last)).slice(0, 16)}`;
  const movable = {
    role: "slider",
    tabIndex: 0,
    "aria-label": label,
    "aria-describedby": hint,
    "aria-valuemin": 0,
    "aria-valuemax": last,
    "aria-valuenow": at,
    "aria-valuetext": last < 0 ? "" : `${words(at)}${begun}`,
    onKeyDown,
    onBlur: leave,
  };
  return (
    <>
      <div
        ref={frame}
        className="chart-surface"
        {...(last < 0 ? { role: "img", "aria-label": label } : movable)}
      />
      <p id={hint} className="chart-hint quiet">
        ← and → move along.{" "}
        {selects ? "With Shift they choose a window; Enter takes it, Escape lets it go." : ""}
      </p>
    </>
  );
}
