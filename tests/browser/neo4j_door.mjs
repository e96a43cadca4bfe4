// From a request's page through its door to Neo4j Browser, where the same is drawn as a graph.
import { drive } from "./chromium.mjs";
import { settled } from "./console.mjs";

await drive(async ({ page, options, picture }) => {
  await page.goto(`${options.url}/requests/${encodeURIComponent(options.request)}`);
  await settled(page);
  await page.locator(".page-doors").getByRole("link", { name: "Neo4j Browser" }).click();
  await page.getByTestId("username").fill(options.username);
  await page.getByTestId("password").fill(options.password);
  await page.getByTestId("connect").click();
  await page.getByText("You are connected as user").first().waitFor();
  await page.getByTestId("editor-Run").click();
  const drawn = page.locator('[data-testid="frame"]').first();
  await drawn.getByText(/Displaying \d+ nodes/).waitFor();
  await picture("console-neo4j-door");
  return { drawn: (await drawn.innerText()).replaceAll(/\s+/g, " ") };
});
