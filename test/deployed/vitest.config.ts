import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** The end-to-end suite that runs against `npm start`, and what only a deployment can show. */
const files = [
  ...["api", "resources", "paging", "docs", "every-endpoint"].map((name) => `test/${name}.test.ts`),
  ...["asynchronous", "lifecycle", "sign-in", "orders", "stages", "restore"].map(
    (name) => `test/deployed/${name}.deployed.ts`,
  ),
]

/** In this order, one after the other: they share a stage, and the last ones change it. */
class InOrder extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => files.findIndex((file) => moduleId.endsWith(`/${file}`))
    return specifications.toSorted((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: files,
    globalSetup: "test/deployed/global-setup.ts",
    sequence: { sequencer: InOrder },
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
