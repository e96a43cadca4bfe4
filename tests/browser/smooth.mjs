// Measures how smooth a page stays under a load that is made up here: 90 days of hourly points for
// eight deployments with intervals, or a fleet of 100 deployments of which some change all the time.
//
// Options besides chromium.mjs's: `url`, `load` ("trends" or "fleet"), `path` (the load's own where
// left out), `deployments`, `days`. Gives, for a rest and for each thing a person does, the frames'
// times in ms and the tasks that held the page for over 50 ms.
import { drive } from "./chromium.mjs";

const HOUR_MS = 3_600_000;
const LOADS = {
  trends: { path: "/trends?metric=QUALITY&by=DEPLOYMENT&range=90d&step=HOUR&intervals=yes", moving },
  fleet: { path: "/?view=place", moving: reading },
};

/** In the page: the time between frames, and the long tasks, between a beginning and an end. */
function watchFrames() {
  let frames = [];
  let tasks = [];
  let last = 0;
  const next = (now) => {
    if (last) frames.push(now - last);
    last = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(Math.round(duration));
  }).observe({ entryTypes: ["longtask"] });
  window.beginFrames = () => {
    [frames, tasks] = [[], []];
  };
  window.endFrames = () => {
    const sorted = frames.toSorted((a, b) => a - b);
    const at = (share) =>
      Math.round(10 * (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)) / 10;
    return {
      frames: sorted.length,
      p50_ms: at(0.5),
      p95_ms: at(0.95),
      longest_ms: at(1),
      long_tasks_ms: tasks,
    };
  };
}

/** What a person does with a chart. */
async function moving(page, measure) {
  const chart = page.locator(".u-over").first();
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  const to = (share, height = 0.5) =>
    page.mouse.move(box.x + box.width * share, box.y + box.height * height);
  await measure("pointer", async () => {
    for (let step = 0; step <= 120; step += 1) await to(step / 120, 0.2 + (step % 12) / 20);
  });
  await measure("drag", async () => {
    await to(0.3);
    await page.mouse.down();
    for (let step = 30; step <= 80; step += 1) await to(step / 100);
    await page.mouse.up();
    await page.getByRole("heading", { name: /^Chosen window/ }).waitFor();
  });
  await measure("keys", async () => {
    await page.getByRole("slider").first().focus();
    for (let step = 0; step < 60; step += 1) await page.keyboard.press("Shift+ArrowLeft");
  });
  await reading(page, measure);
  await measure("theme", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForTimeout(500);
  });
}

/** What a person does with any page. */
async function reading(page, measure) {
  await measure("scroll", async () => {
    await page.mouse.move(640, 500);
    for (let step = 0; step < 60; step += 1) {
      await page.mouse.wheel(0, step < 30 ? 120 : -120);
      await page.waitForTimeout(16);
    }
  });
  await measure("resize", async () => {
    for (let step = 0; step < 16; step += 1) {
      await page.setViewportSize({ width: 1280 - 24 * (step % 8), height: 800 });
      await page.waitForTimeout(60);
    }
  });
}

function namesOf(count) {
  const backends = ["east", "west", "south", "north", "spare"];
  return Array.from({ length: count }, (_, place) => {
    const model = `model-${Math.floor(place / backends.length)}`;
    const backend = backends[place % backends.length];
    return { deployment: `${model}@${backend}`, model, backend };
  });
}

/** Answers what the load is about; all else goes to the service. */
async function answer(route, given) {
  const asked = route.request().postDataJSON();
  if (asked?.operationName === "FleetChanged") return route.fulfill(stream(given));
  const made = MADE[asked?.operationName]?.(asked.variables, given);
  if (!made) return route.continue();
  return route.fulfill({ contentType: "application/json", body: JSON.stringify({ data: made }) });
}

const MADE = { Trend: trend, Compare: compare, Fleet: fleet };

const refs = ({ deployment }) => [{ kind: "deployment", id: deployment }];

/** A wave with noise that is the same on every run. */
function valueAt(line, hour) {
  const noise = Math.abs(Math.sin(line * 12.9898 + hour * 78.233) * 43758.5453) % 1;
  return 0.75 + 0.1 * Math.sin(hour / 24 + line) + 0.1 * (noise - 0.5) - 0.02 * (line % 5);
}

function trend({ during, where }, { names, days }) {
  const end = Math.floor(Date.parse(during.to) / HOUR_MS);
  const asked = where?.deployment;
  const shown = asked ? names.filter(({ deployment }) => asked.includes(deployment)) : names;
  return {
    trend: shown.map((one, line) => ({
      key: refs(one),
      points: Array.from({ length: days * 24 }, (_, place) => {
        const hour = end - days * 24 + place;
        const value = hour % 97 === 0 ? null : valueAt(line, hour);
        const interval = value === null ? [null, null] : [value - 0.03, value + 0.03];
        return {
          at: new Date(hour * HOUR_MS).toISOString(),
          value,
          count: 40,
          low: interval[0],
          high: interval[1],
          complete: Math.min(1, (end - hour) / 12),
        };
      }),
    })),
  };
}

function compare(_, { names }) {
  return {
    compare: names.map((one, line) => {
      const delta = 0.1 * Math.sin(line * 7);
      return {
        key: refs(one),
        before: 0.8,
        after: 0.8 + delta,
        delta,
        deltaLow: delta - 0.02,
        deltaHigh: delta + 0.02,
        countBefore: 5000,
        countAfter: 5000 + line,
        beforeLow: 0.79,
        beforeHigh: 0.81,
        afterLow: 0.79 + delta,
        afterHigh: 0.81 + delta,
      };
    }),
  };
}

const STATUSES = ["HEALTHY", "HEALTHY", "HEALTHY", "DEGRADED", "DOWN", "UNKNOWN"];

function stateOf({ deployment, model, backend }, place, turn = 0) {
  const status = STATUSES[(place * 7 + turn) % STATUSES.length];
  return {
    deployment,
    model,
    backend,
    version: "v1",
    status,
    reasons: status === "HEALTHY" ? [] : ["error rate 12 % of 400 requests"],
    breaker: status === "DOWN" ? "OPEN" : "CLOSED",
    breakerReason: status === "DOWN" ? "5 failures in a row" : null,
    breakerUntil: null,
    availability: 0.99,
    errorRate: 0.001 * ((place + turn) % 90),
    latencyP50Ms: 800 + place,
    latencyP95Ms: 2000 + 10 * place + turn,
    queueDepth: (place + turn) % 12,
    load: ((place + turn) % 100) / 100,
    rateLimitRemaining: 0.5,
    spotAvailability: null,
    costPer1kTokensUsd: 0.002,
    sampleCount: 400,
    updatedAt: new Date().toISOString(),
    ageMs: 1000,
    stale: status === "UNKNOWN",
  };
}

function fleet(_, { names }) {
  return { fleet: names.map((one, place) => stateOf(one, place)) };
}

/** A stream that tells many changes at once and then ends, over and over as it is asked for again. */
let turn = 0;
function stream({ names }) {
  turn += 1;
  const event = (states) =>
    `event: next\ndata: ${JSON.stringify({ data: { fleetChanged: states } })}\n\n`;
  const all = names.map((one, place) => stateOf(one, place, turn));
  const some = Array.from({ length: 20 }, (_, step) =>
    event(all.slice(step * 5, step * 5 + 5).map((state) => ({ ...state, queueDepth: step }))),
  );
  return {
    contentType: "text/event-stream",
    body: [event(all), ...some, "event: complete\ndata:\n\n"].join(""),
  };
}

await drive(async ({ page, context, options, picture }) => {
  const { load = "trends", url } = options;
  const { path, moving: act } = LOADS[load];
  const names = namesOf(options.deployments ?? 100);
  await context.addInitScript(watchFrames);
  await page.route("**/graphql", (route) => answer(route, { names, days: options.days ?? 90 }));
  const asked = Date.now();
  await page.goto(url + (options.path ?? path));
  await page.locator(load === "trends" ? ".u-over" : "main").first().waitFor();
  const shown_ms = Date.now() - asked;
  await page.waitForTimeout(2000);
  const phases = {};
  const measure = async (name, doing) => {
    await page.evaluate(() => window.beginFrames());
    await doing();
    phases[name] = await page.evaluate(() => window.endFrames());
  };
  await measure("rest", () => page.waitForTimeout(2000));
  await act(page, measure);
  await picture(`smooth-${load}`);
  const points = load === "trends" ? 8 * (options.days ?? 90) * 24 : names.length;
  return { load, points, shown_ms, phases };
});
