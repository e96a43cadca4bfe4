// The front page at a phone's and a desk's width, in light and dark.
import { drive } from "./chromium.mjs";

const SIZES = [
  { name: "phone", width: 390, height: 844 },
  { name: "desk", width: 1280, height: 800 },
];

await drive(async ({ page, options, picture }) => {
  await page.goto(`${options.url}/`);
  await page.waitForFunction(() => !document.querySelector('[data-state="waiting"]'));
  await page.waitForFunction(
    () => !document.getElementById("fleet-note").textContent.startsWith("Asking"),
  );
  const widest = {};
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const { name, width, height } of SIZES) {
      await page.setViewportSize({ width, height });
      widest[name] = await page.evaluate(() => document.documentElement.scrollWidth);
      await picture(`landing-${name}-${colorScheme}`);
    }
  }
  return {
    title: await page.title(),
    live: await page.textContent("#live"),
    ready: await page.textContent("#ready"),
    note: await page.textContent("#fleet-note"),
    names: await page.locator("#fleet .name").allTextContents(),
    statuses: await page.locator("#fleet .status").allTextContents(),
    ages: await page.locator("#fleet .age").allTextContents(),
    doors: await page
      .locator(".doors a")
      .evaluateAll((links) => links.map((link) => [link.textContent, link.href])),
    widest,
  };
});
