import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { applyPatch, parsePatch } from "diff"
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest"

/**
 * The races and faults that no happy path shows: each has a seeded mutant in `test/mutants/`, a broken variant of the
 * product, and the test file that must fail on it, within a tenth of its rounds in CI. The patch is applied to a copy.
 */
const root = `${join(import.meta.dirname, "..")}/`
const races = "test/races"
const store = "test/shared/store"
const killers: Record<string, [file: string, test: string]> = {
  "r1-token-name-guard": [`${races}/r1-names.race.test.ts`, "one token name"],
  "r1-user-id-guard": [`${races}/r1-names.race.test.ts`, "one user_id"],
  "r2-cached-rows": [`${races}/r2-revoke.race.test.ts`, "R2"],
  "r2-state-unchecked": [`${races}/r2-revoke.race.test.ts`, "R2"],
  "r3-epoch-unchecked": [`${races}/r3-narrowing.race.test.ts`, "five tokens at once"],
  "r3-account-unchecked": [`${races}/r3-narrowing.race.test.ts`, "five tokens at once"],
  "r3-delete-unconditioned": [`${races}/r3-narrowing.race.test.ts`, "restored just before"],
  "r3-admins-uncounted": [`${races}/r3-narrowing.race.test.ts`, "demote each other"],
  "r4-account-unchecked": [`${races}/r4-deletion.race.test.ts`, "has read its account before"],
  "r4-purge-forgets": [`${races}/r4-deletion.race.test.ts`, "stopped at any point"],
  "r6-unclaimed": [`${races}/r6-idempotency.race.test.ts`, "makes one token"],
  "r5-upsert": [`${races}/r5-usage.race.test.ts`, "R5"],
  "r5-backward": [`${races}/r5-usage.race.test.ts`, "R5"],
  "r5-networks-overwritten": [`${races}/r5-usage.race.test.ts`, "R5"],
  "f4-use-overlooked": [`${store}/unused.test.ts`, "a use wins"],
  "f4-flagged-twice": [`${store}/unused.test.ts`, "another one does each thing once"],
  "f4-reminded-twice": [`${store}/reminders.test.ts`, "another run reminds of each once"],
  "f4-refusal-counted-twice": [`${store}/refusals.test.ts`, "delivered twice counts once"],
  "f4-digests-overlap": [`${store}/digests.test.ts`, "of two runs at once"],
  "f4-poison-stops-all": ["test/functions/publish.test.ts", "goes to the queue, and the others to the bus"],
  "r3-promotion-late": [`${races}/r3-rotation.race.test.ts`, "written after an abort and another rotation"],
  "r3-rotation-account-unchecked": [`${races}/r3-rotation.race.test.ts`, "and writes after, makes nothing"],
  "p1-generation-reused": [`${store}/rotation.test.ts`, "abort drops the new secret"],
  "p1-promotion-lifts": [`${store}/rotation.test.ts`, "it never lifts a token"],
  "p1-overlap-past-expiry": [`${store}/rotation.test.ts`, "never past the old expiry"],
  "r6-key-without-token": [`${races}/r6-rotation.race.test.ts`, "on another token is another request"],
  "r7-used-twice": [`${races}/r7-sign-in.race.test.ts`, "six times at once"],
  "r7-bound-twice": [`${races}/r7-sign-in.race.test.ts`, "one is bound"],
  "r7-email-unchecked": [`${races}/r7-sign-in.race.test.ts`, "binds nobody to the account that had it"],
  "r7-signed-out-twice": [`${races}/r7-sign-in.race.test.ts`, "signed out of twice"],
  "d1-bindings-forgotten": [`${store}/d1.test.ts`, "who has signed in since"],
  "r7-former-human-let-in": [`${store}/user-pool.test.ts`, "neither their password nor their authenticator app"],
  "f4-shut-out-by-half": [`${store}/user-pool-faults.test.ts`, "throws, and the next one does the rest"],
  "f4-untold-is-invited": [`${store}/user-pool-faults.test.ts`, "who was made and not told"],
  "r7-standing-unchecked": [`${races}/r7-sign-in.race.test.ts`, "who is deactivated"],
  "i1-single-look": [`${races}/i1-integrity.race.test.ts`, "I1"],
  "d1-epochs-forgotten": [`${store}/d1.test.ts`, "resurrects nothing"],
  "d1-widens": [`${store}/d1.test.ts`, "is given nothing"],
  "d1-done-twice": [`${store}/d1.test.ts`, "each event once"],
  "d1-trail-believed": [`${store}/d1.test.ts`, "may have had an event of its last minute"],
  "d1-tail-believed": [`${store}/archive.test.ts`, "is what comes after the last mark"],
  "d1-email-of-deleted": [`${store}/d1.test.ts`, "gives an email to whom it was given"],
  "k1-rewrap-unconditioned": [`${races}/k1-rewrap.race.test.ts`, "has read its row before"],
  "k1-promotion-stale": [`${races}/k1-rewrap.race.test.ts`, "brings back no digest of the old key"],
  "k1-current-alone": [`${store}/keyring-rotation.test.ts`, "names what each row waits for"],
  "k1-swap-blind": ["test/infra/commands/keyring-secret.test.ts", "that isn't current any more is refused"],
  "f1-token-per-attempt": [`${store}/dynamodb.test.ts`, "however often its answers are lost"],
  "f1-unprocessed-is-absent": [`${store}/dynamodb.test.ts`, "takes unprocessed keys for what they are"],
  "f1-fault-is-refusal": ["test/functions/f1-authorizer.test.ts", "is 503 within 3 s"],
  "f1-unprocessed-is-unknown": ["test/functions/f1-authorizer.test.ts", "no verdict is wrong"],
  "f2-value-dropped": ["test/functions/f2-secrets.test.ts", "verifies all, for a day"],
  "f2-unknown-key-is-refusal": ["test/functions/f2-secrets.test.ts", "has never heard of is 503"],
  "f2-forgotten": ["test/functions/f2-secrets.test.ts", "works with its first answer"],
  "f3-expiry-inclusive": ["test/functions/authorizer.test.ts", "F3 expiry is exclusive"],
  "f3-seconds-wrap": ["test/functions/authorizer.test.ts", "F3 expiry is exclusive"],
  "f4-poison-stops-usage": ["test/functions/record-usage.test.ts", "the nine others are recorded"],
  "z1-first-of-several": ["test/functions/z1-authorization.fuzz.test.ts", "Z1"],
  "z1-trimmed": ["test/functions/z1-authorization.fuzz.test.ts", "Z1"],
  "s1-user-agent-whole": ["test/functions/authorizer.test.ts", "S1 nothing of a credential, in any line"],
  "f1-answered-goes-on": ["test/functions/f1-deadline.test.ts", "a restoration whose answer was 503"],
  "f1-failed-goes-on": ["test/functions/f1-deadline.test.ts", "a job of which a part has failed"],
  "f1-account-unchecked": [`${store}/tokens.test.ts`, "its account is deactivated"],
}
const patches = readdirSync(join(root, "test/mutants")).map((file) => file.replace(/\.patch$/, ""))

let copies: string
const running = new Set<ChildProcess>()
beforeAll(() => {
  copies = mkdtempSync(join(tmpdir(), "symbolon-mutants-"))
  copyTo("as-it-is")
})
afterAll(() => {
  // Of tests that were given up: they would outlive the copies that they run in.
  for (const child of running) child.kill("SIGKILL")
  rmSync(copies, { recursive: true, force: true })
})

function copyTo(directory: string): string {
  const copy = join(copies, directory)
  for (const name of ["shared", "functions", "infra", "test", "package.json", "vitest.config.ts", "tsconfig.json"])
    cpSync(join(root, name), join(copy, name), { recursive: true, filter: (path) => !path.endsWith("node_modules") })
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"))
  return copy
}

test("every patch has its killer, and every killer its patch", () => {
  expect(patches.toSorted()).toEqual(Object.keys(killers).toSorted())
})

// Two at a time (package.json): each has a copy of its own.
describe.concurrent.each(Object.entries(killers))("%s", (name, [file, title]) => {
  test(`is killed by: ${title}`, { timeout: 600_000 }, async () => {
    expect(await asItIs(file, title), "on the product as it is").toEqual([])
    const [patch] = parsePatch(readFileSync(join(root, "test/mutants", `${name}.patch`), "utf8"))
    if (!patch?.oldFileName) throw new Error("not a patch")
    const copy = copyTo(name)
    const target = join(copy, patch.oldFileName.replace(/^a\//, ""))
    const mutated = applyPatch(readFileSync(target, "utf8"), patch)
    if (mutated === false) throw new Error(`${name}.patch doesn't apply: the code that it breaks has changed`)
    writeFileSync(target, mutated)
    expect(await failures(copy, file, title), "on the mutant").not.toEqual([])
    rmSync(copy, { recursive: true, force: true })
  })
})

/** On the product as it is, once for all mutants that a test kills. */
const controls = new Map<string, Promise<string[]>>()
function asItIs(file: string, title: string): Promise<string[]> {
  const control = controls.get(file + title) ?? failures(join(copies, "as-it-is"), file, title)
  controls.set(file + title, control)
  return control
}

let runs = 0
/** Runs tests of a copy; the names of those that failed. Throws when none was run. */
async function failures(copy: string, file: string, title: string): Promise<string[]> {
  const report = join(copies, `report-${runs++}.json`)
  const child = spawn(
    process.execPath,
    ["node_modules/vitest/vitest.mjs", "run", file, "-t", title, "--reporter=json", `--outputFile=${report}`],
    {
      cwd: copy,
      stdio: "ignore",
      env: {
        ...process.env,
        SYMBOLON_SIZE: "ci",
        SYMBOLON_ROUNDS: "0.1",
        SYMBOLON_ENGINE_ENDPOINT: inject("engineEndpoint"),
      },
    },
  )
  running.add(child)
  await once(child, "exit")
  running.delete(child)
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as {
    testResults: { assertionResults: { title: string; status: string }[] }[]
  }
  const results = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === "passed" || status === "failed")
  if (results.length === 0) throw new Error(`${file} ran no test`)
  return results.filter(({ status }) => status === "failed").map(({ title }) => title)
}
