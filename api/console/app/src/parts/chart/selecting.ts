// Choosing a window on a chart: by mouse, pen, finger or keys.
import type { KeyboardEvent, RefObject } from "react";
import type uPlot from "uplot";
import { ms } from "@/time/instants";
import type { Period } from "@/time/period";
import type { Pointer } from "./pointer";
import { moved, stepsBetween, windowOf } from "./shape";

/** What choosing has to know of the chart as it is now. */
type Choosing = {
  seconds: readonly number[];
  period?: Period | undefined;
  selected: Period | null;
  onSelect?: ((period: Period) => void) | undefined;
};

/** Show a window on the plot, or none. */
export function showWindow(
  plot: uPlot,
  window: { from: string | number; to: string | number } | null,
) {
  const wide = plot.over.clientWidth;
  const place = (at: string | number) =>
    Math.min(Math.max(plot.valToPos(ms(at) / 1000, "x"), 0), wide);
  const [left, right] = window ? [place(window.from), place(window.to)] : [0, 0];
  const height = right > left ? plot.over.clientHeight : 0;
  plot.setSelect({ left, width: right - left, top: 0, height }, false);
}

const LEAST_PX = 5;

/** Drag to choose a window, by mouse, pen or finger; up and down a finger still scrolls the page. */
export function followPointer(
  plot: uPlot,
  latest: { readonly current: Omit<Choosing, "seconds"> },
): () => void {
  const { over } = plot;
  let start: number | null = null;
  const placeOf = (event: PointerEvent) => {
    const { left, width } = over.getBoundingClientRect();
    return Math.min(Math.max(event.clientX - left, 0), width);
  };
  const instant = (px: number) => plot.posToVal(px, "x") * 1000;
  const windowTo = (event: PointerEvent) => {
    const end = placeOf(event);
    if (start === null || Math.abs(end - start) < LEAST_PX) return null;
    return windowOf(instant(start), instant(end), latest.current.period);
  };
  const end = (event: PointerEvent) => {
    const window = event.type === "pointerup" ? windowTo(event) : null;
    if (start === null) return;
    start = null;
    showWindow(plot, latest.current.selected);
    if (window) latest.current.onSelect?.(window);
  };
  const down = (event: PointerEvent) => {
    if (event.button !== 0 || !event.isPrimary || !latest.current.onSelect) return;
    start = placeOf(event);
    over.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    if (start === null) return;
    const [left, right] = [start, placeOf(event)].sort((a, b) => a - b) as [number, number];
    plot.setSelect({ left, width: right - left, top: 0, height: over.clientHeight }, false);
    if (event.pointerType === "touch") plot.setCursor({ left: placeOf(event), top: 0 });
  };
  over.addEventListener("pointerdown", down);
  over.addEventListener("pointermove", move);
  over.addEventListener("pointerup", end);
  over.addEventListener("pointercancel", end);
  return () => {
    over.removeEventListener("pointerdown", down);
    over.removeEventListener("pointermove", move);
    over.removeEventListener("pointerup", end);
    over.removeEventListener("pointercancel", end);
  };
}

/** The same by keys: arrows move along, with Shift they draw a window, Enter takes it. */
export function chooseByKeys(
  plot: RefObject<uPlot | null>,
  pointer: Pointer,
  { seconds, period, selected, onSelect }: Choosing,
) {
  return (event: KeyboardEvent) => {
    const drawn = plot.current;
    if (!drawn) return;
    const { place, anchor } = pointer.get();
    const chosen = place === null || anchor === null ? null : stepsBetween(seconds, place, anchor);
    if (chosen && (event.key === "Enter" || event.key === "Escape")) {
      const window = windowOf(chosen.from, chosen.to, period);
      pointer.set({ place, anchor: null });
      showWindow(drawn, selected);
      if (window && event.key === "Enter") onSelect?.(window);
    } else {
      const shift = event.shiftKey && onSelect !== undefined;
      const next = moved({ place, anchor }, event.key, { count: seconds.length, shift });
      if (!next || next.place === null) return;
      pointer.set(next);
      drawn.setCursor({ left: drawn.valToPos(seconds[next.place] as number, "x"), top: 0 });
      const along = next.anchor === null ? null : stepsBetween(seconds, next.place, next.anchor);
      showWindow(drawn, along ?? selected);
    }
    event.preventDefault();
  };
}
