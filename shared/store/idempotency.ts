import { createHash } from "node:crypto"
import { Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { Conflict } from "./dynamodb.ts"
import { put, type Step, where } from "./steps.ts"
import { type IdempotencyItem, idempotencyKey } from "./table.ts"

/** A request that carries an Idempotency-Key: the same caller with the same key means the same request, for 24 hours. */
export interface Idempotency {
  principal: number
  keyHash: string
  requestHash: string
}

const lifetime = 86_400_000
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")

export const idempotencyOf = (principal: number, key: string, route: string, body: unknown): Idempotency => ({
  principal,
  keyHash: sha256(key),
  requestHash: sha256(`${route}\n${JSON.stringify(body)}`),
})

/**
 * What an earlier request under this key made, if there was one. Throws idempotency-key-reused when it was another request.
 * An expired record counts as none: TTL deletes late.
 */
export async function recall(runtime: Runtime, request: Idempotency): Promise<IdempotencyItem | undefined> {
  const record = await runtime.table.get<IdempotencyItem>(idempotencyKey(request.principal, request.keyHash))
  if (!record || record.expiresAt <= runtime.now()) return undefined
  if (record.requestHash !== request.requestHash) throw new Problem("idempotency-key-reused")
  return record
}

/** The step that claims the key, in the transaction of what it makes. Who loses the race finds the winner's with `recall`. */
export function claim(
  runtime: Runtime,
  request: Idempotency,
  result: { reply: unknown } | { tokenId: number },
  taken: Step["otherwise"] = () => new Conflict("the key was claimed meanwhile"),
): Step {
  const now = runtime.now()
  const item: IdempotencyItem = {
    ...idempotencyKey(request.principal, request.keyHash),
    requestHash: request.requestHash,
    ...result,
    expiresAt: now + lifetime,
    ttl: Math.ceil((now + lifetime) / 1000),
  }
  const condition = where("attribute_not_exists(#PK) OR #expiresAt <= :now", { now })
  return put(item, condition, taken)
}
