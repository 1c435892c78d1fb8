import { useMutation, useQueryClient } from "@tanstack/react-query"
import { useRef, useState } from "react"
import type { User } from "../../../shared/contract/objects.ts"
import { isProblem, isUncertain } from "../../api/problem.ts"
import { useIsShown } from "../../frame/use-is-shown.ts"
import { useSession } from "../../session/use-session.ts"
import { nameError } from "../../tokens/name-error.ts"
import { takeBackToken } from "../../tokens/take-back.ts"
import { emptyToken } from "../../tokens/token-fields.tsx"
import { useIssue } from "../../tokens/use-issue.ts"
import { bodyOf, emptyServiceUser, serviceNameError } from "./drafts.ts"

/**
 * One run of the wizard: Finish makes the account, then its token. What is made already is not made again, neither when the token is
 * refused and Finish pressed once more, nor when an answer was lost: the run has one Idempotency-Key for each of the two.
 */
export function useWizard() {
  const { client } = useSession()
  const queryClient = useQueryClient()
  const isShown = useIsShown()
  const accountKey = useRef(crypto.randomUUID())
  const [step, setStep] = useState<1 | 2>(1)
  const [serviceUser, setServiceUser] = useState(emptyServiceUser)
  const [token, setToken] = useState(emptyToken)
  /** The step that was left with Next or Finish: its errors are shown from then on. */
  const [tried, setTried] = useState(0)
  /** Until there is an account: a refusal after a lost answer doesn't tell that there is none. */
  const [mayExist, setMayExist] = useState(false)

  const account = useMutation({
    mutationFn: () => client["users/create"]({ body: bodyOf(serviceUser), idempotencyKey: accountKey.current }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["users/list"] }),
    // What is wrong with the account is told at its fields. Anything else, a session that has ended among it, leaves the step alone.
    onError: (error) => {
      if (isUncertain(error)) setMayExist(true)
      if (isProblem(error, "user-id-taken") || isProblem(error, "validation-failed")) setStep(1)
    },
  })
  const check = useMutation({
    mutationFn: async (userId: string) => {
      const { items } = await client["users/list"]({ query: { user_type: "Service", q: userId } })
      return items.some((user) => user.user_id === userId)
    },
  })
  const issue = useIssue({
    request: (user: User, idempotencyKey) =>
      client["user-tokens/create"]({ body: { ...token, type: "Service", user_id: user.user_id }, idempotencyKey }),
    takeBack: takeBackToken(client),
  })
  const isTaken = check.data === true || isProblem(account.error, "user-id-taken")

  return {
    step,
    serviceUser,
    token,
    account,
    issue,
    isPending: account.isPending || check.isPending || issue.isPending,
    /** Nothing of an account can be changed while it is asked for, nor once it was made, or may have been. */
    isAccountFixed: check.isPending || account.isPending || account.data !== undefined || mayExist,
    serviceNameError: isTaken
      ? "Another account has, or had, the id that this name leads to. Choose another name."
      : tried >= 1
        ? serviceNameError(serviceUser.name)
        : undefined,
    tokenNameError: tried >= 2 ? nameError(token.name) : undefined,
    changeServiceUser: (draft: typeof serviceUser) => {
      check.reset()
      account.reset()
      setServiceUser(draft)
    },
    changeToken: setToken,
    previous: () => setStep(1),
    next: async (userId: string | undefined) => {
      setTried(1)
      if (serviceNameError(serviceUser.name) || userId === undefined) return
      // A clash is found before the second step. Where this can't be found out, Finish does.
      if (account.data || !(await check.mutateAsync(userId).catch(() => false))) setStep(2)
    },
    finish: async () => {
      setTried(2)
      if (nameError(token.name)) return
      const user = account.data ?? (await account.mutateAsync().catch(() => undefined))
      if (user && isShown.current) issue.issue(user)
    },
    replace: () => account.data && issue.replace(account.data),
  }
}
