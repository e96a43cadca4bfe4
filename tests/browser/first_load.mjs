// The first visit with an empty cache: what is loaded, how large it is, and how long until data show.
import { drive } from "./chromium.mjs";
import { DESK } from "./console.mjs";

await drive(async ({ page, options }) => {
  await page.setViewportSize(DESK);
  await page.goto(`${options.url}/`, { waitUntil: "commit" });
  await page.locator("tr[data-deployment]").first().waitFor();
  const dataMs = await page.evaluate(() => performance.now());
  const loaded = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter(({ initiatorType }) => initiatorType !== "fetch")
      .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize]),
  );
  const [{ encodedBodySize }] = await page.evaluate(() =>
    performance.getEntriesByType("navigation").map((entry) => entry.toJSON()),
  );
  return { loaded: [["/", encodedBodySize], ...loaded], dataMs };
});
