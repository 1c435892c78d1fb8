import { defineConfig } from "vitest/config"
import { timeout } from "./test/sizes/size.ts"

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    // Its style sheets are for a bundler: Node can't import them.
    server: { deps: { inline: [/@cloudscape-design\//] } },
    globalSetup: "test/global-setup.ts",
    testTimeout: timeout(30_000),
    hookTimeout: 60_000,
    // Two cores: a file more would only make the races slower.
    maxWorkers: 2,
    coverage: { include: ["shared/**", "functions/**"], reporter: ["text", "json-summary"] },
  },
})
