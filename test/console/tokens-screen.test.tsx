// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react"
import { afterEach, expect, test, vi } from "vitest"
import { RevokeTokens } from "../../console/tokens/revoke-tokens.tsx"
import { TokensScreen } from "../../console/tokens/tokens-screen.tsx"
import { useTokenCounts } from "../../console/users/use-token-counts.ts"
import { aToken, problem, show } from "./show.tsx"

afterEach(cleanup)

const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }))
const aService = aToken({ flags: ["unused"] })
const ofMine = aToken({ id: 3, name: "mine", type: "Personal" })
const both = {
  "user-tokens/list-service": async () => ({ items: [aService], next_cursor: null }),
  "user-tokens/list": async () => ({ items: [ofMine], next_cursor: null }),
}

test("what a filter takes away is not selected any more", async () => {
  show(<TokensScreen />, both)
  fireEvent.click(await screen.findByRole("checkbox", { name: "production" }))
  fireEvent.click(screen.getByRole("checkbox", { name: "mine" }))
  press("Personal Tokens")
  await waitFor(() => expect(screen.queryByRole("checkbox", { name: "production" })).toBeNull())
  press("Revoke selected")
  const dialog = await screen.findByRole("dialog")
  expect(
    within(dialog)
      .getAllByRole("listitem")
      .map(({ textContent }) => textContent?.split(" ")[0]),
  ).toEqual(["mine"])
})

test("Review leads to the tokens that it tells of, whatever was filtered before", async () => {
  show(<TokensScreen />, both)
  await screen.findByRole("checkbox", { name: "production" })
  press("Personal Tokens")
  await waitFor(() => expect(screen.queryByRole("checkbox", { name: "production" })).toBeNull())
  press("Review unused tokens")
  await screen.findByRole("checkbox", { name: "production" })
  expect(screen.queryByRole("checkbox", { name: "mine" })).toBeNull()
})

test("revoking many stays until the last is revoked", async () => {
  const onClose = vi.fn()
  const answers: (() => void)[] = []
  show(<RevokeTokens tokens={[aService, aToken({ id: 4, name: "other" })]} onClose={onClose} />, {
    "user-tokens/update": () => new Promise((answer) => answers.push(() => answer(aService))),
  })
  press("Revoke")
  await screen.findAllByText("Waiting")
  for (const close of screen.getAllByRole("button", { name: "Close" })) fireEvent.click(close)
  expect(onClose).not.toHaveBeenCalled()
  for (const count of [1, 2]) {
    await waitFor(() => expect(answers.length).toBe(count))
    answers.at(-1)?.()
  }
  await waitFor(() => expect(screen.queryByText("Waiting")).toBeNull())
  fireEvent.click(screen.getAllByRole("button", { name: "Close" })[0] as HTMLElement)
  expect(onClose).toHaveBeenCalledOnce()
})

test("the rest is not revoked once the page is gone", async () => {
  let answer = (_: typeof aService) => undefined as unknown
  const update = vi.fn(() => new Promise<typeof aService>((resolve) => (answer = resolve)))
  const { unmount } = show(<RevokeTokens tokens={[aService, aToken({ id: 4 })]} onClose={() => undefined} />, {
    "user-tokens/update": update as never,
  })
  press("Revoke")
  await waitFor(() => expect(update).toHaveBeenCalledOnce())
  unmount()
  answer(aService)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(update).toHaveBeenCalledOnce()
})

test("no count of tokens is told before they have come, nor when they don't", async () => {
  const told = new Set<number | undefined>()
  const Counted = () => {
    told.add(useTokenCounts(true)?.("api_access@service"))
    return null
  }
  const list = vi.fn(async () => {
    throw problem(403, "insufficient-role")
  })
  show(<Counted />, { "user-tokens/list-service": list })
  await waitFor(() => expect(list).toHaveBeenCalled())
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect([...told]).toEqual([undefined])
})
