import type { Runtime } from "../runtime.ts"
import { mint, secretBytes, type TokenType } from "../token/format.ts"
import { digestUnder, mintingKey } from "../token/keyring.ts"
import type { SecretDigest } from "../token/verdict.ts"

interface NewSecret {
  /** For its holder, who is shown it once. */
  bearerToken: string
  /** For the token's row, which counts its generations. */
  secret: Omit<SecretDigest, "generation">
}

/** A new secret of a token. Throws Unavailable without the keyring. */
export async function newSecret(
  runtime: Runtime,
  type: TokenType,
  accountId: number,
  tokenId: number,
): Promise<NewSecret> {
  const keyring = await runtime.keyring()
  const keyPath = mintingKey(keyring, runtime.now())
  const bearerToken = mint(type, accountId, tokenId, runtime.randomBytes(secretBytes))
  return { bearerToken, secret: { digest: digestUnder(keyring, keyPath, bearerToken), keyPath } }
}
