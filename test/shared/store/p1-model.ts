/**
 * What the API promises of one account and its tokens, in as few words as there are: it knows no row, no condition and no digest, and
 * calls nothing of the product. Instants are epoch milliseconds of whole minutes.
 */
const hour = 3_600_000
const day = 24 * hour
/** A secret that nobody uses for so long is forgotten. */
const patience = 30 * day
export const policy = { unusedDays: 35, autoRevokeUnusedDays: 10 }

/** Every secret that was ever told, and to which token it belongs; a token's nth has the generation n. */
export interface Secret {
  token: ModelToken
  generation: number
  text: string
}

interface ModelToken {
  id: number
  name: string
  state: "active" | "revoked" | "deleted"
  compromised: boolean
  epoch: number
  issuedAt: number
  createdAt: number
  expiresAt: number
  lastUsed: number | undefined
  flaggedAt: number | undefined
  generations: number
  current: number
  pending?: { generation: number; since: number; until: number; expiresAt: number; overlap: number }
  previous?: { generation: number; until: number }
}

export interface Line {
  secret: Secret
  at: number
  text: string
}

export const never = Number.POSITIVE_INFINITY
const daysOf = (expiration: string) =>
  expiration === "never" ? never : expiration === "1y" ? 365 : parseInt(expiration, 10)

/** Each operation answers why it is refused, all reasons that there are; where there is none, it has happened. */
export type Reasons = string[]

export class Model {
  account: "active" | "inactive" | "deleting" | "gone" = "active"
  epoch = 0
  compromisedEpoch = 0
  mostDays = never
  readonly autoRevoke: boolean
  readonly tokens: ModelToken[] = []
  readonly secrets: Secret[] = []
  now: number

  constructor(now: number, autoRevoke: boolean) {
    this.now = now
    this.autoRevoke = autoRevoke
  }

  /** What a secret must be answered: as which of its token's it is accepted, or why it is not. */
  answer({ token, generation }: Secret): string {
    const { pending, previous } = token
    const isPending = pending?.generation === generation
    const isPrevious = previous?.generation === generation
    if (token.state === "deleted") return "invalid-token"
    if (token.current !== generation && !isPending && !isPrevious) return "invalid-token"
    if (this.isRevoked(token)) return "token-revoked"
    if (this.account !== "active") return "account-inactive"
    if (token.expiresAt <= this.now) return "token-expired"
    if (isPending) return pending.until <= this.now ? "token-expired" : "pending"
    if (isPrevious) return previous.until <= this.now ? "token-superseded" : "previous"
    return "current"
  }

  status(token: ModelToken): string {
    if (this.isRevoked(token)) return "revoked"
    if (this.account !== "active") return "account-inactive"
    return token.expiresAt <= this.now ? "expired" : "active"
  }

  rotation({ pending, previous }: ModelToken): string {
    if (pending && pending.until > this.now) return "pending"
    return previous && previous.until > this.now ? "overlapping" : "none"
  }

  existing = (): ModelToken[] => this.tokens.filter(({ state }) => state !== "deleted")
  private isRevoked = ({ state, epoch }: ModelToken): boolean => state !== "active" || epoch < this.epoch
  private missing = ({ state }: ModelToken): Reasons => (state === "deleted" ? ["not-found"] : [])
  private tooLong = (expiration: string): Reasons => (daysOf(expiration) > this.mostDays ? ["validation-failed"] : [])

  create(name: string, expiration: string): Reasons {
    const taken = this.existing().some((token) => token.name === name)
    const reasons = [
      ...this.tooLong(expiration),
      ...(taken ? ["token-name-taken"] : []),
      ...(this.account === "gone" ? ["not-found"] : this.account !== "active" ? ["account-inactive"] : []),
    ]
    if (reasons.length > 0) return reasons
    const token: ModelToken = {
      ...{ id: 0, name, state: "active", compromised: false, epoch: this.epoch, generations: 1, current: 1 },
      ...{ issuedAt: this.now, createdAt: this.now, expiresAt: this.now + daysOf(expiration) * day },
      ...{ lastUsed: undefined, flaggedAt: undefined },
    }
    this.tokens.push(token)
    this.secrets.push({ token, generation: 1, text: "" })
    return []
  }

  rotate(token: ModelToken, overlapHours: number, expiration: string | undefined): Reasons {
    const reasons = [
      ...this.missing(token),
      ...(this.status(token) !== "active" ? ["token-not-active"] : []),
      ...(this.rotation(token) !== "none" ? ["rotation-pending"] : []),
      ...(expiration ? this.tooLong(expiration) : []),
    ]
    if (reasons.length > 0) return reasons
    const life = expiration ? daysOf(expiration) * day : Math.min(token.expiresAt - token.issuedAt, this.mostDays * day)
    const expiresAt = this.now + life
    token.generations += 1
    token.pending = {
      ...{ generation: token.generations, since: this.now, until: Math.min(this.now + patience, expiresAt) },
      ...{ expiresAt, overlap: overlapHours * hour },
    }
    this.secrets.push({ token, generation: token.generations, text: "" })
    return []
  }

  complete(token: ModelToken): Reasons {
    const overlapping = this.rotation(token) === "overlapping"
    const reasons = [...this.missing(token), ...(overlapping ? [] : ["no-rotation"])]
    if (reasons.length === 0 && token.previous) token.previous.until = this.now
    return reasons
  }

  abort(token: ModelToken): Reasons {
    const reasons = [...this.missing(token), ...(this.rotation(token) === "pending" ? [] : ["no-rotation"])]
    if (reasons.length === 0) delete token.pending
    return reasons
  }

  revoke(token: ModelToken, compromised: boolean): Reasons {
    const reasons = this.missing(token)
    if (reasons.length > 0) return reasons
    token.state = "revoked"
    token.compromised ||= compromised
    return []
  }

  restore(token: ModelToken): Reasons {
    if (token.state !== "deleted" && !this.isRevoked(token)) return []
    const reasons = [
      ...this.missing(token),
      ...(token.compromised || this.compromisedEpoch > token.epoch ? ["token-compromised"] : []),
      ...(token.expiresAt <= this.now ? ["token-expired"] : []),
      ...(this.account === "active" ? [] : ["account-inactive"]),
    ]
    if (reasons.length > 0) return reasons
    Object.assign(token, { state: "active", epoch: this.epoch, flaggedAt: undefined })
    this.shorten(token)
    return []
  }

  delete(token: ModelToken): Reasons {
    const reasons = [...this.missing(token), ...(this.isRevoked(token) ? [] : ["token-active"])]
    if (reasons.length === 0) token.state = "deleted"
    return reasons
  }

  setActive(active: boolean): Reasons {
    const reasons = this.unchangeable()
    if (reasons.length === 0) this.account = active ? "active" : "inactive"
    return reasons
  }

  revokeAll(compromised: boolean): Reasons {
    const reasons = this.unchangeable()
    if (reasons.length > 0) return reasons
    this.epoch += 1
    if (compromised) this.compromisedEpoch = this.epoch
    return []
  }

  private unchangeable = (): Reasons =>
    this.account === "gone" ? ["not-found"] : this.account === "deleting" ? ["account-deleting"] : []

  deleteAccount(): Reasons {
    if (this.account === "active") return ["account-active"]
    if (this.account === "gone") return ["not-found"]
    this.account = "deleting"
    return []
  }

  purge(): void {
    if (this.account !== "deleting") return
    this.account = "gone"
    for (const token of this.tokens) token.state = "deleted"
  }

  /** Lines of uses, as a batch has them: of a waiting secret's the earliest counts, of all together the latest. */
  deliver(lines: readonly Line[]): void {
    for (const token of this.existing()) {
      const uses = lines.filter(({ secret }) => secret.token === token)
      if (uses.length === 0) continue
      const ofPending = uses.filter(({ secret }) => secret.generation === token.pending?.generation)
      if (ofPending.length > 0 && this.status(token) === "active")
        this.promote(token, Math.min(...ofPending.map(({ at }) => at)))
      const latest = Math.max(...uses.map(({ at }) => at))
      if (latest > (token.lastUsed ?? 0)) Object.assign(token, { lastUsed: latest, flaggedAt: undefined })
    }
  }

  private promote(token: ModelToken, firstUsedAt: number): void {
    const { pending } = token
    if (!pending) return
    token.previous = {
      generation: token.current,
      until: Math.min(firstUsedAt + pending.overlap, token.expiresAt),
    }
    Object.assign(token, { current: pending.generation, expiresAt: pending.expiresAt, issuedAt: pending.since })
    delete token.pending
  }

  limit(mostDays: number): void {
    this.mostDays = mostDays
    for (const token of this.existing()) if (!this.isRevoked(token)) this.shorten(token)
  }

  /** Nobody's token ends sooner than in a day for it. */
  private shorten(token: ModelToken): void {
    token.expiresAt = Math.min(token.expiresAt, Math.max(token.issuedAt + this.mostDays * day, this.now + day))
  }

  sweep(): void {
    for (const token of this.existing()) {
      const dead = this.isRevoked(token) || token.expiresAt <= this.now
      if (dead || this.account === "deleting") continue
      const { flaggedAt } = token
      if (flaggedAt === undefined) {
        const idle = this.now - (token.lastUsed ?? token.createdAt)
        if (idle >= policy.unusedDays * day) token.flaggedAt = this.now
      } else if (this.autoRevoke && this.now - flaggedAt >= policy.autoRevokeUnusedDays * day) token.state = "revoked"
    }
  }
}
