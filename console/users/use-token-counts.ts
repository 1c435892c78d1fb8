import { useMemo } from "react"
import { useRows } from "../api/queries.ts"

/**
 * How many active service tokens each account has: counted here, since an account doesn't know. Undefined until all of them have
 * come: a wrong number is worse than none.
 */
export function useTokenCounts(isAllowed: boolean): ((userId: string) => number | undefined) | undefined {
  const { items, isLoading, isPartial, error } = useRows("user-tokens/list-service", {}, isAllowed)
  const counts = useMemo(() => {
    const found = new Map<string, number>()
    for (const { status, user } of items)
      if (status === "active") found.set(user.user_id, (found.get(user.user_id) ?? 0) + 1)
    return found
  }, [items])
  const isKnown = !isLoading && !isPartial && error === null
  return isAllowed ? (userId) => (isKnown ? (counts.get(userId) ?? 0) : undefined) : undefined
}
