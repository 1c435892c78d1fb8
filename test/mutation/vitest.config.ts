import { defineConfig } from "vitest/config"

/**
 * The tests of what Stryker mutates: those that answer in milliseconds. No fuzz, race or fault test: a mutant that they alone would kill
 * lacks a test that says what it breaks.
 */
export default defineConfig({
  test: {
    include: [
      "test/shared/token/*.test.ts",
      "test/shared/contract/*.test.ts",
      "test/shared/secret-cache.test.ts",
      "test/functions/{authorize,authorizer,http-authorizer}.test.ts",
    ],
    exclude: ["**/*.fuzz.test.ts"],
    globalSetup: "test/global-setup.ts",
    setupFiles: "test/mutation/seed.ts",
    testTimeout: 10_000,
  },
})
