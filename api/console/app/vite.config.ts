// How the console is bundled: one folder of hashed files, with nothing fetched from any other address.
import { fileURLToPath, URL } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const SERVICE = process.env.ROUTECAUSE_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "dist",
    assetsDir: "assets",
    emptyOutDir: true,
    target: "es2023",
    sourcemap: false,
    // The content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    // The notices of what is bundled travel with the bundle.
    license: { fileName: "licenses.md" },
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  // While one works on it: `npm run dev` beside a running service.
  server: {
    host: "127.0.0.1",
    // The service answers no page of another origin.
    proxy: {
      "/graphql": { target: SERVICE, changeOrigin: true, headers: { origin: SERVICE } },
      "/health": SERVICE,
    },
    // The written questions of the graph are shown beside what they answer.
    fs: { allow: ["../../.."] },
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
