import type { Runtime } from "../runtime.ts"
import { type Keyring, mintingKey, parseKeyring } from "../token/keyring.ts"
import { type Actor, audit, type Happened } from "./audit.ts"
import { inGroups } from "./groups.ts"
import { instantOf } from "./instants.ts"
import { type KeyUse, keyUses, noUse, type TokenRows } from "./key-use.ts"
import { forgetOver, type Rewrapped, rewrapRows } from "./rewrap.ts"

/**
 * The life of a key of the keyring, as an operator leads it: added, and minting an hour later; what it has taken over moves to it by use,
 * or is re-wrapped; and the key before it is retired, when no row needs it. Nothing here ever shows a key.
 */

/** The secret that is the keyring, with its versions, of which one is current. */
export interface KeyringSecret {
  read: () => Promise<SecretVersion>
  /** Keeps `text` as a version that nobody reads yet. Answers its id. */
  prepare: (text: string) => Promise<string>
  /** Makes a prepared version the current one, in the place of `from`; false when that isn't the current one any more. */
  makeCurrent: (version: string, from: string) => Promise<boolean>
}

export interface SecretVersion {
  version: string
  text: string
}

/** What an operator works on, and as whom. */
export interface Operation {
  runtime: Runtime
  actor: Actor
  secret: KeyringSecret
  rows: TokenRows
  onProgress: (line: string) => void
}

/** Why something isn't done, and what to do instead: for the operator, in a line or several. */
export class NotNow extends Error {
  override name = "NotNow"
}

const minute = 60_000
/** Longer than any cache of the keyring, which is ten minutes. */
const leastMinutesAhead = 15
/** Another can't be added while one waits. */
const mostMinutesAhead = 24 * 60
export const usualMinutesAhead = 60
/**
 * How long its successor has to have been minting before a key is retired. From that instant on nobody mints with the older one but an
 * environment whose every refresh of the keyring has failed since before the successor was added, which is an alarm.
 */
const overtakenMilliseconds = 60 * minute

export interface KeyStatus {
  key: string
  /** Epoch milliseconds; undefined: from the beginning. */
  mintsFrom: number | undefined
  state: "waits" | "mints" | "verifies"
  use: KeyUse
  /** Why it can't be retired now; undefined: it can. */
  staysBecause: string | undefined
}

/** Every key, the oldest first, and the keys that rows need and the keyring hasn't: their tokens answer 503. */
export async function keyringStatus(operation: Operation): Promise<{ keys: KeyStatus[]; lost: [string, KeyUse][] }> {
  const { runtime, secret, rows } = operation
  const keyring = parseKeyring((await secret.read()).text)
  const now = runtime.now()
  const uses = await keyUses(rows, now, progressOf(operation))
  const keys = keysOf(keyring).map((key): KeyStatus => {
    const use = uses.get(key) ?? noUse()
    const mintsFrom = keyring.mintFrom.get(key)
    const state = isWaiting(keyring, key, now) ? "waits" : mintingKey(keyring, now) === key ? "mints" : "verifies"
    const staysBecause = whyItStays(keyring, key, now) ?? (use.needing > 0 ? "rows need it" : undefined)
    return { key, mintsFrom, state, use, staysBecause }
  })
  return { keys, lost: [...uses].filter(([key]) => !keyring.keys.has(key)) }
}

/**
 * Adds a key that mints in so many minutes: until then every cache of the keyring learns it. Throws NotNow while another one waits, so
 * that whoever doesn't know whether it was added can ask again.
 */
export async function addKey(operation: Operation, minutesAhead: number): Promise<{ key: string; mintsFrom: number }> {
  const { runtime, secret } = operation
  if (!(minutesAhead >= leastMinutesAhead && minutesAhead <= mostMinutesAhead))
    throw new NotNow(
      `a key mints ${leastMinutesAhead} to ${mostMinutesAhead} minutes ahead: environments keep the keyring for ten`,
    )
  const from = await secret.read()
  const keyring = parseKeyring(from.text)
  const now = runtime.now()
  refuseWaiting(keyring, now)
  // The newest is never retired, so no two keys ever have one name.
  const key = `k${numberOf(keysOf(keyring).at(-1) as string) + 1}`
  const mintsFrom = Math.ceil((now + minutesAhead * minute) / 1000) * 1000
  const { mintFrom = {}, ...keys } = JSON.parse(from.text)
  const value = newKey(runtime)
  const text = JSON.stringify({ mintFrom: { ...mintFrom, [key]: instantOf(mintsFrom) }, ...keys, [key]: value })
  const happened = { action: "keyring.key-added", before: {}, after: { key, mint_from: instantOf(mintsFrom) } } as const
  await change(operation, from, text, happened)
  return { key, mintsFrom }
}

/** Re-wraps what is under an older key than the one that mints. Throws NotNow before the newest mints. One event for a run, like a use none for a row. */
export async function rewrap(operation: Operation): Promise<Rewrapped & { key: string }> {
  const { runtime, actor, secret, rows, onProgress } = operation
  const keyring = parseKeyring((await secret.read()).text)
  refuseWaiting(keyring, runtime.now())
  const key = mintingKey(keyring, runtime.now())
  const done: Rewrapped = { looked: 0, rows: 0 }
  try {
    await rewrapRows(runtime, keyring, key, rows, done, () =>
      onProgress(`${done.looked} tokens looked at, ${done.rows} re-wrapped`),
    )
  } finally {
    // Also of a run that ends in the middle.
    if (done.rows > 0)
      await tell(runtime, actor, { action: "keyring.rewrapped", before: {}, after: { key, rows: done.rows } })
  }
  return { ...done, key }
}

/**
 * Takes a key out of the keyring that no row needs, and first what is over out of the rows. Throws NotNow, having written nothing, while a
 * row does, with its handle, or while it is too early. Answers the version of the secret that still has the key.
 */
export async function retireKey(operation: Operation, key: string): Promise<{ versionWithKey: string }> {
  const { runtime, secret, rows } = operation
  const from = await secret.read()
  const keyring = parseKeyring(from.text)
  const now = runtime.now()
  const because = whyItStays(keyring, key, now)
  if (because) throw new NotNow(`${key} stays: ${because}`)
  const use = await useOf(operation, key)
  if (use.over > 0) {
    for await (const page of rows()) await inGroups(page, (row) => forgetOver(runtime, key, row))
    const left = await useOf(operation, key)
    if (left.over > 0) throw new NotNow(`${key} stays: more rows have it for a secret that is over now. Try again`)
  }
  const { mintFrom = {}, [key]: _, ...keys } = JSON.parse(from.text)
  const { [key]: __, ...instants } = mintFrom
  const text = JSON.stringify({ mintFrom: instants, ...keys })
  await change(operation, from, text, { action: "keyring.key-retired", before: { key }, after: {} })
  return { versionWithKey: from.version }
}

/** Throws NotNow with the handles when a row needs the key. */
async function useOf(operation: Operation, key: string): Promise<KeyUse> {
  const uses = await keyUses(operation.rows, operation.runtime.now(), progressOf(operation))
  const use = uses.get(key) ?? noUse()
  if (use.needing === 0) return use
  const { needing, holders } = use
  throw new NotNow(
    [
      `${key} stays. Rows that need it: ${needing}. Each needs it no longer after what stands behind it:`,
      ...holders.map(({ handle, keyPath, endedBy }) => `  ${handle}  ${keyPath}  ${endedBy}`),
      ...(needing > holders.length ? [`  and ${needing - holders.length} more`] : []),
    ].join("\n"),
  )
}

/** Why a key can't be retired, whatever the rows say. */
function whyItStays(keyring: Keyring, key: string, now: number): string | undefined {
  const keys = keysOf(keyring)
  const [oldest, next] = keys
  if (!keys.includes(key)) return `the keyring has no such key, but ${keys.join(", ")}`
  if (isWaiting(keyring, key, now)) return `it is to mint from ${instantOf(mintsSince(keyring, key))}`
  if (mintingKey(keyring, now) === key) return "it is the key that mints"
  // The record of a use that comes late, or is redriven, may move a digest from the oldest key to one that minted then.
  if (key !== oldest) return `${oldest} is older, and goes first`
  const overtakenAt = mintsSince(keyring, next as string)
  const until = overtakenAt + overtakenMilliseconds
  if (until > now)
    return `${next} has been minting since ${instantOf(overtakenAt)} only: try again at ${instantOf(until)}`
  return undefined
}

function refuseWaiting(keyring: Keyring, now: number): void {
  const waiting = keysOf(keyring).find((key) => isWaiting(keyring, key, now))
  if (waiting)
    throw new NotNow(
      `${waiting} is there already, and mints from ${instantOf(mintsSince(keyring, waiting))}: wait for it`,
    )
}

const numberOf = (key: string): number => Number(key.slice(1))
/** The oldest first. */
const keysOf = (keyring: Keyring): string[] => [...keyring.keys.keys()].sort((a, b) => numberOf(a) - numberOf(b))
const mintsSince = (keyring: Keyring, key: string): number => keyring.mintFrom.get(key) ?? 0
const isWaiting = (keyring: Keyring, key: string, now: number): boolean => mintsSince(keyring, key) > now

/**
 * The secret and the trail are two places, so the event comes first: a change without its event does not happen. One that fails after
 * its event, as when another operator was quicker, gets a second event, of a failure.
 */
async function change(operation: Operation, from: SecretVersion, text: string, happened: Happened): Promise<void> {
  const { runtime, actor, secret } = operation
  // What can't be read would be no keyring for anybody.
  parseKeyring(text)
  const version = await secret.prepare(text)
  await tell(runtime, actor, happened)
  let isCurrent = false
  try {
    isCurrent = await secret.makeCurrent(version, from.version)
  } finally {
    if (!isCurrent) await tell(runtime, actor, happened, "failure")
  }
  if (!isCurrent)
    throw new NotNow("somebody else has changed the keyring meanwhile: look at it again, npm run keyring -- status")
}

const tell = (runtime: Runtime, actor: Actor, happened: Happened, outcome?: "failure"): Promise<void> =>
  runtime.table.transact([audit(runtime, actor, { ...happened, keyring: true, ...(outcome && { outcome }) })])

const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
const keyLength = 64

/** 64 letters and digits, each as likely as any other: as CloudFormation made the first one. */
function newKey(runtime: Runtime): string {
  // The bytes that are left over would make the first letters likelier.
  const most = 256 - (256 % characters.length)
  let key = ""
  while (key.length < keyLength)
    for (const byte of runtime.randomBytes(keyLength))
      if (byte < most && key.length < keyLength) key += characters[byte % characters.length]
  return key
}

const progressOf =
  ({ onProgress }: Operation) =>
  (looked: number): void =>
    onProgress(`${looked} tokens looked at`)
