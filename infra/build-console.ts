import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { build, type Rolldown } from "vite"

export const consoleDirectory = join(import.meta.dirname, "../dist/console")

/** Bundles the console into `dist/console`: one build for every stage, since what differs is read from /config.json at run time. */
export async function buildConsole(): Promise<void> {
  const { output } = (await build({
    configFile: false,
    root: join(import.meta.dirname, "../console"),
    logLevel: "warn",
    // React's own for production, also where a test runner has set another NODE_ENV for what it starts.
    define: { "process.env.NODE_ENV": '"production"' },
    oxc: { jsx: { development: false } },
    build: {
      write: false,
      // The policy of the console lets in neither data: URIs nor inline scripts.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 2000,
      // Packages say "use client", which means nothing where everything is a client.
      rolldownOptions: { onLog: (level, log, handle) => log.code !== "MODULE_LEVEL_DIRECTIVE" && handle(level, log) },
    },
  })) as Rolldown.RolldownOutput
  for (const file of output) replace(file.fileName, file.type === "chunk" ? file.code : file.source)
  removeStale(new Set(output.map(({ fileName }) => fileName)))
}

/** At once: whoever serves this folder meanwhile, or builds it too, finds no half of a file. */
function replace(name: string, content: string | Uint8Array): void {
  const file = join(consoleDirectory, name)
  mkdirSync(dirname(file), { recursive: true })
  const beside = `${file}.${process.pid}`
  writeFileSync(beside, content)
  renameSync(beside, file)
}

function removeStale(current: ReadonlySet<string>): void {
  for (const entry of readdirSync(consoleDirectory, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    const name = relative(consoleDirectory, file).replaceAll("\\", "/")
    // Another build's file on its way has its process's number at its end.
    if (entry.isFile() && !current.has(name) && !/\.\d+$/.test(name)) rmSync(file, { force: true })
  }
}

if (import.meta.main) await buildConsole()
