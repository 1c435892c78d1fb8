import { createCipheriv, createDecipheriv } from "node:crypto"
import { Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"

/** Where a list goes on: in the n-th of its sources, below this sort key. */
export interface Position {
  source: number
  after?: string
  /** Over what the pages before have shown: the access review's. */
  digest?: string
}

const algorithm = "aes-256-gcm"
const nonceBytes = 12
const tagBytes = 16

/**
 * A position as an opaque string: sealed with AES-256-GCM, and bound to what it was given for (route, filters, caller), so
 * that nobody reads positions of others' rows out of it, and one list's cursor is no use on another.
 */
export async function sealCursor(runtime: Runtime, position: Position, binding: string): Promise<string> {
  const nonce = runtime.randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, await runtime.cursorKey(), nonce)
  cipher.setAAD(Buffer.from(binding))
  const sealed = Buffer.concat([nonce, cipher.update(JSON.stringify(position)), cipher.final(), cipher.getAuthTag()])
  return sealed.toString("base64url")
}

/** Throws invalid-cursor for all that `sealCursor` didn't make for this very binding. */
export async function openCursor(runtime: Runtime, cursor: string | undefined, binding: string): Promise<Position> {
  if (cursor === undefined) return { source: 0 }
  const sealed = Buffer.from(cursor, "base64url")
  const key = await runtime.cursorKey()
  try {
    // Base64 has spare bits in its last character: two strings for the same bytes would be two cursors.
    if (sealed.toString("base64url") !== cursor) throw new Error("not canonical")
    const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(binding))
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    const opened = Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()])
    return JSON.parse(opened.toString()) as Position
  } catch {
    throw new Problem("invalid-cursor")
  }
}
