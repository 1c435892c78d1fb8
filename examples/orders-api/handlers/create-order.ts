import { type AuthorizedEvent, requirePermission } from "symbolon/require-permission"

/** `POST /orders`: for who may write orders, which this team has decided and Symbolon knows nothing of. */
export const handler = async (event: AuthorizedEvent) => {
  const { caller, refusal } = requirePermission(event, "orders:write", ["Editor", "Manager", "Admin"])
  if (refusal) return refusal
  return {
    statusCode: 201,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ id: "o-2", orderedBy: caller.userId }),
  }
}
