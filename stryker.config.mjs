/**
 * M1 of docs/reliability.md: every mutant of what decides who is let in, made by Stryker, is killed by a test. `npm run test:mutation`
 * takes the critical files, and breaks below 100 %; with SYMBOLON_MUTATION=rest what of shared/ needs nothing beside it, =contract the tables of the API and
 * what is made of them, =store what asks the table and has tests of its own, and =api what the tests over HTTP try, too; these break below
 * 90 %. What no test can tell from the product has a comment beside it, with the reason. (Races have mutants of their own: test/mutants.)
 */
export const sets = {
  critical: {
    mutate: [
      "shared/token/*.ts",
      "shared/contract/permissions.ts",
      "functions/{authorize,authorizer,http-authorize}.ts",
    ],
    break: 100,
  },
  rest: {
    mutate: [
      "shared/contract/{caller,cidr,metrics,refusals,require-permission,scanner,service-user-id,sign-out}.ts",
      "shared/secret-cache.ts",
      "shared/store/{csv,cursor,etag,instants,review-checks}.ts",
    ],
    break: 90,
  },
  contract: {
    mutate: [
      "shared/contract/{answer-headers,asyncapi,bus,client,descriptions,docs-html,docs-page,endpoints,event-examples,events}.ts",
      "shared/contract/{examples,jobs,objects,openapi,operators,problem-advice,problems,review,sign-in}.ts",
    ],
    break: 90,
  },
  store: {
    mutate: [
      "shared/store/{archive,digest-text,digests,expiry-policy,impact,key-use,pool-user,refusals,reminders}.ts",
      "shared/store/{replay,review,rotation,sign-in,unused,user-pool}.ts",
    ],
    break: 90,
  },
  api: {
    mutate: [
      "shared/store/{accounts,audit,audit-log,datastores,deletion,dynamodb,groups,idempotency,integrity,integrity-findings}.ts",
      "shared/store/{keyring-rotation,me,pages,policy,promotion,review-csv,rewrap,secrets,settings,shown-event,shown-token}.ts",
      "shared/store/{steps,table,team-list,teams,token-lists,tokens,turns,usage,users}.ts",
    ],
    break: 90,
  },
}

const name = process.env.SYMBOLON_MUTATION ?? "critical"
const { mutate, break: least } = sets[name]

export default {
  mutate,
  thresholds: { high: 100, low: least, break: least },
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "test/mutation/vitest.config.ts" },
  coverageAnalysis: "perTest",
  // TypeScript 7 has no API with which Stryker could rewrite it, and nothing in it needs to be.
  tsconfigFile: "none",
  // Two cores.
  concurrency: 2,
  // A loop without an end is noticed by its count. Time says nothing on a machine that is busy, so it is no reason to count a mutant as killed.
  timeoutMS: 60_000,
  timeoutFactor: 1.5,
  ignorePatterns: ["/dist", "/reports", "/coverage", "/cdk.out", "/.local", "/console", "/examples", "*.log"],
  tempDirName: ".stryker-tmp",
  // It would be read from the last run's result.
  incremental: false,
  reporters: ["progress-append-only", "clear-text", "html", "json"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: `reports/mutation/${name}.html` },
  jsonReporter: { fileName: `reports/mutation/${name}.json` },
}
