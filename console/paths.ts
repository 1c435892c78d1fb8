/** The address of every page: each can be kept, and sent to somebody. */
export const paths = {
  users: "/settings/users",
  user: (id: number | string) => `/settings/users/${id}`,
  tokens: "/settings/tokens",
  teams: "/settings/teams",
  policy: "/settings/policy",
  accessReview: "/access-review",
  auditLog: "/audit-log",
}
