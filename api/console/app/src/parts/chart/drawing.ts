// What a chart draws besides its lines: intervals, shaded regions, limits, and marks of what happened.
import "./language";
import uPlot from "uplot";
import { ms } from "@/time/instants";
import { strips } from "./envelope";
import type { Band, Limit, Marker, Shade } from "./shape";

type Ink = (name: string) => string;

/** Draw within the plot only. */
function within({ ctx, bbox }: uPlot, draw: () => void) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw();
  ctx.restore();
}

/** Intervals, the wider ones first so that the narrower lie on them. */
export function drawBands(
  plot: uPlot,
  bands: readonly Band[],
  { colors, stepped }: { colors: readonly string[]; stepped: readonly boolean[] },
) {
  within(plot, () => {
    for (const band of bands) {
      plot.ctx.fillStyle = colors[band.line] as string;
      plot.ctx.globalAlpha = band.wide ? 0.12 : 0.2;
      fillBand(plot, band, stepped[band.line] ?? false);
    }
  });
}

function fillBand(plot: uPlot, { low, high }: Band, stepped: boolean) {
  const xs = plot.data[0];
  const { min, max } = plot.scales.x ?? {};
  let run: number[] = [];
  const flush = () => {
    if (run.length) fillRun(plot, run, { low, high, stepped });
    run = [];
  };
  for (let place = 0; place < xs.length; place += 1) {
    const [l, h] = [low[place], high[place]];
    if (l === undefined && h === undefined) continue;
    const outside = (xs[place + 1] ?? Infinity) < (min ?? 0) || (xs[place - 1] ?? 0) > (max ?? 0);
    if (l === null || h === null || l === undefined || h === undefined || outside) flush();
    else run.push(place);
  }
  flush();
}

/** An outline with more points than these takes too long to fill. */
const OUTLINED_AT_MOST = 40;

type Edges = Pick<Band, "low" | "high"> & { stepped: boolean };

function fillRun(plot: uPlot, run: readonly number[], { low, high, stepped }: Edges) {
  const { ctx } = plot;
  const x = (place: number) => plot.valToPos(plot.data[0][place] as number, "x", true);
  const y = (value: unknown) => plot.valToPos(value as number, "y", true);
  // A point by itself has no width of its own.
  if (run.length === 1) {
    const place = run[0] as number;
    const [top, bottom] = [y(high[place]), y(low[place])];
    ctx.fillRect(x(place) - 3 * uPlot.pxRatio, top, 6 * uPlot.pxRatio, bottom - top);
    return;
  }
  if (!stepped && run.length > OUTLINED_AT_MOST) {
    const points = run.map((place) => ({ x: x(place), high: y(high[place]), low: y(low[place]) }));
    const { left, width } = plot.bbox;
    for (const strip of strips(points, left, left + width)) {
      ctx.fillRect(strip.x, strip.high, 1, strip.low - strip.high);
    }
    return;
  }
  ctx.beginPath();
  run.forEach((place, index) => {
    ctx.lineTo(x(place), y(high[place]));
    const next = run[index + 1];
    if (stepped && next !== undefined) ctx.lineTo(x(next), y(high[place]));
  });
  run.toReversed().forEach((place, index, back) => {
    const next = back[index - 1];
    if (stepped && next !== undefined) ctx.lineTo(x(next), y(low[place]));
    ctx.lineTo(x(place), y(low[place]));
  });
  ctx.closePath();
  ctx.fill();
}

export function drawShades(plot: uPlot, shades: readonly Shade[], ink: Ink) {
  const { ctx, bbox, valToPos } = plot;
  within(plot, () => {
    ctx.fillStyle = ink("--shade");
    ctx.strokeStyle = ink("--quiet");
    ctx.lineWidth = uPlot.pxRatio;
    ctx.setLineDash([2 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
    for (const { from, to } of shades) {
      const left = valToPos(ms(from) / 1000, "x", true);
      const right = valToPos(ms(to) / 1000, "x", true);
      ctx.fillRect(left, bbox.top, Math.max(right - left, uPlot.pxRatio), bbox.height);
      // An edge, since the tint alone is faint.
      ctx.beginPath();
      ctx.moveTo(left, bbox.top);
      ctx.lineTo(left, bbox.top + bbox.height);
      ctx.stroke();
    }
  });
}

export function drawLimits(plot: uPlot, limits: readonly Limit[], ink: Ink) {
  const { ctx, bbox, valToPos } = plot;
  within(plot, () => {
    ctx.strokeStyle = ink("--bad");
    ctx.lineWidth = 2 * uPlot.pxRatio;
    ctx.setLineDash([4 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
    for (const { value } of limits) {
      const y = valToPos(value, "y", true);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
  });
}

/** A line at the time of each, with a head; a bar along the top for as long as it lasted. */
export function drawMarkers(plot: uPlot, markers: readonly Marker[], ink: Ink) {
  const { ctx, bbox, valToPos } = plot;
  const size = uPlot.pxRatio;
  // The newest last, so that it is seen where several are at one time.
  for (const { at, until, tone } of markers) {
    const x = valToPos(ms(at) / 1000, "x", true);
    const end = until ? valToPos(ms(until) / 1000, "x", true) : x;
    ctx.save();
    ctx.fillStyle = ink(tone === "incident" ? "--bad" : "--accent");
    const [left, right] = [Math.max(x, bbox.left), Math.min(end, bbox.left + bbox.width)];
    if (right > left) ctx.fillRect(left, bbox.top - 9 * size, right - left, 4 * size);
    if (x >= bbox.left && x <= bbox.left + bbox.width) {
      ctx.globalAlpha = 0.55;
      ctx.fillRect(x - size / 2, bbox.top - 2 * size, size, bbox.height + 2 * size);
      ctx.globalAlpha = 1;
      drawHead(ctx, { x, top: bbox.top - 12 * size, size: 5 * size, tone });
    }
    ctx.restore();
  }
}

type Head = { x: number; top: number; size: number; tone: Marker["tone"] };

/** A triangle for a change, a square for an incident: the shape tells them apart as well. */
function drawHead(ctx: CanvasRenderingContext2D, { x, top, size, tone }: Head) {
  ctx.beginPath();
  if (tone === "incident") ctx.rect(x - size, top, 2 * size, 2 * size);
  else {
    ctx.moveTo(x - size, top);
    ctx.lineTo(x + size, top);
    ctx.lineTo(x, top + 2 * size);
    ctx.closePath();
  }
  ctx.fill();
}
