import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto"

/**
 * What each subject with a table has to do, written once and as lean as a sample authorizer: take the bearer token, digest it,
 * compare the digest with the token's row, look at the states, answer a policy. Ours does more than this (three digests, networks,
 * its line in the log), so nothing here makes a peer slower.
 */
const key = createSecretKey(Buffer.from(process.env.BENCH_KEY ?? ""))

export const bearerOf = (event) => (event.headers.Authorization ?? "").replace(/^Bearer /, "")

/** The keys of a token's row and of its account's. */
export const keysOf = (bearer) => [
  { PK: `TOK#${bearer.slice(16, 25)}`, SK: "T" },
  { PK: `ACC#${bearer.slice(7, 16)}`, SK: "A" },
]

export const digestOf = (bearer, by = key) => createHmac("sha256", by).update(bearer).digest()

export function decide(event, bearer, token, account, by = key) {
  const good =
    token &&
    account &&
    timingSafeEqual(digestOf(bearer, by), token.current.digest) &&
    token.state === "ACTIVE" &&
    account.state === "ACTIVE" &&
    token.epoch >= account.epoch &&
    (token.expiresAt ?? Number.POSITIVE_INFINITY) > Date.now()
  return good
    ? policy("Allow", event, account.userId, { role: account.role, teams: account.teams.join(",") })
    : policy("Deny", event, "anonymous", {})
}

export const policy = (Effect, event, principalId, context) => ({
  principalId,
  policyDocument: {
    Version: "2012-10-17",
    Statement: [{ Action: "execute-api:Invoke", Effect, Resource: `${event.methodArn.split("/", 3).join("/")}/*` }],
  },
  context,
})

/** Only what the job reads, of a row in DynamoDB's JSON as client-dynamodb answers it. */
export const tokenFrom = (row) =>
  row && {
    current: { digest: row.current.M.digest.B },
    state: row.state.S,
    epoch: Number(row.epoch.N),
    expiresAt: row.expiresAt && Number(row.expiresAt.N),
  }
export const accountFrom = (row) =>
  row && {
    userId: row.userId.S,
    role: row.role.S,
    state: row.state.S,
    epoch: Number(row.epoch.N),
    teams: row.teams.L.map(({ S }) => S),
  }
