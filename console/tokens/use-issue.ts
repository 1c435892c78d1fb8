import { useMutation, useQueryClient } from "@tanstack/react-query"
import { useRef, useState } from "react"
import type { ApiProblem } from "../../shared/contract/client.ts"
import type { Reply } from "../../shared/contract/endpoints.ts"
import type { Token } from "../../shared/contract/objects.ts"
import { isProblem, isUncertain } from "../api/problem.ts"
import { refreshTokens } from "../api/tokens-shown.ts"

export type Issued = Reply<"user-tokens/create">

interface Issue<Given> {
  request: (given: Given, idempotencyKey: string) => Promise<Issued>
  /** Undoes what a request has made whose answer was lost: nobody has seen that secret, and nobody ever will. */
  takeBack: (lost: Token) => Promise<unknown>
  onIssued?: (issued: Issued) => void
}

/**
 * Asks for a secret that is shown once. All attempts of one form carry one Idempotency-Key, so that neither a double click nor a
 * repeat after a lost answer makes a second secret.
 */
export function useIssue<Given>({ request, takeBack, onIssued }: Issue<Given>) {
  const queryClient = useQueryClient()
  const key = useRef(crypto.randomUUID())
  const [lost, setLost] = useState<Token>()
  // A refusal that follows, such as a 429 or a 401, tells nothing of what came before it.
  const [mayBeMade, setMayBeMade] = useState(false)
  const mutation = useMutation({
    mutationFn: async ({ given, replace }: { given: Given; replace: boolean }) => {
      if (replace) {
        if (lost) await takeBack(lost).catch(unlessGone)
        setLost(undefined)
        setMayBeMade(false)
        key.current = crypto.randomUUID()
      }
      return request(given, key.current)
    },
    onSuccess: onIssued,
    onError: (error) => {
      if (isUncertain(error)) setMayBeMade(true)
      if (isProblem(error, "token-already-issued")) setLost((error as ApiProblem).problem.token as Token | undefined)
    },
    onSettled: () => refreshTokens(queryClient),
  })
  const { error, isPending, data } = mutation
  const isLost = isProblem(error, "token-already-issued") || lost !== undefined
  return {
    issued: data,
    error,
    isPending,
    /** The secret was made, and its answer lost. */
    isLost,
    /** Nothing may be changed until an answer comes: the key belongs to these values. */
    isLocked: isPending || mayBeMade || isLost,
    issue: (given: Given) => mutation.mutate({ given, replace: false }),
    replace: (given: Given) => mutation.mutate({ given, replace: true }),
  }
}

/** What was taken back by an attempt whose answer was lost, too, is as it should be. */
function unlessGone(error: unknown): void {
  if (!isProblem(error, "not-found") && !isProblem(error, "no-rotation")) throw error
}
