// Neo4j Browser as a person uses it: from the front page to the guide, its parameters, and a path
// drawn; then every question of the guide is run as it stands.
import { drive } from "./chromium.mjs";

const guide = '[data-testid="guidesDrawer"]';
const frame = '[data-testid="frame"]';
const MOST_SLIDES = 100;

async function connect(page, options) {
  await page.goto(`${options.url}/`);
  const doors = page.getByRole("navigation", { name: "Pages" });
  await doors.getByRole("link", { name: "Neo4j Browser" }).click();
  await page.getByTestId("username").fill(options.username);
  await page.getByTestId("password").fill(options.password);
  await page.getByTestId("connect").click();
  await page.getByText("You are connected as user").first().waitFor();
  await page.locator(guide).getByText("Routecause in its graph").waitFor();
}

async function turnTo(page, question) {
  for (let slide = 0; slide < MOST_SLIDES; slide += 1) {
    if ((await page.locator(guide).innerText()).includes(question)) return;
    await page.getByTestId("guideNextSlide").click();
  }
  throw new Error(`the guide has no question ${question}`);
}

/** Put the slide's query into the editor, run it, and wait until it has answered. */
async function ask(page) {
  const query = await page.locator(`${guide} pre.runnable`).first().innerText();
  await page.locator(`${guide} pre.runnable`).first().click();
  await page.getByTestId("editor-Run").click();
  const first = query.trim().split("\n")[0].trim();
  const answer = page.locator(frame).first();
  await answer.getByText(first.slice(0, 20)).first().waitFor();
  await answer.getByText(/Started streaming|Displaying|no changes, no records|ERROR/i).first().waitFor();
  return answer;
}

async function askEach(page) {
  const unanswered = [];
  let answered = 0;
  await page.getByTestId("pagination-1").click();
  for (let slide = 1; slide < MOST_SLIDES; slide += 1) {
    const next = page.getByTestId("guideNextSlide");
    if (await next.isDisabled()) return { answered, unanswered };
    await next.click();
    const answer = await ask(page);
    const text = await answer.innerText();
    if (/ERROR|Neo\.ClientError/.test(text)) unanswered.push(text);
    else answered += 1;
  }
  throw new Error("the guide has no end");
}

await drive(async ({ page, options, picture }) => {
  await connect(page, options);
  await picture("neo4j-guide");
  const start = await page.locator(guide).innerText();

  await page.locator(`${guide} [data-exec]`).first().click();
  await page.getByText("Successfully set your parameters").first().waitFor();
  await picture("neo4j-parameters");
  await page.locator(`${guide} [data-exec]`).nth(1).click();
  await page.locator(frame).first().getByText("node.Request").first().waitFor();

  await turnTo(page, options.question);
  await ask(page);
  await page.locator("svg g.node").first().waitFor();
  // The layout comes to rest before the picture is taken.
  await page.waitForTimeout(3000);
  await picture("neo4j-path");
  const drawn = page.locator(frame).first();
  const labels = await drawn.innerText();
  const result = {
    start,
    captions: await drawn.locator("svg g.node text").allTextContents(),
    nodes: await drawn.locator("svg g.node").count(),
    relationships: await drawn.locator("svg g.relationship").count(),
    labels: [...labels.matchAll(/([A-Z][A-Za-z]+) \(\d+\)/g)].map((match) => match[1]),
  };
  return { ...result, ...(await askEach(page)) };
});
