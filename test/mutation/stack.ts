import { vi } from "vitest"

// The stack's Lambdas in this thread, and no roles: who may do what is not what is mutated, and all of them are one here.
vi.mock("../../infra/local/lambdas.ts", () => import("./lambdas.ts"))
vi.mock("../../infra/local/iam.ts", () => ({
  readRoles: () =>
    new (class extends Map {
      override get() {
        return { refused: () => undefined, granted: [], used: [] }
      }
    })(),
}))
