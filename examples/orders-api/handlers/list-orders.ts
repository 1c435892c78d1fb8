import { type AuthorizedEvent, callerOf } from "symbolon/require-permission"

/** `GET /orders`: for every caller that the authorizer lets through. */
export const handler = async (event: AuthorizedEvent) => {
  const { userId, role, teams } = callerOf(event)
  const orders = [{ id: "o-1", item: "ink" }]
  return {
    statusCode: 200,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ orders, caller: { userId, role, teams } }),
  }
}
