import { defineConfig } from "vitest/config"

/** The console in Chromium, against `npm start -- --demo`. One file after the other: they share its data. */
export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/browser/*.browser.ts"],
    globalSetup: "test/browser/global-setup.ts",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
