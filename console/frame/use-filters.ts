import { useCallback } from "react"
import { useSearchParams } from "react-router"

/** The filters of a list, in its address: so a filtered list, too, can be sent to somebody. Empty ones aren't there. */
export function useFilters<Name extends string>(...names: Name[]) {
  const [parameters, setParameters] = useSearchParams()
  const filters = Object.fromEntries(
    names.flatMap((name) => (parameters.get(name) ? [[name, parameters.get(name)]] : [])),
  ) as Partial<Record<Name, string>>
  const setFilter = useCallback(
    (name: Name, value: string | undefined) =>
      setParameters(
        (now) => {
          const next = new URLSearchParams(now)
          if (value) next.set(name, value)
          else next.delete(name)
          return next
        },
        { replace: true },
      ),
    [setParameters],
  )
  /** What a field of this filter shows, and does. */
  const field = (name: Name) => ({
    value: filters[name],
    onChange: (value: string | undefined) => setFilter(name, value),
  })
  /** These, and none of those that were. */
  const showOnly = (given: Partial<Record<Name, string>>) =>
    setParameters(given as Record<string, string>, { replace: true })
  return { filters, field, showOnly, clear: () => showOnly({}) }
}
