// Starts a Chromium that can reach loopback and nothing else, and keeps a record of what it asked.
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);
const LOCAL_SCHEMES = new Set(["data:", "blob:", "about:"]);

// No name but loopback's resolves, and the browser's own background traffic is off.
const ARGUMENTS = [
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
  "--no-sandbox",
  "--no-zygote",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--no-pings",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-domain-reliability",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--font-render-hinting=none",
];

/** The path of an installed Chromium where one is named, else of the one from npm, unpacked once. */
async function executablePath(options) {
  if (options.chromium) return options.chromium;
  const folder = options.unpackTo;
  const whole = join(folder, "unpacked");
  if (!existsSync(whole)) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // The package unpacks into the temporary folder, and brings NSS and fonts only where it believes
  // to be on Lambda; both are wanted on a bare machine, and each version in a folder of its own.
  const temporary = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  process.env.AWS_LAMBDA_JS_RUNTIME ??= "nodejs20.x";
  const { default: packaged } = await import("@sparticuz/chromium");
  const path = await packaged.executablePath();
  if (temporary === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = temporary;
  nameFonts(folder);
  writeFileSync(whole, "");
  return path;
}

/** Without a font configuration that finds a font, Chromium draws no text at all. */
function nameFonts(folder) {
  const file = join(folder, "fonts.conf");
  const folders = [join(folder, "fonts"), "/usr/share/fonts", "/usr/local/share/fonts"];
  const named = folders.map((path) => `<dir>${path}</dir>`).join("");
  const cache = `<cachedir>${join(folder, "fonts-cache")}</cachedir>`;
  const fixed = "<family>DejaVu Sans Mono</family>";
  const alias = `<alias><family>monospace</family><prefer>${fixed}</prefer></alias>`;
  writeFileSync(file, `<?xml version="1.0"?><fontconfig>${named}${cache}${alias}</fontconfig>`);
  process.env.FONTCONFIG_FILE = file;
  delete process.env.FONTCONFIG_PATH;
}

/**
 * Run `steps` in a fresh page and print what it returns, with everything the page asked and said,
 * as one line of JSON. The process's first argument is JSON: `unpackTo`, `pictures` and, where
 * wanted, `chromium`, besides what the steps take.
 *
 * @param {(tools: object) => Promise<object>} steps
 */
export async function drive(steps) {
  const options = JSON.parse(process.argv[2]);
  const path = await executablePath(options);
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({ executablePath: path, args: ARGUMENTS, timeout: 60_000 });
  const record = { asked: [], outside: [], refused: [], console: [], failures: [], pictures: [] };
  try {
    const context = await browser.newContext({
      viewport: options.viewport ?? { width: 1280, height: 800 },
      colorScheme: options.colorScheme ?? "light",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    context.setDefaultTimeout(options.limitMs ?? 20_000);
    const page = await context.newPage();
    watch(page, record);
    const picture = async (name) => {
      const file = join(options.pictures, `${name}.png`);
      await page.screenshot({ path: file });
      record.pictures.push(file);
    };
    record.result = await attempt(() => steps({ page, context, options, picture }), picture);
  } finally {
    await browser.close();
  }
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

async function attempt(steps, picture) {
  try {
    return await steps();
  } catch (problem) {
    // The page may be gone with the problem; the problem itself is what matters.
    await picture("failed").catch(() => undefined);
    return { error: String(problem.stack ?? problem) };
  }
}

function watch(page, record) {
  const note = (address) => {
    const url = new URL(address);
    record.asked.push(address);
    if (!LOCAL_SCHEMES.has(url.protocol) && !LOOPBACK.has(url.hostname)) {
      record.outside.push(address);
    }
  };
  page.context().on("request", (request) => note(request.url()));
  // What the page's own content security policy stopped has not left the browser.
  page.context().on("requestfailed", (request) => {
    if (!/csp/i.test(request.failure()?.errorText ?? "")) return;
    const index = record.outside.indexOf(request.url());
    if (index >= 0) record.refused.push(...record.outside.splice(index, 1));
  });
  page.on("websocket", (socket) => note(socket.url()));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      record.console.push(`${message.type()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => record.failures.push(String(error)));
}
