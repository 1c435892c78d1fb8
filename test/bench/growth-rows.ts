import { createHash } from "node:crypto"
import { newAccount } from "../../shared/store/accounts.ts"
import { newSecret } from "../../shared/store/secrets.ts"
import { dayMilliseconds } from "../../shared/store/settings.ts"
import {
  type AccountItem,
  expiryListing,
  type IdentityItem,
  idleListing,
  type Key,
  type TokenItem,
  type TokenNameItem,
  tokenKey,
  tokenListing,
  tokenNameKey,
  userIdKey,
} from "../../shared/store/table.ts"
import { newId } from "../../shared/token/format.ts"
import { anAdmin } from "../builders.ts"
import { fakeRuntime, frozenClock, testKeyring } from "../fakes.ts"

/**
 * The fleet of B9: service accounts of 100 tokens each, made over two years, all used in the last week. Each row is a function of
 * its number, so that a load can go on anywhere, and a token's secret needs no keeping. Its clock stands: a table that was filled
 * months ago is as good as a new one.
 */
export interface Fleet {
  /** Whole accounts. */
  tokens: number
}

/** Of whatever kind: only written and deleted. */
export type Row = Key

/** When it is measured. Ids begin in 2025. */
export const fleetNow = Date.UTC(2027, 0, 1)
const from = Date.UTC(2025, 0, 2)

export const tokensPerAccount = 100
/** Made one after the other. So a page of the list meets as many accounts in a small fleet as in a large one. */
const tokensAtOnce = 10

const accountsOf = ({ tokens }: Fleet): number => tokens / tokensPerAccount
const createdAt = ({ tokens }: Fleet, n: number): number => from + Math.floor(((n + 0.5) * (fleetNow - from)) / tokens)

/** 32 bytes that look random, and are the same in every run. */
const bytesOf = (what: string): Buffer => createHash("sha256").update(what).digest()

const accountIdOf = (fleet: Fleet, a: number): number =>
  newId(createdAt(fleet, a * tokensAtOnce) - 1000, bytesOf(`account ${a}`))

const accountOf = (fleet: Fleet, n: number): number => Math.floor(n / tokensAtOnce) % accountsOf(fleet)

/** The n-th token's id. */
export const tokenIdAt = (fleet: Fleet, n: number): number => newId(createdAt(fleet, n), bytesOf(`token ${n}`))

/** One of twenty. */
export const isRevoked = (n: number): boolean => n % 20 === 7

/** The secret of the n-th token, from its number. */
export const secretAt = (fleet: Fleet, n: number) => {
  const runtime = { ...fixed, randomBytes: () => bytesOf(`secret ${n}`) }
  return newSecret(runtime, "Service", accountIdOf(fleet, accountOf(fleet, n)), tokenIdAt(fleet, n))
}

const keyring = testKeyring()
const fixed = { ...fakeRuntime(undefined as never, frozenClock(fleetNow)), keyring: async () => keyring }

/** An account with its guard. Its count of tokens is that of the finished load. */
export function accountRows(fleet: Fleet, a: number): Row[] {
  const runtime = {
    ...fixed,
    now: () => createdAt(fleet, a * tokensAtOnce) - 1000,
    randomBytes: () => bytesOf(`account ${a}`),
  }
  return withGuard(
    newAccount(runtime, anAdmin(), {
      user_type: "Service",
      userId: `pipeline_${a}@service`,
      name: `Pipeline ${a}`,
      role: "Editor",
      teams: ["data_platform"],
    }),
  )
}

function withGuard(account: AccountItem): Row[] {
  const full: AccountItem = { ...account, tokens: tokensPerAccount }
  const guard: IdentityItem = { ...userIdKey(account.userId), accountId: account.id }
  return [full, guard]
}

/** A token as its creation and its uses have left it, with its name guard. */
export async function tokenRows(fleet: Fleet, n: number): Promise<Row[]> {
  const { secret } = await secretAt(fleet, n)
  const accountId = accountIdOf(fleet, accountOf(fleet, n))
  const draw = bytesOf(`uses ${n}`)
  const since = Math.min(7 * dayMilliseconds, fleetNow - createdAt(fleet, n))
  const token = tokenRow({
    id: tokenIdAt(fleet, n),
    accountId,
    name: `deploy-${n}`,
    current: { ...secret, digest: new Uint8Array(secret.digest), generation: 1 },
    createdAt: createdAt(fleet, n),
    usedAt: fleetNow - (draw.readUInt32LE(0) % since),
    expiresAt: n % 10 < 6 ? undefined : fleetNow + (1 + (draw.readUInt16LE(4) % 364)) * dayMilliseconds,
    isRevoked: isRevoked(n),
  })
  const guard: TokenNameItem = { ...tokenNameKey(accountId, token.name), tokenId: token.id }
  return [token, guard]
}

type Told = Pick<TokenItem, "id" | "accountId" | "name" | "current" | "createdAt"> & {
  usedAt: number
  expiresAt?: number | undefined
  isRevoked?: boolean
}

function tokenRow({ usedAt, expiresAt, isRevoked = false, ...told }: Told): TokenItem {
  const { id, accountId } = told
  return {
    ...tokenKey(id),
    ...tokenListing(id, accountId, "Service"),
    // Revoked ones too: they leave the index when they have been idle for long.
    ...idleListing(id, usedAt),
    ...expiryListing(id, expiresAt),
    ...told,
    type: "Service",
    state: isRevoked ? "REVOKED" : "ACTIVE",
    epoch: 0,
    ...(expiresAt !== undefined && { expiresAt }),
    lastUsed: usedAt,
    networks: { "203.0.113.0/24": usedAt },
    version: isRevoked ? 2 : 1,
    createdById: 1,
  }
}

/** Of the tokens that a sweep is to deal with, apart from the fleet's. */
const idleAccount = newAccount(
  { ...fixed, now: () => from - dayMilliseconds, randomBytes: () => bytesOf("idle account") },
  anAdmin(),
  { user_type: "Service", userId: "retired@service", name: "Retired", role: "Member", teams: [] },
)
export const idleAccountId = idleAccount.id
export const idleAccountRows = (): Row[] => withGuard(idleAccount)

/** So many tokens that were last used so many days ago, over all partitions of the index alike. */
export const idleTokens = (count: number, days: number): TokenItem[] =>
  Array.from({ length: count }, (_, n) => {
    const usedAt = fleetNow - days * dayMilliseconds
    // Before the fleet's, and its last four bits are the shard.
    const id = newId(from - dayMilliseconds / 2 + days * 1000 + n, new Uint8Array([0, n % 16]))
    const current = { digest: new Uint8Array(bytesOf(`idle ${days} ${n}`)), keyPath: "k1", generation: 1 }
    return tokenRow({
      ...{ id, accountId: idleAccountId, name: `retired-${days}-${n}`, current },
      createdAt: from,
      usedAt,
    })
  })
