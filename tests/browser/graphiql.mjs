// GraphiQL as a person uses it: run a query, complete a field, read the docs, follow a subscription.
import { drive } from "./chromium.mjs";

const editor = ".graphiql-query-editor .monaco-editor";
const response = ".graphiql-response .view-lines";

async function text(page, selector) {
  // Monaco renders spaces as non-breaking ones.
  return (await page.locator(selector).first().innerText()).replaceAll("\u00a0", " ");
}

async function run(page) {
  await page.getByRole("button", { name: /execute/i }).click();
}

async function completion(page, picture) {
  await page.getByRole("button", { name: /new tab/i }).click();
  await page.locator(editor).first().click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.press("Delete");
  await page.keyboard.type("{ fleet { depl", { delay: 30 });
  const widget = page.locator(".suggest-widget .monaco-list-row");
  await widget.first().waitFor();
  await picture("graphiql-completion");
  return widget.allInnerTexts();
}

async function docs(page, picture) {
  await page.getByRole("button", { name: /documentation explorer/i }).click();
  const explorer = page.locator(".graphiql-doc-explorer");
  await explorer.waitFor();
  await explorer.getByText("Query", { exact: true }).first().click();
  await explorer.getByText("fleet", { exact: true }).first().waitFor();
  await picture("graphiql-docs");
  const query = await explorer.innerText();
  await explorer.getByText("DeploymentHealth", { exact: true }).first().click();
  await explorer.getByText("reasons", { exact: true }).first().waitFor();
  await picture("graphiql-docs-type");
  return `${query}\n${await explorer.innerText()}`;
}

async function subscription(page, picture) {
  await page.getByRole("tab", { name: "FleetChanged" }).click();
  // GraphiQL notes the new tab's operation a moment after it shows the tab.
  await page.waitForTimeout(1000);
  await run(page);
  await page.locator(response).getByText("fleetChanged").first().waitFor();
  await picture("graphiql-subscription");
  const answer = await text(page, response);
  await page.getByRole("button", { name: /stop/i }).click();
  return answer;
}

await drive(async ({ page, options, picture }) => {
  await page.goto(`${options.url}/graphql`);
  await page.locator(editor).first().waitFor();
  const tabs = await page.getByRole("tab").allInnerTexts();
  await run(page);
  await page.locator(response).getByText("fleet").first().waitFor();
  await picture("graphiql-answer");
  return {
    tabs,
    answer: await text(page, response),
    subscription: await subscription(page, picture),
    completion: await completion(page, picture),
    docs: await docs(page, picture),
    workers: page.workers().map((worker) => worker.url()),
  };
});
