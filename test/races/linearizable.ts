/** One operation as its caller saw it: it took effect at some instant between start and end. */
export interface Operation {
  start: number
  end: number
  kind: "revoke" | "accepted" | "refused"
}

/**
 * True when some order of these operations that respects real time explains them: a token that is good until its one
 * revocation, and never after. With one revocation that is decided pairwise: every acceptance must be able to come before
 * it, every refusal after it, and no acceptance may begin after a refusal has ended.
 */
export function isLinearizable(history: readonly Operation[]): boolean {
  const revokes = history.filter(({ kind }) => kind === "revoke")
  if (revokes.length > 1) throw new Error("one revocation a history")
  const refused = history.filter(({ kind }) => kind === "refused")
  const accepted = history.filter(({ kind }) => kind === "accepted")
  // The latest instant at which an acceptance may still take effect, and the earliest at which the revocation may.
  const bounds = [...revokes, ...refused].map(({ end }) => end)
  const latestAcceptance = Math.min(...bounds, Number.POSITIVE_INFINITY)
  const revokedFrom = revokes[0]?.start ?? Number.POSITIVE_INFINITY
  return accepted.every(({ start }) => start <= latestAcceptance) && refused.every(({ end }) => end >= revokedFrom)
}
