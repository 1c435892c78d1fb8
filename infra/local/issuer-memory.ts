import type { Adapter, AdapterFactory, AdapterPayload } from "oidc-provider"

/**
 * Where the issuer keeps sessions, codes and grants: in memory, until it stops. The library's own warns at each start that it is for
 * development. What has expired stays, and is refused: a run on one machine is over before that is much.
 */
export function issuerMemory(): AdapterFactory {
  const kept = new Map<string, AdapterPayload>()
  return (name): Adapter => ({
    upsert: async (id, payload) => void kept.set(`${name}:${id}`, payload),
    find: async (id) => kept.get(`${name}:${id}`),
    findByUid: async (uid) => [...kept].find(([key, one]) => key.startsWith(`${name}:`) && one.uid === uid)?.[1],
    // Of devices, which don't sign in here.
    findByUserCode: async () => undefined,
    consume: async (id) => {
      const payload = kept.get(`${name}:${id}`)
      if (payload) payload.consumed = Math.floor(Date.now() / 1000)
    },
    destroy: async (id) => void kept.delete(`${name}:${id}`),
    revokeByGrantId: async (grantId) => {
      for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key)
    },
  })
}
