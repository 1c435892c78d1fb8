import type { Runtime } from "../runtime.ts"

interface DigestOutlets {
  mail: ((to: string, subject: string, text: string) => Promise<void>) | undefined
  tell: (subject: string, text: string) => Promise<void>
}

export async function sendDigests(_runtime: Runtime, _outlets: DigestOutlets) {
  return { sent: 0 }
}
