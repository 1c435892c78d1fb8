import type { AccountItem, TokenItem } from "../shared/store/table.ts"
import { parseUnverified } from "../shared/token/format.ts"
import { digestUnder, mintingKey } from "../shared/token/keyring.ts"
import { type UsageLine, usedEvent } from "../shared/token/usage-line.ts"
import { type Verdict, verdict } from "../shared/token/verdict.ts"
import { testKeyring } from "./fakes.ts"

/** What the authorizer decides of a secret, from these rows at this instant. */
export function judge(
  secret: string,
  token: TokenItem | undefined,
  account: AccountItem | undefined,
  now: number,
): Verdict {
  const claim = parseUnverified(secret)
  if (!claim) throw new Error("not a secret of ours")
  const keyring = testKeyring()
  const digest = (keyPath: string) => digestUnder(keyring, keyPath, secret)
  const presented = { ...claim, digestUnder: digest, mintingKey: mintingKey(keyring, now) }
  return verdict({ ...presented, clientAddress: "203.0.113.7" }, token, account, now)
}

/** Which of its token's secrets it was accepted as, or the code of its refusal. */
export const wordOf = (judged: Verdict): string => (judged.accepted ? judged.matched : judged.code)

/** The line that the authorizer writes about an accepted use. Throws the code of a refusal. */
export function usageLine(judged: Verdict, at: number, network = "203.0.113.0/24"): string {
  if (!judged.accepted) throw new Error(judged.code)
  const { id: tokenId, accountId, [judged.matched]: matched } = judged.token
  const { generation } = matched as { generation: number }
  const line: UsageLine = { event: usedEvent, at, accountId, tokenId, network, matched: judged.matched, generation }
  return JSON.stringify(line)
}
