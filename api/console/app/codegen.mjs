// Writes src/api/generated.ts: every trusted document with its hash, its text and its types.
//
// The documents and the schema are the service's own (api/graphql), so that what the console asks
// is known there by its hash, and a field that is no longer served fails this build.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { codegen } from "@graphql-codegen/core";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse } from "graphql";

const SERVICE = fileURLToPath(new URL("../../graphql/", import.meta.url));
const TARGET = fileURLToPath(new URL("./src/api/generated.ts", import.meta.url));
const HEAD = "// Written by codegen.mjs from api/graphql; not to be edited.\n";

const folder = `${SERVICE}trusted/`;
const documents = readdirSync(folder)
  .filter((name) => name.endsWith(".graphql"))
  .sort()
  .map((name) => {
    const text = readFileSync(folder + name, "utf8").trim();
    const document = parse(text);
    const operation = document.definitions.find((one) => one.kind === "OperationDefinition");
    return { location: name, text, document, operation };
  })
  .filter(({ operation }) => operation?.name);

const schema = parse(readFileSync(`${SERVICE}schema.graphql`, "utf8"));
const types = await codegen({
  filename: TARGET,
  schema,
  documents: documents.map(({ location, document }) => ({ location, document })),
  config: {
    scalars: { DateTime: "string", ID: "string" },
    enumsAsTypes: true,
    enumType: "string-literal",
    avoidOptionals: false,
    maybeValue: "T | null",
    inputMaybeValue: "T | null | undefined",
    skipTypename: true,
    useTypeImports: true,
  },
  plugins: [{ operations: {} }],
  pluginMap: { operations },
});

const suffix = { query: "Query", mutation: "Mutation", subscription: "Subscription" };
const trusted = documents.map(({ text, operation }) => {
  const name = operation.name.value;
  const hash = createHash("sha256").update(text).digest("hex");
  const typed = `${name}${suffix[operation.operation]}`;
  return [
    `export const ${name}: TrustedDocument<${typed}, ${typed}Variables> = {`,
    `  name: ${JSON.stringify(name)},`,
    `  hash: ${JSON.stringify(hash)},`,
    `  text: ${JSON.stringify(text)},`,
    "};",
  ].join("\n");
});

const head = `${HEAD}import type { TrustedDocument } from "./trusted";\n`;
writeFileSync(TARGET, [head, types, ...trusted, ""].join("\n\n"));
