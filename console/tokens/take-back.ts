import type { Client } from "../../shared/contract/client.ts"
import type { Token } from "../../shared/contract/objects.ts"

/** Ends a token that was made and never seen, and frees its name. */
export const takeBackToken =
  (client: Client) =>
  async ({ id }: Token): Promise<void> => {
    await client["user-tokens/update"]({ id, body: { active: false } })
    await client["user-tokens/delete"]({ id })
  }
