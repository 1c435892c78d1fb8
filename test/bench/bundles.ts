import { join } from "node:path"
import { build } from "esbuild"

/** Where bundles of the product are, and where those of the subjects go. */
const dist = join(import.meta.dirname, "../../dist")
const subjects = join(import.meta.dirname, "peers/subjects")

/** A bundle of the product's, as it is deployed. */
export const ourBundle = (key: string): string => join(dist, "functions", key, "index.mjs")

/** As CDK's NodejsFunction does by default, CommonJS, which starts faster than ESM; ESM for who awaits in INIT. */
export async function bundleSubject(name: string, format: "cjs" | "esm" = "cjs"): Promise<string> {
  const outfile = join(dist, "bench", `${name}.${format === "cjs" ? "cjs" : "mjs"}`)
  await build({
    entryPoints: [join(subjects, `${name}.mjs`)],
    outfile,
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    format,
    mainFields: ["module", "main"],
    legalComments: "none",
    // ESM has no `require`, which CommonJS packages within it call.
    ...(format === "esm" && {
      banner: {
        js: 'import{createRequire as benchRequire}from"node:module";const require=benchRequire(import.meta.url);',
      },
    }),
    logLevel: "error",
  })
  return outfile
}
