import { type InfiniteData, type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query"
import type { Client } from "../../shared/contract/client.ts"
import type { Token } from "../../shared/contract/objects.ts"
import { useSession } from "../session/use-session.ts"
import { isProblem, isUncertain } from "./problem.ts"

/** The lists of tokens that the screens hold, whatever their filters. */
const lists = ["user-tokens/list-service", "user-tokens/list"]
const held = { predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => lists.includes(queryKey[0] as string) }

type Pages = InfiniteData<{ items: Token[]; next_cursor: string | null }>

/** Puts a token in the place of what is shown of it, everywhere; undefined takes it away. */
function show(queryClient: QueryClient, id: number, token: Token | undefined): void {
  queryClient.setQueriesData<Pages>(held, (data) => {
    const pages = data?.pages.map((page) => ({
      ...page,
      items: page.items.flatMap((one) => (one.id === id ? (token ?? []) : one)),
    }))
    return data && pages && { ...data, pages }
  })
}

interface Change<Answer> {
  send: (token: Token) => Promise<Answer>
  /** What it will look like: shown before the answer is there, and taken back when the change fails. */
  expected?: (token: Token) => Token
  /** What it is, as the answer has it; undefined: gone. */
  result: (answer: Answer) => Token | undefined
  onSuccess: (token: Token, answer: Answer) => void
  onError?: (token: Token, error: Error) => void
}

/**
 * A change of a token, in all lists that show it. They are not read again after it: that would cost a request for each hundred rows,
 * and an index may still have the row as it was.
 */
export function useTokenChange<Answer>({ send, expected, result, onSuccess, onError }: Change<Answer>) {
  const { client } = useSession()
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: send,
    onMutate: async (token: Token) => {
      if (!expected) return
      // A list on its way would bring the row as it was.
      await queryClient.cancelQueries(held)
      show(queryClient, token.id, expected(token))
    },
    onSuccess: (answer, token) => {
      show(queryClient, token.id, result(answer))
      onSuccess(token, answer)
    },
    onError: async (error, token) => {
      if (isUncertain(error)) show(queryClient, token.id, await readAgain(client, token))
      else if (expected) show(queryClient, token.id, token)
      onError?.(token, error)
    },
  })
}

/** What has become of a token after no certain answer; as it was, where this can't be read either. */
const readAgain = (client: Client, token: Token): Promise<Token | undefined> =>
  client["user-tokens/get"]({ id: token.id }).catch((error) => (isProblem(error, "not-found") ? undefined : token))

/** After a token was made, or all of an account were revoked. */
export const refreshTokens = (queryClient: QueryClient): Promise<void> => queryClient.invalidateQueries(held)
