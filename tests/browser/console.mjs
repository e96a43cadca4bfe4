// What the scripts that drive the console share: when a page is ready, what it asked, what it shows.

export const DESK = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** Wait until nothing on the page is still being asked for. */
export async function settled(page) {
  await page.locator("#page h1").waitFor();
  await page.waitForFunction(() => !document.querySelector(".loading"));
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
}

/** In the page, before anything else: keep what event streams tell, which no tool sees until they end. */
function keepStreams() {
  window.streamed = [];
  const asking = window.fetch;
  window.fetch = async (...given) => {
    const response = await asking(...given);
    if (response.headers.get("content-type")?.includes("text/event-stream")) {
      const text = response.clone().body.pipeThrough(new TextDecoderStream());
      (async () => {
        for await (const part of text) window.streamed.push(part);
      })().catch(() => undefined);
    }
    return response;
  };
}

/**
 * Keeps every GraphQL operation that the page asks by POST, with its answer; of a stream with what it
 * told so far. Gives what takes them.
 */
export async function operations(page) {
  let kept = [];
  await page.addInitScript(keepStreams);
  page.on("response", async (response) => {
    const request = response.request();
    if (request.method() !== "POST" || !request.url().endsWith("/graphql")) return;
    const asked = request.postDataJSON();
    const streams = (response.headers()["content-type"] ?? "").includes("text/event-stream");
    kept.push({
      name: asked.operationName,
      hash: asked.extensions?.persistedQuery?.sha256Hash ?? null,
      variables: asked.variables,
      streams,
      answer: streams ? null : await response.json().catch(() => null),
    });
  });
  return async () => {
    const told = await page.evaluate(() => window.streamed.splice(0).join(""));
    const events = told.split("\n").filter((line) => line.startsWith("data: {"));
    const taken = kept;
    kept = [];
    return [...taken, { name: "streamed", streams: true, answer: events.map((line) => parsed(line)) }];
  };
}

/** An event's data; null for one that was cut where it was taken. */
function parsed(line) {
  try {
    return JSON.parse(line.slice("data: ".length));
  } catch {
    return null;
  }
}

/** Every figure on the page, exactly; those that the page worked out itself say so and are left out. */
export function figures(page) {
  return page
    .locator("data[value]:not([data-worked-out], [data-worked-out] data)")
    .evaluateAll((shown) => shown.map((one) => Number(one.value)));
}

/** What a screen reader would hear of the page's main part, on one line. */
export async function words(page, selector = "#page") {
  const text = await page.locator(selector).first().innerText();
  return text.replaceAll(/\s+/g, " ").trim();
}
