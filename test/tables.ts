import { inject } from "vitest"
import { createTableAt, type TestTable } from "./table-at.ts"

export { credentials, rows, type TestTable, testClient } from "./table-at.ts"

/** A table of its own in the run's engine. */
export const createTestTable = (): Promise<TestTable> => createTableAt(inject("engineEndpoint"))
