// The console as an operator uses it at night: from the worst deployment to the cause of a drop, along
// its path to the rollout, to a request that it hurt, to the same question in words, to a postmortem.
import { readFileSync } from "node:fs";
import { drive } from "./chromium.mjs";
import { settled, words } from "./console.mjs";

async function worst(page, options) {
  await page.goto(`${options.url}/`);
  await settled(page);
  const row = page.locator("tr[data-deployment]").first();
  const found = {
    deployment: await row.getAttribute("data-deployment"),
    status: await row.getAttribute("data-status"),
    row: (await row.innerText()).replaceAll(/\s+/g, " "),
  };
  await row.getByRole("link", { name: found.deployment, exact: true }).click();
  await page.getByRole("heading", { level: 1, name: found.deployment }).waitFor();
  await settled(page);
  return found;
}

/** How it was at the beginning of the day that is asked about, and back to now. */
async function past(page, options) {
  await page.goto(`${options.url}/`);
  await settled(page);
  await page.getByRole("button", { name: "As of…" }).click();
  const dialog = page.locator("dialog[open]");
  await dialog.getByLabel(/^At /).fill(options.why.from);
  await dialog.getByRole("button", { name: "Show" }).click();
  await page.locator(".as-of").waitFor();
  await settled(page);
  const found = { said: await words(page, ".as-of"), address: page.url() };
  await page.getByRole("button", { name: "Back to now" }).click();
  await page.getByText("Live", { exact: true }).waitFor();
  return { ...found, back: await page.locator(".as-of").count() };
}

/** Ask why with the form, as nobody types addresses at night. */
async function why(page, { why: asked }) {
  const pages = page.getByRole("navigation", { name: "Pages" });
  await pages.getByRole("link", { name: "Why" }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByLabel("Metric").selectOption("QUALITY");
  await page.getByLabel("Only of this kind").selectOption("taskType");
  await page.getByLabel("Its name").fill(asked.taskType);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByLabel("Period").selectOption("fixed");
  const period = page.locator("dialog[open]");
  await period.getByLabel("From", { exact: true }).fill(asked.from);
  await period.getByLabel("To", { exact: true }).fill(asked.to);
  await period.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByRole("button", { name: "Ask why" }).click();
  await page.locator(".why-said").waitFor();
  await settled(page);
  return {
    address: page.url(),
    verdict: await page.locator(".why-said").getAttribute("data-verdict"),
    said: await words(page, ".why-said"),
    all: await words(page),
  };
}

/** Along the drawn path, by keyboard, to the change that did it. */
async function rollout(page, change) {
  const node = page
    .getByRole("region", { name: "The paths as a graph" })
    .getByRole("link", { name: new RegExp(change) });
  await node.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 2, name: "What it reached" }).waitFor();
  await settled(page);
  return { address: page.url(), said: await words(page) };
}

async function hurt(page) {
  await page.getByRole("link", { name: "Worst scored requests" }).click();
  const first = page.locator("tbody tr").first();
  await first.waitFor();
  await settled(page);
  const scores = await page.locator("tbody tr").evaluateAll((rows) => {
    const place = [...rows[0].closest("table").querySelectorAll("th")].findIndex((cell) =>
      cell.textContent.startsWith("Score"),
    );
    return rows.map((row) => Number(row.cells[place].querySelector("data")?.value));
  });
  await first.getByRole("link").first().click();
  await page.getByRole("heading", { level: 2, name: "Why was it routed here" }).waitFor();
  await settled(page);
  const id = decodeURIComponent(new URL(page.url()).pathname.split("/").at(-1));
  return { id, scores, said: await words(page) };
}

/** Through the door to GraphiQL, where the same question is asked again, and back. */
async function graphiql(page) {
  await page.locator(".page-doors").getByRole("link", { name: "GraphiQL" }).click();
  await page.locator(".graphiql-query-editor .monaco-editor").first().waitFor();
  await page.getByRole("button", { name: /execute/i }).click();
  const answer = page.locator(".graphiql-response .view-lines");
  await answer.getByText('"request"').first().waitFor();
  const text = (await answer.first().innerText()).replaceAll("\u00a0", " ");
  await page.goBack();
  await settled(page);
  return text;
}

async function asked(page, question, change) {
  await page.getByRole("link", { name: "Ask why in words" }).click();
  await page.locator(".ask-answer").waitFor();
  // Another question while one is being answered: the first is left, the second answered.
  const field = page.getByLabel("Your question");
  await field.fill("What changed in the last 24 hours?");
  await field.press("Enter");
  await field.fill(question);
  await field.press("Enter");
  const turn = page.locator("article").last();
  await turn.locator(".ask-answer").waitFor();
  await turn.getByText(/\d step/).click();
  const steps = await turn.locator(".ask-steps li").allInnerTexts();
  const text = await words(page, "article:last-of-type .ask-answer");
  await turn.getByRole("link", { name: change }).first().click();
  await page.getByRole("heading", { level: 2, name: "What it reached" }).waitFor();
  const cited = page.url();
  // The way back leads to the same conversation, with nothing asked again.
  await page.goBack();
  await page.locator("article").last().locator(".ask-answer").waitFor();
  return { steps, text, cited, turns: await page.locator("article").count() };
}

async function postmortem(page) {
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog", { name: "Jump to" }).waitFor();
  await page.keyboard.type("Fleet");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /open incident/ }).waitFor();
  await page.locator('a[href^="/incidents/"]').first().click();
  await page.getByRole("button", { name: "Draft a postmortem" }).click();
  const draft = page.getByLabel("The draft");
  await draft.waitFor();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as Markdown" }).click();
  const saved = await (await download).path();
  const id = decodeURIComponent(new URL(page.url()).pathname.split("/").at(-1));
  return { id, saved: readFileSync(saved, "utf8"), shown: await draft.inputValue() };
}

await drive(async ({ page, options, picture }) => {
  const found = { worst: await worst(page, options) };
  found.past = await past(page, options);
  found.why = await why(page, options);
  await picture("journey-why");
  found.rollout = await rollout(page, options.why.change);
  found.hurt = await hurt(page);
  found.graphiql = await graphiql(page);
  found.asked = await asked(page, options.why.question, options.why.change);
  found.postmortem = await postmortem(page);
  await picture("journey-postmortem");
  return found;
});
