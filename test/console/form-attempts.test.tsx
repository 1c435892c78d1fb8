// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react"
import { afterEach, expect, test, vi } from "vitest"
import { GenerateToken } from "../../console/tokens/generate-token.tsx"
import { AddServiceAccount } from "../../console/users/add-service-account/add-service-account.tsx"
import { AddUser } from "../../console/users/add-user.tsx"
import { aToken, aUser, problem, show } from "./show.tsx"

afterEach(cleanup)

const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }))
const type = (text: string, label = "Name") =>
  fireEvent.change(screen.getByLabelText(label), { target: { value: text } })
const isReadOnly = (label = "Name") => (screen.getByLabelText(label) as HTMLInputElement).readOnly
const never = () => new Promise<never>(() => undefined)
const closeAll = () => {
  press("Cancel")
  for (const close of screen.queryAllByRole("button", { name: "Close" })) fireEvent.click(close)
  fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape", keyCode: 27 })
}

test("the wizard stays while its account is on the way", async () => {
  const onClose = vi.fn()
  show(<AddServiceAccount onClose={onClose} />, { "users/create": never })
  type("Pipeline Automation")
  press("Next")
  await screen.findByLabelText("Service User")
  type("pipeline-production")
  press("Finish")
  await waitFor(() => expect(screen.getByRole("button", { name: "Finish" }).getAttribute("aria-disabled")).toBe("true"))
  closeAll()
  expect(onClose).not.toHaveBeenCalled()
})

test("no token is made of a wizard that is gone", async () => {
  let answer = (_: ReturnType<typeof aUser>) => undefined as unknown
  const issue = vi.fn(never)
  const { unmount } = show(<AddServiceAccount onClose={() => undefined} />, {
    "users/create": () => new Promise((resolve) => (answer = resolve)),
    "user-tokens/create": issue,
  })
  type("Pipeline Automation")
  press("Next")
  await screen.findByLabelText("Service User")
  type("pipeline-production")
  press("Finish")
  await waitFor(() => expect(screen.getByRole("button", { name: "Finish" }).getAttribute("aria-disabled")).toBe("true"))
  unmount()
  answer(aUser())
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(issue).not.toHaveBeenCalled()
})

test("a dialog stays while what it asks for is on the way", async () => {
  const onClose = vi.fn()
  show(<GenerateToken serviceUser="api_access@service" onClose={onClose} />, { "user-tokens/create": never })
  type("one")
  press("Generate")
  await waitFor(() => expect(isReadOnly()).toBe(true))
  closeAll()
  expect(onClose).not.toHaveBeenCalled()
})

test("a token's values stay as they were sent, whatever follows a lost answer", async () => {
  const create = vi.fn(async () => {
    throw create.mock.calls.length === 1 ? new TypeError("Failed to fetch") : problem(429, "too-many-requests")
  })
  show(<GenerateToken serviceUser="api_access@service" onClose={() => undefined} />, { "user-tokens/create": create })
  type("one")
  press("Generate")
  await screen.findByText(/makes nothing twice/)
  press("Generate")
  await waitFor(() => expect(screen.queryByText(/makes nothing twice/)).toBeNull())
  await screen.findByText("Request id: request-1")
  expect(isReadOnly()).toBe(true)
})

test("an account's values stay as they were sent, whatever follows a lost answer", async () => {
  const create = vi.fn(async () => {
    throw create.mock.calls.length === 1 ? new TypeError("Failed to fetch") : problem(429, "too-many-requests")
  })
  show(<AddServiceAccount onClose={() => undefined} />, { "users/create": create })
  type("Pipeline Automation")
  press("Next")
  await screen.findByLabelText("Service User")
  type("pipeline-production")
  press("Finish")
  await screen.findByText(/makes nothing twice/)
  press("Finish")
  await screen.findByText("Request id: request-1")
  press("Previous")
  expect(isReadOnly()).toBe(true)
})

test("a person's values stay as they were sent after a 503", async () => {
  show(<AddUser onClose={() => undefined} />, {
    "users/create": async () => {
      throw problem(503, "service-unavailable")
    },
  })
  type("Ann")
  type("ann@example.com", "Email")
  press("Add")
  await screen.findByText(/makes nothing twice/)
  expect([isReadOnly(), isReadOnly("Email")]).toEqual([true, true])
})

test("a replacement that fails says so, with its request", async () => {
  show(<GenerateToken serviceUser="api_access@service" onClose={() => undefined} />, {
    "user-tokens/create": async () => {
      throw problem(409, "token-already-issued", { token: aToken() })
    },
    "user-tokens/update": async () => {
      throw problem(503, "service-unavailable")
    },
  })
  type("one")
  press("Generate")
  await screen.findByText(/answer was lost/)
  press("Replace it")
  await screen.findByText("It could not be replaced")
  await screen.findByText("Request id: request-1")
})

test("after Next the first field of the second step has the focus", async () => {
  show(<AddServiceAccount onClose={() => undefined} />, { "users/create": async () => aUser() })
  type("Pipeline Automation")
  press("Next")
  await screen.findByLabelText("Service User")
  expect(document.activeElement).toBe(screen.getByLabelText("Name"))
})
