import { existsSync, readdirSync, rmSync } from "node:fs"
import { isBuiltin } from "node:module"
import { dirname, join } from "node:path"
import { type BuildOptions, build, type Plugin } from "esbuild"
import { docsPage, problemPages } from "../shared/contract/docs-page.ts"
import { endpoints } from "../shared/contract/endpoints.ts"
import { jobs } from "../shared/contract/jobs.ts"

/**
 * Bundles every Lambda in one esbuild call, into `dist/functions/<key>/index.mjs`: the assets of synth, the local run, the
 * tests and the benchmarks alike. Nothing else writes there.
 */
const root = `${join(import.meta.dirname, "..")}/`

/** The entry of each function, by its key: the key is the path. */
export const entries: Record<string, string> = Object.fromEntries(
  ["authorizer", "http-authorizer", ...Object.keys(endpoints), ...Object.keys(jobs).map((key) => `jobs/${key}`)].map(
    (key) => [key, `functions/${key}.ts`],
  ),
)

/**
 * `import … from "node:http"` makes Node build a facade of the module, which touches its lazy getters: those of http load undici,
 * 23 ms at each cold start, those of crypto load WebCrypto. The module itself doesn't. A name that nobody imports is left out.
 */
const withoutFacades: Plugin = {
  name: "without-facades",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z0-9_:/]+$/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined
      // The SDK imports node:http so, and an `import()` gets all names, wanted or not: a CommonJS module keeps them getters.
      return { path: path.replace("node:", ""), namespace: kind === "dynamic-import" ? "whole-builtin" : "builtin" }
    })
    onLoad({ filter: /.*/, namespace: "whole-builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("node:${path}")`,
    }))
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => {
      const names = Object.getOwnPropertyNames(process.getBuiltinModule(path) ?? {})
      const exported = names.filter((name) => /^[A-Za-z]\w*$/.test(name) && name !== "default")
      return {
        contents: `const builtin = /* @__PURE__ */ process.getBuiltinModule("node:${path}"); export default builtin;
          ${exported.map((name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})()`).join("\n")}`,
      }
    })
  },
}

/**
 * A Lambda's credentials are in its environment, where the SDK's default chain looks first. All the other places, with the clients of
 * the services that are asked there, were a third of a bundle; and what an `import()` reaches isn't tree-shaken, so much of the SDK
 * wasn't: 18 ms of 100 at each cold start.
 */
const credentialsOfLambda: Plugin = {
  name: "credentials-of-lambda",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path, resolveDir }) => ({
      path,
      namespace: "credentials",
      pluginData: resolveDir,
    }))
    onLoad({ filter: /.*/, namespace: "credentials" }, ({ pluginData }) => ({
      contents: 'export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env"',
      resolveDir: pluginData,
    }))
  },
}

/** The pages that `/docs` and `/problems/{slug}` serve: made here, so that their Lambdas hold the text and not what makes it. */
const pages: Record<string, () => unknown> = { "docs-page": docsPage, "problem-pages": problemPages }
const withPages: Plugin = {
  name: "with-pages",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^virtual:/ }, ({ path }) => ({ path: path.slice("virtual:".length), namespace: "page" }))
    onLoad({ filter: /.*/, namespace: "page" }, ({ path }) => ({
      contents: JSON.stringify(pages[path]?.()),
      loader: "json",
    }))
  },
}

export async function buildFunctions(): Promise<void> {
  const missing = Object.values(entries).filter((file) => !existsSync(root + file))
  if (missing.length > 0)
    throw new Error(`a row of shared/contract/endpoints.ts or jobs.ts has no handler: write ${missing.join(", ")}`)
  await build(bundling())
  removeStale(`${root}dist/functions`)
}

/** How every Lambda is bundled. Tests ask esbuild with it what goes in. */
export const bundling = () =>
  ({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).map(([key, file]) => ({ in: file, out: `${key}/index` })),
    outdir: "dist/functions",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node24",
    mainFields: ["module", "main"],
    legalComments: "none",
    plugins: [withoutFacades, credentialsOfLambda, withPages],
    logLevel: "warning",
  }) satisfies BuildOptions

/** After the build, not before it: whoever runs from these bundles meanwhile keeps them. */
function removeStale(directory: string): void {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".mjs"))
  for (const file of files)
    if (!(dirname(file).replaceAll("\\", "/") in entries)) rmSync(join(directory, dirname(file)), { recursive: true })
}

if (import.meta.main) await Promise.all([buildFunctions(), (await import("./build-console.ts")).buildConsole()])
