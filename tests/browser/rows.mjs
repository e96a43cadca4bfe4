// What stands in the rows of a table of the console, by the names of its columns.
import { drive } from "./chromium.mjs";
import { settled } from "./console.mjs";

await drive(async ({ page, options }) => {
  await page.goto(`${options.url}${options.path}`);
  await settled(page);
  return {
    rows: await page.locator("#page table").first().evaluate((table) => {
      const names = [...table.tHead.rows[0].cells].map((cell) => cell.innerText.trim());
      return [...table.tBodies[0].rows].map((row) =>
        Object.fromEntries(
          [...row.cells].map((cell, place) => {
            const figure = cell.querySelector("data[value]");
            const time = cell.querySelector("time");
            const exact = figure ? Number(figure.value) : time?.dateTime;
            return [names[place], exact ?? cell.innerText.trim()];
          }),
        ),
      );
    }),
  };
});
