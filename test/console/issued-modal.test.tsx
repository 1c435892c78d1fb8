// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react"
import { afterEach, expect, test, vi } from "vitest"
import { IssuedModal } from "../../console/tokens/issued-modal.tsx"
import { aToken, show } from "./show.tsx"

afterEach(cleanup)

const onClose = vi.fn()
const showIssued = () =>
  show(
    <IssuedModal
      header="Token generated"
      issued={{ ...aToken(), bearer_token: "the-token-itself" }}
      onClose={onClose}
    />,
    {
      "user-tokens/get": async () => aToken(),
    },
  )
const button = (name: string) => screen.findByRole("button", { name })

test("the browser's Back asks whether the token is saved, as often as it is pressed, and leaves no entry behind", async () => {
  window.history.pushState({ idx: 1 }, "", "/settings/tokens")
  const { unmount } = showIssued()
  for (let pressed = 0; pressed < 2; pressed++) {
    window.history.back()
    fireEvent.click(await button("Not yet"))
    await waitFor(() => expect(window.history.state).toEqual({ idx: 1, isHeld: true }))
  }
  expect(window.location.pathname).toBe("/settings/tokens")
  expect(screen.getByRole("region", { name: "Token" }).textContent).toBe("the-token-itself")
  unmount()
  await waitFor(() => expect(window.history.state).toEqual({ idx: 1 }))
})

test("the question takes the focus and is told with it; Not yet gives it back", async () => {
  showIssued()
  fireEvent.click(await button("Done"))
  const notYet = await button("Not yet")
  expect(document.activeElement).toBe(notYet)
  const question = document.getElementById(notYet.getAttribute("aria-describedby") ?? "")
  expect(question?.textContent).toBe("Have you saved the token? It can't be shown again.")
  fireEvent.click(notYet)
  expect(document.activeElement).toBe(await button("Done"))
})
