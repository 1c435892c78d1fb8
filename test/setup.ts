import { afterAll, vi } from "vitest"

// Files of a worker share one module cache, and one process: what a file has put in place of something ends with it.
afterAll(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
})
