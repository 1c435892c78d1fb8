import { join } from "node:path"
import { build } from "vite"

/** Bundles the console into `dist/console`: one build for every stage, since what differs is read from /config.json at run time. */
export async function buildConsole(): Promise<void> {
  await build({
    configFile: false,
    root: join(import.meta.dirname, "../console"),
    logLevel: "warn",
    build: {
      outDir: join(import.meta.dirname, "../dist/console"),
      emptyOutDir: true,
      // The policy of the console lets in neither data: URIs nor inline scripts.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 2000,
      // Packages say "use client", which means nothing where everything is a client.
      rolldownOptions: { onLog: (level, log, handle) => log.code !== "MODULE_LEVEL_DIRECTIVE" && handle(level, log) },
    },
  })
}

if (import.meta.main) await buildConsole()
