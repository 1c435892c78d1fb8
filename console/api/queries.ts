import { QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { useEffect } from "react"
import { ApiProblem, type Arguments, type ListKey } from "../../shared/contract/client.ts"
import type { EndpointKey, Reply } from "../../shared/contract/endpoints.ts"
import { useSession } from "../session/use-session.ts"

/** A read that failed for a moment is tried again; what was refused stays refused. */
const mayPass = (failures: number, error: Error): boolean =>
  failures < 2 && (!(error instanceof ApiProblem) || error.status >= 500 || error.status === 429)

export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: { retry: mayPass, staleTime: 10_000 },
      // Nothing of an answer is kept once its screen is closed: it may hold a token. And no write repeats itself.
      mutations: { gcTime: 0, retry: false },
    },
  })

export type Item<K extends ListKey> = Reply<K>["items"][number]
type QueryOf<K extends ListKey> = Omit<
  NonNullable<Extract<Arguments<K>, { query?: unknown }>["query"]>,
  "cursor" | "limit"
>

/** What an endpoint answers, kept under its key and arguments. */
export function useReply<K extends EndpointKey>(key: K, given: Arguments<K>, options: { enabled?: boolean } = {}) {
  const { client } = useSession()
  const call = client[key] as unknown as (given: Arguments<K>) => Promise<Reply<K>>
  return useQuery<Reply<K>>({ queryKey: [key, given], queryFn: () => call(given), ...options })
}

/** The rows of a list, as far as they have come. */
export interface Rows<T> {
  items: readonly T[]
  isLoading: boolean
  /** There are more rows than `items`. */
  isPartial: boolean
  error: Error | null
  /** Undefined while rows still come by themselves, and when there are no more. */
  loadMore?: () => void
  refresh: () => void
}

const pageSize = 100
/** So many pages come by themselves, one after the other: 2,000 rows, which a browser sorts and filters in no time. */
const pagesAtFirst = 20

/** A list to its end, up to 2,000 rows at first: the first page is shown while the others come. */
export function useRows<K extends ListKey>(key: K, query: QueryOf<K>, enabled = true): Rows<Item<K>> {
  const { client } = useSession()
  const call = client[key] as (given: { query: object }) => Promise<Reply<K>>
  const { data, error, isPending, hasNextPage, isFetching, fetchNextPage, refetch } = useInfiniteQuery({
    queryKey: [key, query],
    queryFn: ({ pageParam }) => call({ query: { ...query, limit: pageSize, ...(pageParam && { cursor: pageParam }) } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    enabled,
  })
  const pages = data?.pages ?? []
  const goesOn = hasNextPage && !isFetching && !error
  useEffect(() => {
    if (goesOn && pages.length < pagesAtFirst) void fetchNextPage()
  }, [goesOn, pages.length, fetchNextPage])
  return {
    items: pages.flatMap((page) => page.items as Item<K>[]),
    // Without a connection nothing is on its way, and yet there is not nothing.
    isLoading: enabled && isPending,
    isPartial: hasNextPage,
    error,
    ...(goesOn && pages.length >= pagesAtFirst && { loadMore: () => void fetchNextPage() }),
    refresh: () => void refetch(),
  }
}

/** Two lists as one, newest first. */
export const together = <T extends { created_at: string }>(a: Rows<T>, b: Rows<T>): Rows<T> => ({
  items: [...a.items, ...b.items].sort((one, other) => other.created_at.localeCompare(one.created_at)),
  isLoading: a.isLoading || b.isLoading,
  isPartial: a.isPartial || b.isPartial,
  error: a.error ?? b.error,
  ...((a.loadMore || b.loadMore) && {
    loadMore: () => {
      a.loadMore?.()
      b.loadMore?.()
    },
  }),
  refresh: () => {
    a.refresh()
    b.refresh()
  },
})
