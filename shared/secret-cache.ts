/**
 * A secret that is kept for ten minutes, fail-static: a failed refresh never drops a good value. Ten minutes is well below
 * the hour ahead at which a new key of the keyring is announced, so every cache knows it before anyone mints with it.
 */
export interface SecretCache<T> {
  /** Throws what `fetch` throws, but only while there has never been a value. */
  get: () => Promise<T>
  /** For a value that seems outdated: fetches it, at most once in 30 s; else, or when that fails, the one at hand. */
  refetch: () => Promise<T>
}

const freshMilliseconds = 600_000
export const refetchMilliseconds = 30_000

export function secretCache<T>(fetch: () => Promise<T>, now: () => number): SecretCache<T> {
  let held: { value: T } | undefined
  let staleAt = 0
  let refetchableAt = 0
  let inFlight: Promise<T> | undefined

  const refresh = async (): Promise<T> => {
    const started = now()
    // Set before the answer: who has a value asks a failing source once in 30 s, not once a request.
    staleAt = started + refetchMilliseconds
    refetchableAt = started + refetchMilliseconds
    try {
      held = { value: await fetch() }
      staleAt = started + freshMilliseconds
    } catch (error) {
      if (!held) throw error
    }
    return held.value
  }
  const joined = () => {
    // Cleared out here, which is never before it is set, even when `fetch` throws at once.
    inFlight ??= refresh().finally(() => {
      inFlight = undefined
    })
    return inFlight
  }

  return {
    get: async () => (held && now() < staleAt ? held.value : joined()),
    refetch: async () => (held && now() < refetchableAt ? held.value : joined()),
  }
}
