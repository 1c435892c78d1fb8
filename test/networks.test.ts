import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { tokenKey } from "../shared/store/table.ts"
import { until } from "./infra/local/fixture.ts"
import { type LocalTestStack, startTestStack } from "./local-stack.ts"
import { aService } from "./people.ts"

/** From where a token may be used, and was: over HTTP, where only our own CDN tells another address than the connection's. */
let stack: LocalTestStack
let edge: string
beforeAll(async () => {
  stack = await startTestStack()
  edge = JSON.parse(readFileSync(join(stack.directory, "secrets.json"), "utf8"))["symbolon-local-edge"]
})
afterAll(() => stack.stop())

const me = (token: string, headers: Record<string, string> = {}) => stack.send("/users/me", { token, headers })
/** A request of a viewer at this address, as our CDN passes it on. */
const from = async (address: string, token: string): Promise<number> =>
  (await me(token, { "x-symbolon-edge": edge, "x-symbolon-viewer": address })).status
const allow = (id: number, allowed_cidrs: string[]) =>
  stack.admin["user-tokens/update"]({ id, body: { allowed_cidrs } })

test.each([
  [["203.0.113.0/24"], ["203.0.113.7", "::ffff:203.0.113.7", "::FFFF:CB00:7107"], ["203.0.114.7", "2001:db8::7"]],
  [["203.0.113.99/24"], ["203.0.113.7", "0:0:0:0:0:ffff:cb00:7107"], ["203.0.112.7", "::ffff:203.0.112.7"]],
  [["::ffff:203.0.113.0/120"], ["203.0.113.7", "::ffff:203.0.113.7"], ["203.0.114.7", "::ffff:203.0.114.7"]],
  [["2001:db8:1:2::3/48"], ["2001:db8:1::7", "2001:DB8:1:ffff::7"], ["2001:db8:2::7", "203.0.113.7"]],
  [["0.0.0.0/0"], ["203.0.113.7", "::ffff:203.0.113.7"], ["2001:db8::7"]],
  [["::/0"], ["2001:db8::7"], ["203.0.113.7", "::ffff:203.0.113.7"]],
  [["198.51.100.0/24", "2001:db8::/32"], ["198.51.100.7", "2001:db8::7"], ["203.0.113.7"]],
  [[], ["203.0.113.7", "2001:db8::7"], []],
])("a token of %j is accepted from %j, and not from %j", async (cidrs, inside, outside) => {
  const { tokenId, bearerToken } = await aService(stack)
  await allow(tokenId, cidrs)
  for (const address of inside) expect([address, await from(address, bearerToken)]).toEqual([address, 200])
  for (const address of outside) expect([address, await from(address, bearerToken)]).toEqual([address, 401])
})

test("what is no network is refused; on a row it holds nobody, and nothing else", async () => {
  const { tokenId, bearerToken } = await aService(stack)
  for (const cidr of ["203.0.113.7", "203.0.113.0/33", "::ffff:203.0.113.0/24", "::ffff:cb00:7100/32", "x/8"])
    await expect(allow(tokenId, [cidr])).rejects.toMatchObject({ status: 422 })
  const { PK } = tokenKey(tokenId)
  const row = (await stack.rows.dump()).find((one) => one.PK === PK)
  if (!row) throw new Error("no row")
  await stack.rows.put({ ...row, allowedCidrs: ["no network", "::ffff:203.0.113.0/24"] })
  for (const address of ["203.0.113.7", "2001:db8::7"]) expect(await from(address, bearerToken)).toBe(401)
  await stack.rows.put({ ...row, allowedCidrs: ["no network", "203.0.113.0/24"] })
  expect(await from("203.0.113.7", bearerToken)).toBe(200)
})

test("no header that anybody can write is an address, and none is remembered as one", async () => {
  const { id, tokenId, bearerToken } = await aService(stack)
  await allow(tokenId, ["203.0.113.0/24"])
  const forged = "203.0.113.7"
  const proven = { "x-symbolon-edge": edge }
  const forgeries: Record<string, string>[] = [
    { "X-Forwarded-For": forged },
    { "X-Forwarded-For": `${forged}, 127.0.0.1` },
    { Forwarded: `for=${forged}` },
    { "X-Real-IP": forged },
    { "X-Client-IP": forged },
    { "True-Client-IP": forged },
    { "CF-Connecting-IP": forged },
    { "CloudFront-Viewer-Address": `${forged}:443` },
    { "x-symbolon-viewer": forged },
    { "x-symbolon-viewer": forged, "x-symbolon-edge": "" },
    { "x-symbolon-viewer": forged, "x-symbolon-edge": edge.slice(1) },
    { "x-symbolon-viewer": forged, "x-symbolon-edge": `${edge}, ${edge}` },
    // Through the CDN, but no address; and what a viewer wrote before it.
    { ...proven, "x-symbolon-viewer": `${forged}, ${forged}` },
    { ...proven, "x-symbolon-viewer": `${forged}/32` },
    { ...proven, "x-symbolon-viewer": "198.51.100.7", "X-Forwarded-For": forged },
  ]
  for (const headers of forgeries) expect([headers, (await me(bearerToken, headers)).status]).toEqual([headers, 401])

  await allow(tokenId, ["127.0.0.0/8"])
  for (const headers of forgeries.slice(0, -1))
    expect([headers, (await me(bearerToken, headers)).status]).toEqual([headers, 200])
  // The last to be recorded: what was forged before it would be there by then.
  await allow(tokenId, [])
  await from("198.51.100.7", bearerToken)
  const networks = async () => (await stack.admin["users/impact"]({ id })).networks.map(({ network }) => network)
  await until(async () => (await networks()).includes("198.51.100.0/24"))
  expect(await networks()).toEqual(["198.51.100.0/24", "127.0.0.0/24"])
})

test("a client is of one network, however its address is written; a new one is an event", async () => {
  const { userId, tokenId, bearerToken } = await aService(stack)
  const networks = async () =>
    (await stack.admin["user-tokens/impact"]({ id: tokenId })).networks.map(({ network }) => network)
  await from("203.0.113.7", bearerToken)
  await until(async () => (await networks()).length === 1)
  for (const address of ["::ffff:203.0.113.9", "::ffff:cb00:7101", "203.0.113.8"]) await from(address, bearerToken)
  await from("2001:db8:1:2::3", bearerToken)
  await until(async () => (await networks()).length > 1)
  expect(await networks()).toEqual(["2001:db8:1::/48", "203.0.113.0/24"])
  const { items } = await stack.admin["audit-events/list"]({ query: { user_id: userId, action: "token.new-network" } })
  expect(items.map(({ after }) => after.networks)).toEqual([["2001:db8:1::/48"]])
})
