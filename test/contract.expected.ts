/**
 * By hand from the contract, endpoint × caller → status. It never imports the endpoint table: a test whose two sides derive
 * from one row proves nothing. Each endpoint is called with a request that is right, by:
 */
export const callers = ["Member", "Editor", "Manager", "Admin", "service Admin", "nobody"] as const
export type CallerName = (typeof callers)[number]

// biome-ignore format: a table
export const expected: Record<string, Record<CallerName, number>> = {
  // Nobody is proven by this request. For those that are see sign-in.test.ts.
  "sign-in/create":       { Member: 401, Editor: 401, Manager: 401, Admin: 401, "service Admin": 401, nobody: 401 },
  // With a token that is no session.
  "sign-in/delete":       { Member: 404, Editor: 404, Manager: 404, Admin: 404, "service Admin": 404, nobody: 401 },
  "users/create":         { Member: 403, Editor: 403, Manager: 403, Admin: 201, "service Admin": 201, nobody: 401 },
  "users/list":           { Member: 403, Editor: 403, Manager: 200, Admin: 200, "service Admin": 200, nobody: 401 },
  "users/me":             { Member: 200, Editor: 200, Manager: 200, Admin: 200, "service Admin": 200, nobody: 401 },
  "users/get":            { Member: 403, Editor: 403, Manager: 200, Admin: 200, "service Admin": 200, nobody: 401 },
  "users/update":         { Member: 403, Editor: 403, Manager: 403, Admin: 200, "service Admin": 200, nobody: 401 },
  "users/revoke-tokens":  { Member: 403, Editor: 403, Manager: 403, Admin: 200, "service Admin": 200, nobody: 401 },
  // Somebody else's account. For one's own see impact.test.ts.
  "users/impact":         { Member: 404, Editor: 404, Manager: 404, Admin: 200, "service Admin": 200, nobody: 401 },
  "users/delete":         { Member: 403, Editor: 403, Manager: 403, Admin: 202, "service Admin": 202, nobody: 401 },
  "user-tokens/rotate":          { Member: 404, Editor: 404, Manager: 404, Admin: 201, "service Admin": 201, nobody: 401 },
  "user-tokens/rotate-complete": { Member: 404, Editor: 404, Manager: 404, Admin: 200, "service Admin": 200, nobody: 401 },
  "user-tokens/rotate-abort":    { Member: 404, Editor: 404, Manager: 404, Admin: 200, "service Admin": 200, nobody: 401 },
  "teams/list":           { Member: 403, Editor: 403, Manager: 200, Admin: 200, "service Admin": 200, nobody: 401 },
  "teams/create":         { Member: 403, Editor: 403, Manager: 403, Admin: 201, "service Admin": 201, nobody: 401 },
  "teams/delete":         { Member: 403, Editor: 403, Manager: 403, Admin: 204, "service Admin": 204, nobody: 401 },
  "settings/get":         { Member: 403, Editor: 403, Manager: 403, Admin: 200, "service Admin": 200, nobody: 401 },
  "settings/update":      { Member: 403, Editor: 403, Manager: 403, Admin: 200, "service Admin": 200, nobody: 401 },
  "settings/impact":      { Member: 403, Editor: 403, Manager: 403, Admin: 200, "service Admin": 200, nobody: 401 },
  "audit-events/list":    { Member: 403, Editor: 403, Manager: 403, Admin: 200, "service Admin": 200, nobody: 401 },
  "access-review/get":    { Member: 403, Editor: 403, Manager: 403, Admin: 200, "service Admin": 200, nobody: 401 },
  "access-review/sign":   { Member: 403, Editor: 403, Manager: 403, Admin: 201, "service Admin": 201, nobody: 401 },
  // Public's: everyone's. Those of teams are in resources.test.ts.
  "datastores/list":      { Member: 200, Editor: 200, Manager: 200, Admin: 200, "service Admin": 200, nobody: 401 },
  "datastores/get":       { Member: 200, Editor: 200, Manager: 200, Admin: 200, "service Admin": 200, nobody: 401 },
  "datastores/list-containers":  { Member: 200, Editor: 200, Manager: 200, Admin: 200, "service Admin": 200, nobody: 401 },
  "datastores/create":           { Member: 403, Editor: 201, Manager: 201, Admin: 201, "service Admin": 201, nobody: 401 },
  "datastores/create-container": { Member: 403, Editor: 201, Manager: 201, Admin: 201, "service Admin": 201, nobody: 401 },
  // A service token. For a personal one see `ownExpected`.
  "user-tokens/create":   { Member: 403, Editor: 403, Manager: 403, Admin: 201, "service Admin": 201, nobody: 401 },
  "user-tokens/list":     { Member: 200, Editor: 200, Manager: 200, Admin: 200, "service Admin": 200, nobody: 401 },
  "user-tokens/list-service": { Member: 403, Editor: 403, Manager: 403, Admin: 200, "service Admin": 200, nobody: 401 },
  // Somebody else's token: what isn't the caller's is 404.
  "user-tokens/get":      { Member: 404, Editor: 404, Manager: 404, Admin: 200, "service Admin": 200, nobody: 401 },
  "user-tokens/impact":   { Member: 404, Editor: 404, Manager: 404, Admin: 200, "service Admin": 200, nobody: 401 },
  "user-tokens/update":   { Member: 404, Editor: 404, Manager: 404, Admin: 200, "service Admin": 200, nobody: 401 },
  "user-tokens/delete":   { Member: 404, Editor: 404, Manager: 404, Admin: 204, "service Admin": 204, nobody: 401 },
  // Open to everyone.
  "docs/openapi":         { Member: 200, Editor: 200, Manager: 200, Admin: 200, "service Admin": 200, nobody: 200 },
  "docs/asyncapi":        { Member: 200, Editor: 200, Manager: 200, Admin: 200, "service Admin": 200, nobody: 200 },
  "docs/page":            { Member: 200, Editor: 200, Manager: 200, Admin: 200, "service Admin": 200, nobody: 200 },
  "docs/problem":         { Member: 200, Editor: 200, Manager: 200, Admin: 200, "service Admin": 200, nobody: 200 },
}

/** The same, for a human's own personal token. A service account has none: it can't make one. */
// biome-ignore format: a table
export const ownExpected: Record<string, Partial<Record<CallerName, number>>> = {
  "user-tokens/create":   { Member: 201, Editor: 201, Manager: 201, Admin: 201, "service Admin": 403, nobody: 401 },
  "user-tokens/get":      { Member: 200, Editor: 200, Manager: 200, Admin: 200, nobody: 401 },
  "user-tokens/impact":   { Member: 200, Editor: 200, Manager: 200, Admin: 200, nobody: 401 },
  "user-tokens/update":   { Member: 200, Editor: 200, Manager: 200, Admin: 200, nobody: 401 },
  "user-tokens/delete":   { Member: 204, Editor: 204, Manager: 204, Admin: 204, nobody: 401 },
}
