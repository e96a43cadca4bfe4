// Runs each of GraphiQL's default tabs as a first visit finds it, and gives what each answered.
import { drive } from "./chromium.mjs";

const NAMES = [
  "Fleet",
  "WhyChanged",
  "Request",
  "Trend",
  "Compare",
  "RoutingView",
  "WhatIf",
  "WhatComesNext",
  "Spending",
];
const response = ".graphiql-response .view-lines";
const variables = '.graphiql-editor-tool .monaco-editor';

await drive(async ({ page, options, picture }) => {
  const answers = {};
  page.on("response", async (answer) => {
    if (answer.request().method() !== "POST") return;
    const asked = answer.request().postDataJSON();
    if (NAMES.includes(asked?.operationName)) answers[asked.operationName] = await answer.text();
  });
  await page.goto(`${options.url}/graphql`);
  await page.locator(".graphiql-query-editor .monaco-editor").first().waitFor();
  for (const name of NAMES) {
    await page.locator(".graphiql-tab").filter({ hasText: new RegExp(`^${name}`) }).first().click();
    // GraphiQL notes the new tab's operation a moment after it shows the tab.
    await page.waitForTimeout(1000);
    if (name === "Request") {
      await page.locator(variables).first().click();
      await page.keyboard.press("ControlOrMeta+A");
      await page.keyboard.insertText(JSON.stringify({ id: options.request }));
      // What the editor closed by itself is one too many.
      await page.keyboard.press("ControlOrMeta+Shift+End");
      await page.keyboard.press("Delete");
      await page.waitForTimeout(500);
    }
    const answered = page.waitForResponse((answer) =>
      answer.request().postData()?.includes(`"operationName":"${name}"`),
    );
    await page.getByRole("button", { name: /execute/i }).click();
    await answered;
    await page.locator(response).first().waitFor();
    await page.waitForTimeout(500);
    await picture(`graphiql-question-${name}`);
  }
  return answers;
});
