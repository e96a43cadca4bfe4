// The chart on its canvas: made once for a set of lines, and drawn anew where what it shows changed.
import "./language";
import { type RefObject, useEffect, useRef } from "react";
import uPlot from "uplot";
import { useTheme } from "@/shell/theme";
import type { Period } from "@/time/period";
import { useZone, type Zone } from "@/time/zone";
import { drawBands, drawLimits, drawMarkers, drawShades } from "./drawing";
import type { Pointer } from "./pointer";
import { followPointer, showWindow } from "./selecting";
import {
  type Column,
  type Columns,
  colorOf,
  dashOf,
  isEmpty,
  isolated,
  type Limit,
  type Line,
  type Marker,
  type Shade,
  tick,
  timeRange,
  valueRange,
} from "./shape";

/** What is drawn. */
type Shown = {
  lines: readonly Line[];
  columns: Columns;
  format: (value: number) => string;
  period?: Period | undefined;
  markers: readonly Marker[];
  shades: readonly Shade[];
  limits: readonly Limit[];
  fromZero: boolean;
  height: number;
  selected: Period | null;
  onSelect?: ((period: Period) => void) | undefined;
};

/** Keep a plot in the frame for as long as it is on the page. */
export function usePlot(
  frame: RefObject<HTMLDivElement | null>,
  shown: Shown,
  pointer: Pointer,
): RefObject<uPlot | null> {
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(shown);
  latest.current = shown;
  const [zone, theme] = [useZone(), useTheme()];
  const { lines, columns, height, period, markers, shades, limits, fromZero, selected } = shown;
  const shape = lines.map((line, place) => [
    colorOf(line, place),
    dashOf(line, place),
    line.stepped,
  ]);
  const dense = lines.length * columns.seconds.length > DENSE;
  const built = JSON.stringify([shape, zone, theme, height, dense]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `built` says all that a plot is made of
  useEffect(() => {
    const holder = frame.current;
    if (!holder) return;
    const width = holder.clientWidth || 300;
    const made = new uPlot(
      options(latest, { width, height, zone, holder, pointer, dense }),
      [latest.current.columns.seconds, ...latest.current.columns.values],
      holder,
    );
    plot.current = made;
    const letGo = followPointer(made, latest);
    const stop = keepWidth(holder, made, () => latest.current.selected);
    return () => {
      stop();
      letGo();
      made.destroy();
      plot.current = null;
      pointer.set({ place: null, anchor: null });
    };
  }, [built]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew where anything in it changed
  useEffect(() => {
    plot.current?.setData([columns.seconds, ...columns.values]);
  }, [columns, period?.from, period?.to, markers, shades, limits, fromZero]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the window moves with the scale under it
  useEffect(() => {
    const drawn = plot.current;
    // The scale is set after this effect, in the same turn.
    if (drawn) queueMicrotask(() => plot.current === drawn && showWindow(drawn, selected));
  }, [built, columns, period?.from, period?.to, selected?.from, selected?.to]);
  return plot;
}

/** Follow the width of the frame, once per picture at most. */
function keepWidth(holder: HTMLElement, plot: uPlot, selected: () => Period | null): () => void {
  let asked = 0;
  const watcher = new ResizeObserver(() => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => {
      const width = holder.clientWidth;
      if (width === 0 || width === plot.width) return;
      plot.setSize({ width, height: plot.height });
      queueMicrotask(() => showWindow(plot, selected()));
    });
  });
  watcher.observe(holder);
  return () => {
    cancelAnimationFrame(asked);
    watcher.disconnect();
  };
}

/** Straight lines that leave gaps out: cutting them out afterwards, as uPlot does, takes far longer. */
function straight(plot: uPlot, index: number, first: number, last: number): uPlot.Series.Paths {
  const [xs, ys] = [plot.data[0], plot.data[index] as Column];
  const stroke = new Path2D();
  let joined = false;
  for (let place = first; place <= last; place += 1) {
    const value = ys[place];
    if (value === undefined) continue;
    if (value !== null) {
      const x = Math.round(plot.valToPos(xs[place] as number, "x", true));
      const y = Math.round(plot.valToPos(value, "y", true));
      if (joined) stroke.lineTo(x, y);
      else stroke.moveTo(x, y);
    }
    joined = value !== null;
  }
  return { stroke };
}

/** More points than these are drawn in thin lines. */
const DENSE = 2000;

type Latest = { readonly current: Shown };

type Making = {
  width: number;
  height: number;
  zone: Zone;
  holder: HTMLElement;
  pointer: Pointer;
  dense: boolean;
};

function options(latest: Latest, making: Making): uPlot.Options {
  const { width, height, zone, holder, pointer } = making;
  const style = getComputedStyle(holder);
  const ink = (name: string) => style.getPropertyValue(name).trim();
  const { lines } = latest.current;
  const colors = lines.map((line, place) => ink(colorOf(line, place)));
  // Only lines of one pixel are drawn fast where there is no graphics card.
  const thin = making.dense;
  const stepped = lines.map((line) => line.stepped ?? false);
  const none = () => null;
  return {
    width,
    height,
    legend: { show: false },
    focus: { alpha: 0.15 },
    // Room above for the heads of what happened.
    padding: [16, 20, 0, 0],
    tzDate: (seconds) => zoned(seconds, zone),
    cursor: {
      y: false,
      drag: { x: false, y: false, setScale: false },
      // Windows are chosen by our own hands, which know fingers too.
      bind: { mousedown: none, mouseup: none, click: none, dblclick: none },
      points: { size: 7 },
    },
    scales: {
      x: { time: true, range: (_, low, high) => timeRange(latest.current.period, low, high) },
      y: { range: () => valueRange(latest.current.columns, latest.current) },
    },
    axes: axes(latest, zone, ink),
    series: [
      {},
      ...lines.map((line, place) => series(line, place, { stroke: colors[place] as string, thin })),
    ],
    hooks: {
      drawClear: [(plot) => drawShades(plot, latest.current.shades, ink)],
      drawAxes: [(plot) => drawBands(plot, latest.current.columns.bands, { colors, stepped })],
      draw: [
        (plot) => {
          drawLimits(plot, latest.current.limits, ink);
          drawMarkers(plot, latest.current.markers, ink);
        },
      ],
      setCursor: [
        ({ cursor }) => pointer.set({ place: cursor.idx ?? null, anchor: pointer.get().anchor }),
      ],
    },
  };
}

/** Days begin where the shown zone has them. */
function zoned(seconds: number, zone: Zone): Date {
  const date = new Date(seconds * 1000);
  return zone === "utc" ? uPlot.tzDate(date, "Etc/UTC") : date;
}

const CHARACTER_PX = 7;

function axes(latest: Latest, zone: Zone, ink: (name: string) => string): uPlot.Axis[] {
  const axis: uPlot.Axis = {
    stroke: ink("--quiet"),
    grid: { stroke: ink("--line"), width: 1 },
    ticks: { stroke: ink("--line"), width: 1, size: 5 },
    font: "12px system-ui, sans-serif",
  };
  return [
    {
      ...axis,
      size: 32,
      values: (_, splits, __, ___, step) => splits.map((at) => tick(at, step, zone)),
    },
    {
      ...axis,
      // A scale that nothing is measured on would be made up.
      values: (_, splits) =>
        splits.map((value) =>
          isEmpty(latest.current.columns) ? "" : latest.current.format(value),
        ),
      size: (_, texts) =>
        18 + CHARACTER_PX * Math.max(3, ...(texts ?? []).map((text) => text.length)),
    },
  ];
}

type Stroke = { stroke: string; thin: boolean };

function series(line: Line, place: number, { stroke, thin }: Stroke): uPlot.Series {
  const dash = dashOf(line, place);
  return {
    label: line.name,
    stroke,
    width: thin ? 1 : 2,
    spanGaps: false,
    points: {
      size: 6,
      fill: stroke,
      // Only those that no line leads to.
      show: true,
      filter: (plot, index) =>
        isolated(plot.data[index] as number[], ...(plot.series[0]?.idxs ?? [])),
    },
    ...(dash ? { dash } : {}),
    paths: line.stepped && uPlot.paths.stepped ? uPlot.paths.stepped({ align: 1 }) : straight,
  };
}
