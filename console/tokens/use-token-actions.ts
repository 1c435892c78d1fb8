import type { Token } from "../../shared/contract/objects.ts"
import { isUncertain } from "../api/problem.ts"
import { useTokenChange } from "../api/tokens-shown.ts"
import { useNotifications } from "../frame/notifications.tsx"
import { useSession } from "../session/use-session.ts"

/** Revoke and restore, shown at once and each other's Undo; the two ends of a rotation. */
export function useTokenActions() {
  const { client } = useSession()
  const { succeeded, failed } = useNotifications()
  const notDone = (what: string) => (token: Token, error: Error) =>
    failed(`${token.name} ${isUncertain(error) ? "may have been" : "was not"} ${what}`, error)

  const restore = useTokenChange({
    send: ({ id }) => client["user-tokens/update"]({ id, body: { active: true } }),
    expected: (token) => ({ ...token, active: true, status: "active" }),
    result: ({ children: _, ...token }) => token,
    onSuccess: (token) => succeeded(`${token.type} token successfully restored`),
    onError: notDone("restored"),
  })
  const revoke = useTokenChange({
    send: ({ id }) => client["user-tokens/update"]({ id, body: { active: false } }),
    expected: (token) => ({ ...token, active: false, status: "revoked" }),
    result: ({ children: _, ...token }) => token,
    onSuccess: (token, { children = 0, ...revoked }) =>
      succeeded(`${token.type} token successfully revoked${stillWorking(children)}`, {
        text: "Undo",
        // As it is now: this is what is shown again, should the restoration fail.
        onClick: () => restore.mutate(revoked),
      }),
    onError: notDone("revoked"),
  })
  const completeRotation = useTokenChange({
    send: ({ id }) => client["user-tokens/rotate-complete"]({ id }),
    result: (token) => token,
    onSuccess: (token) => succeeded(`Rotation of ${token.name} completed: its old secret is refused from now on`),
    onError: notDone("rotated to its end"),
  })
  const abortRotation = useTokenChange({
    send: ({ id }) => client["user-tokens/rotate-abort"]({ id }),
    result: (token) => token,
    onSuccess: (token) => succeeded(`Rotation of ${token.name} aborted: its new secret is refused from now on`),
    onError: notDone("kept as it was"),
  })
  return { revoke, restore, completeRotation, abortRotation }
}

const stillWorking = (children: number): string =>
  children === 0
    ? ""
    : `; ${children} ${children === 1 ? "token that was made with it still works" : "tokens that were made with it still work"}`
