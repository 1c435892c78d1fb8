import { execFileSync, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { build, type Metafile } from "esbuild"
import { describe, expect, test } from "vitest"
import { bundling, entries } from "../infra/build.ts"
import { judge, notChecked } from "./supply-chain/audit.ts"
import { type Locked, lockedIn, packageOf } from "./supply-chain/lock.ts"
import { inConsole, inLambdas } from "./supply-chain/shipped.ts"

/** What comes from others: under which terms, from where, what of it runs here at an installation, and what of it is deployed. */
const root = join(import.meta.dirname, "..")
const manifest = JSON.parse(readFileSync(`${root}/package.json`, "utf8"))
const locks = ["", "test/bench/peers"].map((folder) => ({
  lock: join(folder, "package-lock.json"),
  packages: lockedIn(join(root, folder)),
}))

/** SPDX. They ask for their notice at most. Of a choice, one that stands here is enough. */
const allowed = ["0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "Zlib"]

/** Everything else, by name. */
const exceptions: [packages: RegExp, license: string | undefined, why: string][] = [
  [
    /^(@axe-core\/playwright|axe-core)$/,
    "MPL-2.0",
    "looks at the console in tests; nothing of it is deployed or changed",
  ],
  [
    /^caniuse-lite$/,
    "CC-BY-4.0",
    "data on browsers, which the compiler below Stryker reads; nothing of it is deployed or changed",
  ],
  [
    /^lightningcss(-[a-z0-9-]+)?$/,
    "MPL-2.0",
    "Vite's own, minifies style sheets; nothing of it is deployed or changed",
  ],
  [/^@fontsource-variable\/open-sans$/, "OFL-1.1", "a font, which is served as it is; its licence is for that"],
  [/^passport-(http-bearer|strategy)$/, undefined, "MIT, in the older field `licenses`; a peer in the benchmark alone"],
  [/^pause$/, undefined, "MIT, in its Readme.md alone; below a peer in the benchmark"],
]

/** An expression of SPDX without the parts that nothing here uses: WITH, and AND within OR. */
function isAllowed(expression = ""): boolean {
  const inner = expression.replace(/^\((.*)\)$/, "$1")
  return inner.includes(" OR ")
    ? inner.split(" OR ").some((one) => allowed.includes(one))
    : inner.split(" AND ").every((one) => allowed.includes(one))
}
const isException = (path: string, license: string | undefined): boolean =>
  exceptions.some(([packages, exact]) => packages.test(packageOf(path) as string) && exact === license)

describe.each(locks)("$lock", ({ packages }) => {
  const failing = (fails: (path: string, locked: Locked) => boolean) =>
    packages.filter(([path, locked]) => fails(path, locked)).map(([path, { license }]) => [path, license])

  test("has no licence but those that are allowed", () => {
    expect(packages.length).toBeGreaterThan(100)
    expect(failing((path, { license }) => !isAllowed(license) && !isException(path, license))).toEqual([])
  })

  test("has a hash of every archive, none weaker than SHA-512", () => {
    expect(
      failing((_, { integrity, inBundle }) => !inBundle && !/^sha512-[\w+/]{86}==$/.test(integrity ?? "")),
    ).toEqual([])
  })

  test("takes nothing from a repository, an address, or a folder outside", () => {
    expect(failing((_, { resolved, link }) => link || resolved !== undefined)).toEqual([])
    expect(failing((path) => !path.startsWith("node_modules/"))).toEqual([])
    expect(failing((_, { version }) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version ?? ""))).toEqual([])
  })
})

test("the licences of what is deployed ask for their notice alone, but for a font", () => {
  const shipped = new Set([...inLambdas, ...inConsole])
  const others = lockedIn(root).filter(
    ([path, { license }]) => shipped.has(packageOf(path) as string) && !isAllowed(license),
  )
  expect(others.map(([path]) => packageOf(path))).toEqual(["@fontsource-variable/open-sans"])
})

test("an exception for a licence is one that is needed", () => {
  const names = locks.flatMap(({ packages }) => packages.map(([path]) => packageOf(path) as string))
  for (const [packages] of exceptions)
    expect([packages, names.some((name) => packages.test(name))]).toEqual([packages, true])
})

test("one package runs a script when it is installed: esbuild, which puts its own binary in place", () => {
  const [product, peers] = locks.map(({ packages }) =>
    packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path),
  )
  expect(product).toEqual(["node_modules/esbuild"])
  expect(manifest.allowScripts).toEqual({ esbuild: true })
  // A peer in the benchmark, in a folder of its own, which `npm ci` here doesn't install.
  expect(peers).toEqual(["node_modules/argon2"])
})

describe("of what others wrote, there is deployed what the list says", () => {
  const packagesIn = ({ outputs }: Metafile, entries: readonly string[]): string[] => {
    // Of what is split off, what an entry comes to: esbuild makes a chunk also of an import() that it has dropped since.
    const reached = new Set(Object.keys(outputs).filter((file) => entries.includes(outputs[file]?.entryPoint ?? "")))
    for (const file of reached) {
      const { imports = [], cssBundle = "" } = outputs[file] ?? {}
      for (const path of [cssBundle, ...imports.map(({ path }) => path)]) if (outputs[path]) reached.add(path)
    }
    const inputs = [...reached].flatMap((file) => Object.entries(outputs[file]?.inputs ?? {}))
    return [
      ...new Set(inputs.flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? (packageOf(file) ?? []) : []))),
    ]
  }

  test("in the Lambdas, and all of it from dependencies for production", async () => {
    // What several need is written once: it is many times as fast, and the same packages.
    const options = { ...bundling(), splitting: true, minify: false, write: false, metafile: true } as const
    const { metafile } = await build(options)
    expect(packagesIn(metafile, Object.values(entries)).sort()).toEqual(inLambdas)
    const dev = lockedIn(root).filter(([path, { dev }]) => dev && path.split("node_modules/").length === 2)
    expect(dev.map(([path]) => packageOf(path)).filter((name) => inLambdas.includes(name as string))).toEqual([])
  })

  test("in the console", async () => {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: ["console/main.tsx"],
      outdir: "nowhere",
      bundle: true,
      format: "esm",
      jsx: "automatic",
      define: { "process.env.NODE_ENV": '"production"' },
      loader: { ".svg": "file", ".woff2": "file" },
      write: false,
      metafile: true,
    })
    expect(packagesIn(metafile, ["console/main.tsx"]).sort()).toEqual(inConsole)
  })
})

const npm = Number(spawnSync("npm", ["--version"], { encoding: "utf8" }).stdout?.split(".")[0])

// `npm sbom` came with npm 10.
test.skipIf(!(npm >= 10))("npm run sbom: every package that production needs, with version, licence and hash", () => {
  const [, command = ""] = /(npm sbom .*) >/.exec(manifest.scripts.sbom) ?? []
  const [, ...args] = command.split(" ")
  const { components } = JSON.parse(execFileSync("npm", args, { cwd: root, encoding: "utf8", maxBuffer: 1e8 }))
  const told = new Map<string, { licenses?: object[]; hashes?: { alg: string; content: string }[] }>(
    components.map((one: { name: string; version: string }) => [`${one.name}@${one.version}`, one]),
  )
  const needed = lockedIn(root).filter(
    ([path, { dev }]) => !dev || inConsole.includes(path.slice("node_modules/".length)),
  )
  expect(needed.length).toBeGreaterThan(50)
  for (const [path, { version, license, integrity }] of needed) {
    const { licenses = [], hashes = [] } = told.get(`${packageOf(path)}@${version}`) ?? {}
    const [{ alg, content } = { alg: "", content: "" }] = hashes
    expect([path, JSON.stringify(licenses)]).toEqual([path, expect.stringContaining(license as string)])
    if (integrity)
      expect([path, alg, content]).toEqual([path, "SHA-512", Buffer.from(integrity.slice(7), "base64").toString("hex")])
  }
})

describe("npm run audit:check", () => {
  const finding = (name: string, severity: string) => ({
    [name]: { name, severity, range: "<2", via: [{ title: "T" }] },
  })
  const report = (...all: object[]) => JSON.stringify({ vulnerabilities: Object.assign({}, ...all) })
  const shipped = new Set(["zod"])

  test("fails for what is shipped and has a high or critical advisory, and tells the rest", () => {
    expect(judge(report(finding("zod", "high")), shipped).failed).toBe(true)
    expect(judge(report(finding("zod", "critical")), shipped).failed).toBe(true)
    expect(judge(report(finding("zod", "moderate")), shipped).failed).toBe(false)
    const others = judge(report(finding("vite", "low"), finding("jsdom", "critical")), shipped)
    expect(others.failed).toBe(false)
    expect(others.lines.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "critical: jsdom",
      "low: vite",
      "2 packages",
    ])
    expect(judge(report(), shipped).lines).toEqual([expect.stringContaining("0 packages")])
  })

  test("says that nothing was checked, and is no failure, where nobody can be asked", () => {
    for (const output of ["", "no JSON", "{}", JSON.stringify({ message: "405 Method Not Allowed\nmore" })])
      expect(judge(output, shipped)).toEqual({ lines: [expect.stringMatching(/^not checked: .+$/)], failed: false })
    expect(notChecked("a\nb").lines).toEqual(["not checked: a"])
  })
})
