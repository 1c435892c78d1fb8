import { defineConfig } from "vitest/config"
import { ByEnvironment } from "./test/sequencer.ts"
import { timeout } from "./test/sizes/size.ts"

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    // Its style sheets are for a bundler: Node can't import them.
    server: { deps: { inline: [/@cloudscape-design\//] } },
    globalSetup: "test/global-setup.ts",
    testTimeout: timeout(30_000),
    hookTimeout: 60_000,
    // A process for each file would spend a fifth of the time on loading the same modules again. No module of the product keeps what a test has
    // changed, but for a Lambda's one runtime.
    isolate: false,
    sequence: { sequencer: ByEnvironment },
    setupFiles: "test/setup.ts",
    // One more than CI has cores: a third of the time tests wait.
    maxWorkers: 3,
    coverage: { include: ["shared/**", "functions/**"], reporter: ["text", "json-summary"] },
  },
})
