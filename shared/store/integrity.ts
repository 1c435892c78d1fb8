import type { Runtime } from "../runtime.ts"

export async function checkIntegrity(_runtime: Runtime) {
  return { findings: 0 }
}
