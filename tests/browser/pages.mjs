// Visits every page of the console at a desk's and a phone's width, light and dark: takes pictures, asks
// axe, and gives the figures on screen with what the page asked for them.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { drive } from "./chromium.mjs";
import { DESK, figures, operations, PHONE, settled, words } from "./console.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds serious, in a line each. */
async function serious(page) {
  // By the debugger's own evaluation, which the page's content security policy does not govern.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ["violations"] }),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}

async function looks(page, name, picture) {
  const found = { serious: [], widest: {} };
  for (const [size, viewport] of [["desk", DESK], ["phone", PHONE]]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      // Charts are drawn anew for another theme or width.
      await page.waitForTimeout(150);
      await picture(`console-${name}-${size}-${colorScheme}`);
      for (const one of await serious(page)) found.serious.push(`${size} ${colorScheme}: ${one}`);
    }
    found.widest[size] = await page.evaluate(() => document.documentElement.scrollWidth);
  }
  return found;
}

await drive(async ({ page, options, picture }) => {
  const taken = await operations(page);
  const visited = {};
  for (const { name, path, press } of options.pages) {
    await page.setViewportSize(DESK);
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(`${options.url}${path}`);
    await settled(page);
    if (press) {
      await page.getByRole("button", { name: press }).first().click();
      await settled(page);
    }
    visited[name] = {
      title: await page.title(),
      headings: await page.locator("#page :is(h1, h2)").allInnerTexts(),
      words: await words(page),
      problems: await page.locator(".problem").allInnerTexts(),
      figures: await figures(page),
      operations: await taken(),
      ...(await looks(page, name, picture)),
    };
  }
  return visited;
});
