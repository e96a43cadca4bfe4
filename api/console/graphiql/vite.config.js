// How GraphiQL is bundled: one folder of hashed files, with nothing fetched from any other address.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/graphiql/",
  plugins: [react()],
  // Monaco starts its workers as modules from the page's own address.
  worker: { format: "es" },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    // The notices of what is bundled travel with the bundle.
    license: { fileName: "licenses.md" },
    // Monaco is one large module by nature; it is cached for good after the first visit.
    chunkSizeWarningLimit: 5000,
    // The libraries' "use no memo" directives speak to a compiler that this build does not run.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
});
