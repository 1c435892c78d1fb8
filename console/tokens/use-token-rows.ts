import { type Token, tokenFlag, tokenStatus } from "../../shared/contract/objects.ts"
import { type Rows, together, useRows } from "../api/queries.ts"
import { useMe } from "../session/use-session.ts"
import { isMatch, type TokenFilter } from "./token-filters.tsx"

/** What the filters let through: of the service tokens, for whoever manages those, and of one's own. */
export function useTokenRows(filters: TokenFilter): Rows<Token> {
  const { may } = useMe()
  const { type, q } = filters
  // An address is typed by people, too.
  const status = tokenStatus.safeParse(filters.status).data
  const flag = tokenFlag.safeParse(filters.flag).data
  const withService = may("users:write") && type !== "personal"
  const withPersonal = !withService || type !== "service"
  const service = useRows("user-tokens/list-service", { q, status, flag }, withService)
  const all = useRows("user-tokens/list", {}, withPersonal)
  const personal = { ...all, items: all.items.filter((token) => isMatch(token, { q, status, flag })) }
  if (withService && withPersonal) return together(service, personal)
  return withService ? service : personal
}
