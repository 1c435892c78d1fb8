// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react"
import { afterEach, expect, test, vi } from "vitest"
import { PolicyForm } from "../../console/settings/policy-form.tsx"
import { ChangeUser } from "../../console/users/change-user.tsx"
import type { Settings } from "../../shared/contract/objects.ts"
import { aUser, show } from "./show.tsx"

/** Forms send what was changed in them, and nothing that somebody else may have changed meanwhile. */
afterEach(cleanup)

const settings: Settings = {
  allow_never: true,
  max_expiry_days: null,
  unused_days: 90,
  expiring_days: 30,
  auto_revoke_unused: false,
  auto_revoke_unused_days: 30,
  max_tokens_per_account: 100,
}
const type = (label: string | RegExp, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } })

test("a new name leaves role, teams and contact to whoever changes them", async () => {
  const update = vi.fn(async () => aUser())
  show(<ChangeUser user={aUser()} onClose={() => undefined} />, { "users/update": update as never })
  type(/^Name/, "API Access 2")
  fireEvent.click(screen.getByText("Save"))
  await waitFor(() => expect(update).toHaveBeenCalledWith({ id: 1, body: { name: "API Access 2" } }))
})

test("one setting leaves the others as they are by now", async () => {
  const update = vi.fn(async () => ({ ...settings, unused_days: 60, applying: 0 }))
  show(<PolicyForm settings={settings} />, { "settings/update": update as never })
  type(/^Unused/, "60")
  fireEvent.click(screen.getByText("Save"))
  await waitFor(() => expect(update).toHaveBeenCalledWith({ body: { unused_days: 60 } }))
  await screen.findByText("Token policy saved")
})
