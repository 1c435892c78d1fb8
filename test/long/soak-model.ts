import { randomUUID } from "node:crypto"
import type { Role } from "../../shared/contract/permissions.ts"

/** One request at its time. Status 0: no answer. */
export type Send = (method: string, path: string, token?: string, body?: object) => Promise<Answer>
export interface Answer {
  status: number
  /** The body, when it is JSON. */
  json: Record<string, unknown> | undefined
}

export interface Wrong {
  what: string
  expected: string
  got: string
}

export interface Counts {
  requests: number
  created: number
  used: number
  revoked: number
  restored: number
  deleted: number
  wrong: number
  /** The first of them. */
  wrongs: (Wrong & { at: string })[]
}

interface Token {
  id: number
  bearer: string
  state: "active" | "revoked" | "deleted"
}

const mostWrongs = 50
/** How many tokens a caller keeps: rows go as they come. */
const mostTokens = 10

/**
 * A caller who has a service account, makes tokens for it, uses, revokes, restores and deletes them, and knows what each use must
 * be answered at that moment. After each change, the very next request is a use.
 */
export async function openCaller(send: Send, counts: Counts, random: () => number, role: Role) {
  const tokens: Token[] = []
  const wrong = (one: Wrong): void => {
    counts.wrong += 1
    if (counts.wrongs.length < mostWrongs) counts.wrongs.push({ at: new Date().toISOString(), ...one })
  }
  const expectAnswer = (what: string, { status, json }: Answer, expected: number, type?: string): boolean => {
    // A problem's type is one of ours; a token has a type too.
    const got = status < 400 || json?.type === undefined ? String(status) : `${status} ${slugIn(String(json.type))}`
    const wanted = type === undefined ? String(expected) : `${expected} ${type}`
    if (got === wanted) return true
    wrong({ what, expected: wanted, got })
    return false
  }

  const user = await send("POST", "/users", undefined, { name: `soak ${randomUUID()}`, role })
  expectAnswer("account", user, 201)
  const { id: accountId, user_id } = user.json ?? {}

  const isOf = ({ json }: Answer, { id }: Token): boolean =>
    json?.id === accountId && (json?.token as { id?: number } | undefined)?.id === id

  const use = async (token: Token): Promise<void> => {
    const answer = await send("GET", "/users/me", token.bearer)
    counts.used += 1
    if (token.state === "active") {
      const right = expectAnswer("use of an active token", answer, 200)
      if (right && !isOf(answer, token))
        wrong({ what: "use of an active token", expected: "its own account", got: "another" })
    } else expectAnswer(`use of a ${token.state} token`, answer, 401, refusalOf[token.state])
  }
  const create = async (): Promise<void> => {
    const body = { name: randomUUID(), type: "Service", user_id, expiration: "30d" }
    const answer = await send("POST", "/user-tokens", undefined, body)
    if (!expectAnswer("creation", answer, 201)) return
    counts.created += 1
    const token: Token = { id: Number(answer.json?.id), bearer: String(answer.json?.bearer_token), state: "active" }
    tokens.push(token)
    await use(token)
  }
  const toggle = async (token: Token): Promise<void> => {
    const active = token.state === "revoked"
    const answer = await send("PUT", `/user-tokens/${token.id}`, undefined, { active })
    if (!expectAnswer(active ? "restoration" : "revocation", answer, 200)) return
    counts[active ? "restored" : "revoked"] += 1
    token.state = active ? "active" : "revoked"
    await use(token)
  }
  const remove = async (token: Token): Promise<void> => {
    const answer = await send("DELETE", `/user-tokens/${token.id}`)
    const right = token.state === "revoked"
    if (!expectAnswer("deletion", answer, right ? 204 : 409, right ? undefined : "token-active") || !right) return
    counts.deleted += 1
    token.state = "deleted"
    tokens.splice(tokens.indexOf(token), 1)
    await use(token)
  }

  return async (): Promise<void> => {
    const token = tokens[Math.floor(random() * tokens.length)]
    const dice = random()
    if (!token || (dice < 0.1 && tokens.length < mostTokens)) return create()
    if (dice < 0.25) return toggle(token)
    if (dice < 0.35) return remove(token)
    return use(token)
  }
}

const slugIn = (type: string): string => type.slice(type.lastIndexOf("/") + 1)
const refusalOf = { revoked: "token-revoked", deleted: "invalid-token" }

/** Numbers from 0 to 1 that are the same ones each time (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Of the straight line that is nearest to the points: units of y per unit of x. Not a number for less than two. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  return over / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
}
