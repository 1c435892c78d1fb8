import { BaseSequencer, type TestSpecification } from "vitest/node"

/**
 * What needs a browser's environment first: a worker whose next file has another one than its last is thrown away, with every module that it has
 * loaded. Else as Vitest has it, the longest first.
 */
export class ByEnvironment extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isConsole = ({ moduleId }: TestSpecification) => moduleId.includes("/test/console/")
    const { console = [], others = [] } = Object.groupBy(await super.sort(files), (file) =>
      isConsole(file) ? "console" : "others",
    )
    return [...console, ...others]
  }
}
