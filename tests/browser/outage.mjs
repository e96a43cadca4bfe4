// The service dies under an open page and comes back: what the page says meanwhile, and afterwards.
import process from "node:process";
import { drive } from "./chromium.mjs";
import { settled } from "./console.mjs";

const rows = "tr[data-deployment]";

await drive(async ({ page, options, picture }) => {
  await page.goto(`${options.url}/`);
  await settled(page);
  const before = await page.locator(rows).count();
  // The process that answers; whoever supervises it starts another.
  process.kill(options.pid, "SIGKILL");
  await page.getByText("The service does not answer").waitFor();
  await picture("console-outage");
  const meanwhile = {
    rows: await page.locator(rows).count(),
    stale: await page.locator(".asked[data-stale]").count(),
    notLive: await page.getByText("Not live").count(),
  };
  await page.getByText("The service does not answer").waitFor({ state: "detached", timeout: 60_000 });
  await page.getByText("Live", { exact: true }).waitFor({ timeout: 60_000 });
  // What is shown beside the live fleet is asked for anew at the same time, and may take longer.
  await page.locator(".asked[data-stale]").first().waitFor({ state: "detached" });
  await picture("console-recovered");
  return {
    before,
    meanwhile,
    after: await page.locator(rows).count(),
    stillStale: await page.locator(".asked[data-stale]").count(),
  };
});
