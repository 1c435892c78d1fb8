// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react"
import { afterEach, expect, test, vi } from "vitest"
import { AddServiceAccount } from "../../console/users/add-service-account/add-service-account.tsx"
import { aToken, aUser, problem, show } from "./show.tsx"

afterEach(cleanup)

const issued = { ...aToken(), bearer_token: "the-token-itself" }
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }))
const type = (text: string) => fireEvent.change(screen.getByLabelText("Name"), { target: { value: text } })

/** Both steps filled in, with Finish still to be pressed. */
async function fillIn() {
  type("Pipeline Automation")
  expect(screen.getByText("pipeline_automation@service")).toBeTruthy()
  press("Next")
  await screen.findByLabelText("Service User")
  type("pipeline-production")
}

test("Finish pressed twice makes one account and one token", async () => {
  const create = vi.fn(async () => aUser())
  const issue = vi.fn(async () => issued)
  show(<AddServiceAccount onClose={() => undefined} />, { "users/create": create, "user-tokens/create": issue })
  await fillIn()
  press("Finish")
  press("Finish")
  expect((await screen.findByRole("region", { name: "Token" })).textContent).toBe("the-token-itself")
  expect([create.mock.calls.length, issue.mock.calls.length]).toEqual([1, 1])
})

test("a lost answer is asked for again under the same key, with the same values", async () => {
  const keys: (string | undefined)[] = []
  const create = vi.fn(async ({ idempotencyKey }: { idempotencyKey?: string }) => {
    keys.push(idempotencyKey)
    if (keys.length === 1) throw new TypeError("Failed to fetch")
    return aUser()
  })
  show(<AddServiceAccount onClose={() => undefined} />, {
    "users/create": create,
    "user-tokens/create": async () => issued,
  })
  await fillIn()
  press("Finish")
  await screen.findByText(/which makes nothing twice/)
  press("Previous")
  expect((screen.getByLabelText("Name") as HTMLInputElement).readOnly).toBe(true)
  press("Next")
  await screen.findByLabelText("Service User")
  press("Finish")
  await screen.findByRole("region", { name: "Token" })
  expect(keys[0]).toBeTruthy()
  expect(keys).toEqual([keys[0], keys[0]])
})

test("a token whose answer was lost is taken back, and replaced under a key of its own", async () => {
  const keys: (string | undefined)[] = []
  const lost = aToken({ id: 77 })
  const revoke = vi.fn(async () => ({ ...lost, active: false }))
  const remove = vi.fn(async () => undefined)
  show(<AddServiceAccount onClose={() => undefined} />, {
    "users/create": async () => aUser(),
    "user-tokens/create": async ({ idempotencyKey }) => {
      keys.push(idempotencyKey)
      if (keys.length === 1) throw problem(503, "service-unavailable")
      if (keys.length === 2) throw problem(409, "token-already-issued", { token: lost })
      return issued
    },
    "user-tokens/update": revoke,
    "user-tokens/delete": remove,
  })
  await fillIn()
  press("Finish")
  await screen.findByText("Request id: request-1")
  press("Finish")
  await screen.findByText("The token was made, but its answer was lost on the way")
  press("Replace it")
  await screen.findByRole("region", { name: "Token" })
  expect(revoke).toHaveBeenCalledWith({ id: 77, body: { active: false } })
  expect(remove).toHaveBeenCalledWith({ id: 77 })
  expect(keys[1]).toBe(keys[0])
  expect(keys[2]).not.toBe(keys[0])
})

test("a name whose id is taken is told at the first step, before the second", async () => {
  show(<AddServiceAccount onClose={() => undefined} />, {
    "users/list": async () => ({ items: [aUser({ user_id: "pipeline_automation@service" })], next_cursor: null }),
  })
  type("Pipeline Automation")
  press("Next")
  await screen.findByText(/Another account has, or had, the id/)
  expect(screen.queryByLabelText("Service User")).toBeNull()
})

test("closing the token screen asks first whether the token is saved", async () => {
  const onClose = vi.fn()
  show(<AddServiceAccount onClose={onClose} />, {
    "users/create": async () => aUser(),
    "user-tokens/create": async () => issued,
  })
  await fillIn()
  press("Finish")
  await screen.findByRole("region", { name: "Token" })
  press("Done")
  expect(onClose).not.toHaveBeenCalled()
  press("Yes, close")
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce())
})
