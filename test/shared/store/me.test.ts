import { beforeAll, expect, test } from "vitest"
import { getCaller } from "../../../shared/store/me.ts"
import { always, remove } from "../../../shared/store/steps.ts"
import { accountKey, type Key, tokenKey } from "../../../shared/store/table.ts"
import { anAdmin } from "../../builders.ts"
import { aFleet } from "../../fleet.ts"
import { told } from "../../told.ts"

let fleet: Awaited<ReturnType<typeof aFleet>>
beforeAll(async () => {
  fleet = await aFleet()
})
const gone = (key: Key) => fleet.table.table.transact([remove(key, always, () => new Error("unconditional"))])

test("a caller is shown what it is, what it may do, and the token it came with; gone meanwhile it is not-found", async () => {
  const { id, user } = { id: await fleet.token("never"), user: fleet.user }
  const caller = anAdmin({ accountId: user.id, tokenId: id })
  const me = () => getCaller(fleet.runtimeOn(), caller)
  expect(await me()).toEqual({
    ...user,
    permissions: ["results:read", "datastores:read"],
    token: { id, name: "t0", handle: expect.stringMatching(/^symsvc_/), expiration: null },
  })
  await gone(tokenKey(id))
  expect(await told(me())).toBe("not-found")
  await fleet.table.put({ ...tokenKey(id), id, accountId: user.id })
  await gone(accountKey(user.id))
  expect(await told(me())).toBe("not-found")
})
