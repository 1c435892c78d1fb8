import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/global-setup.ts",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: a file more would only make the races slower.
    maxWorkers: 2,
    coverage: { include: ["shared/**", "functions/**"], reporter: ["text", "json-summary"] },
  },
})
