import { basename, join } from "node:path"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** Tests that take seconds, and say little of anything but the files whose name begins as theirs does. */
const slow = ["dynamodb", "expiry-policy", "integrity", "reminders", "review", "unused"]

/** The tests of the mutated file's own name first, then the slow ones, and those of a stack last: one that fails ends the run. */
class OwnFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const mutated = [this.ctx.config.related ?? []].flat().map((file) => basename(file, ".ts"))
    const nameOf = ({ moduleId }: TestSpecification) => basename(moduleId, ".test.ts")
    const isNeeded = (file: TestSpecification) => {
      const about = slow.find((name) => file.moduleId.includes("/shared/") && nameOf(file).startsWith(name))
      return about === undefined || mutated.length === 0 || mutated.some((name) => name.startsWith(about))
    }
    const isOfStack = ({ moduleId }: TestSpecification) => moduleId.endsWith(`/test/${basename(moduleId)}`)
    const [own] = mutated
    const isOwn = (name: string) => mutated.length === 1 && (name === own || name.startsWith(`${own}-`))
    const rank = (file: TestSpecification) => {
      if (isOfStack(file)) return 3
      if (slow.includes(nameOf(file))) return 2
      return isOwn(nameOf(file)) ? 0 : 1
    }
    return (await super.sort(files.filter(isNeeded))).toSorted((a, b) => rank(a) - rank(b))
  }
}

const tests: Record<string, string[]> = {
  critical: [
    "test/shared/token/*.test.ts",
    "test/shared/contract/permissions.test.ts",
    "test/functions/{authorize,http-authorize}.test.ts",
  ],
  rest: [
    "test/shared/contract/*.test.ts",
    "test/shared/secret-cache.test.ts",
    "test/shared/store/{csv,cursor,etag,instants,review-checks}.test.ts",
    "test/functions/authorize.test.ts",
  ],
  api: [
    "test/{access-review,access-review-csv,api,impact,networks,paging,resources,settings}.test.ts",
    "test/functions/{operators,record-usage}.test.ts",
    "test/shared/store/{audit,audit-log,datastores,deletion,emails,flag-lists,idempotency,integrity,integrity-runs,lists,me,pages,policy,promotion,purge,rewrap,shown-token,steps,table,teams,token-changes,tokens,turns,usage,users}.test.ts",
    "test/shared/store/{dynamodb,dynamodb-requests,expiry-policy,impact,key-use,keyring-rotation,reminders,review,rotation,rotation-personal}.test.ts",
    "test/shared/store/{sign-in,sign-in-meanwhile,unused}.test.ts",
  ],
  contract: ["test/documents.test.ts", "test/functions/answers.test.ts", "test/shared/contract/*.test.ts"],
  store: [
    "test/shared/store/{archive,digest-text,digests,expiry-policy,refusals,replay,rotation,rotation-personal}.test.ts",
    "test/shared/store/{sign-in,sign-in-meanwhile}.test.ts",
    "test/shared/store/{impact,key-use,keyring-rotation,reminders,review,unused,user-pool,user-pool-faults}.test.ts",
  ],
}

/**
 * The tests of what Stryker mutates: those that answer in milliseconds, without a server; of the store, on the embedded engine; and of what they try over
 * HTTP, by a stack whose Lambdas run in this thread. No fuzz, race or fault test: a mutant that they alone would kill lacks a test that says what it
 * breaks.
 */
export default defineConfig({
  resolve: {
    alias: ["lambdas", "iam"].map((name) => ({
      find: new RegExp(`^\\./${name}\\.ts$`),
      replacement: join(import.meta.dirname, `${name}.ts`),
    })),
  },
  test: {
    include: tests[process.env.SYMBOLON_MUTATION ?? "critical"],
    exclude: ["**/*.fuzz.test.ts"],
    ...(["store", "api"].includes(process.env.SYMBOLON_MUTATION ?? "") && { globalSetup: "test/mutation/engine.ts" }),
    sequence: { sequencer: OwnFirst },
    setupFiles: "test/mutation/seed.ts",
    // A stack that a mutant breaks lets each request of a test wait; its longest test takes 3 s.
    testTimeout: process.env.SYMBOLON_MUTATION === "api" ? 10_000 : 30_000,
  },
})
