// A service that wants a key: the page asks for one, and shows what it may see.
import { drive } from "./chromium.mjs";

const rows = "tr[data-deployment]";

await drive(async ({ page, options, picture }) => {
  await page.goto(`${options.url}/`);
  const key = page.getByLabel("API key");
  await key.waitFor();
  await picture("console-locked");
  const before = await page.locator(rows).count();
  await key.fill("rc_0000_wrong");
  await page.getByRole("button", { name: "Use it in this tab" }).click();
  await page.waitForTimeout(500);
  await key.waitFor();
  await key.fill(options.key);
  await page.getByRole("button", { name: "Use it in this tab" }).click();
  await page.locator(rows).first().waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  return { before, after: await page.locator(rows).count(), asked: await key.count() };
});
