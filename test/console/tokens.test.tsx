// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react"
import { afterEach, expect, test, vi } from "vitest"
import { useRows } from "../../console/api/queries.ts"
import { RowsTable } from "../../console/frame/rows-table.tsx"
import { tokenColumns } from "../../console/tokens/token-columns.tsx"
import { useTokenMenu } from "../../console/tokens/token-menu.tsx"
import type { Token } from "../../shared/contract/objects.ts"
import { aToken, problem, show } from "./show.tsx"

afterEach(cleanup)

function List() {
  const { menuOf, dialogs } = useTokenMenu()
  return (
    <>
      <RowsTable
        heading="Tokens"
        rows={useRows("user-tokens/list-service", {})}
        columns={tokenColumns(menuOf)}
        rowId={({ id }) => String(id)}
        rowName={({ name }) => name}
        empty=""
      />
      {dialogs}
    </>
  )
}

const listed = (...items: Token[]) => ({
  "user-tokens/list-service": async () => ({ items, next_cursor: null }),
})

/** An item of a token's menu. */
async function fromMenu(name: string, item: string) {
  fireEvent.click(await screen.findByRole("button", { name: `Actions for ${name}` }))
  fireEvent.click(await screen.findByRole("menuitem", { name: item }))
}

test("a revocation is shown at once, and taken back when the API refuses it", async () => {
  let refuse = (_: Error) => undefined as unknown
  show(<List />, {
    ...listed(aToken()),
    "user-tokens/update": () => new Promise((_, reject) => (refuse = reject)),
  })
  await fromMenu("production", "Revoke")
  await screen.findByText("Revoked")
  refuse(problem(403, "insufficient-role"))
  await screen.findByText("Active")
  await screen.findByText("production was not revoked")
  await screen.findByText("Request id: request-1")
})

test("a revocation says so, word for word, and can be undone", async () => {
  const update = vi.fn(async ({ body }: { body: { active?: boolean } }) =>
    aToken(body.active ? {} : { active: false, status: "revoked" }),
  )
  show(<List />, { ...listed(aToken()), "user-tokens/update": update as never })
  await fromMenu("production", "Revoke")
  await screen.findByText("Service token successfully revoked")
  fireEvent.click(screen.getByRole("button", { name: "Undo" }))
  await screen.findByText("Service token successfully restored")
  await screen.findByText("Active")
})

test("an Undo that fails leaves the token revoked", async () => {
  const revoked = aToken({ active: false, status: "revoked" })
  show(<List />, {
    ...listed(aToken()),
    "user-tokens/update": async ({ body }) => {
      if (body.active) throw problem(403, "insufficient-role")
      return revoked
    },
  })
  await fromMenu("production", "Revoke")
  fireEvent.click(await screen.findByRole("button", { name: "Undo" }))
  await screen.findByText("production was not restored")
  expect(screen.queryByText("Active")).toBeNull()
})

test.each([new TypeError("Failed to fetch"), problem(503, "service-unavailable")])(
  "a revocation without a certain answer (%s) shows what the API has, and says that it may have been",
  async (error) => {
    show(<List />, {
      ...listed(aToken()),
      "user-tokens/update": async () => {
        throw error
      },
      "user-tokens/get": async () => aToken({ active: false, status: "revoked" }),
    })
    await fromMenu("production", "Revoke")
    await screen.findByText("production may have been revoked")
    expect(screen.queryByText("Active")).toBeNull()
  },
)

test("only a revoked token is deleted, after a question", async () => {
  const remove = vi.fn(async () => undefined)
  show(<List />, {
    ...listed(aToken({ id: 3, name: "old", active: false, status: "revoked" }), aToken()),
    "user-tokens/impact": async () => ({ last_used: null, networks: [], stops: [], children: 0 }),
    "user-tokens/delete": remove,
  })
  fireEvent.click(await screen.findByRole("button", { name: "Actions for production" }))
  expect((await screen.findByRole("menuitem", { name: "Delete" })).getAttribute("aria-disabled")).toBe("true")
  fireEvent.click(screen.getByRole("button", { name: "Actions for production" }))
  await fromMenu("old", "Delete")
  expect(remove).not.toHaveBeenCalled()
  fireEvent.click(await screen.findByRole("button", { name: "Delete" }))
  await screen.findByText("Service token successfully deleted")
  await waitFor(() => expect(screen.queryByText("old")).toBeNull())
  expect(remove).toHaveBeenCalledWith({ id: 3 })
})

test.each(["<img src=x onerror=alert(1)>", "🔑".repeat(100), "=cmd|' /C calc'!A0"])(
  "the name %s is text",
  async (name) => {
    show(<List />, listed(aToken({ name })))
    expect((await screen.findByText(name)).textContent).toBe(name)
    expect(document.querySelector("img")).toBeNull()
  },
)
