import { AxeBuilder } from "@axe-core/playwright"
import type { Page } from "playwright-core"
import { describe, expect } from "vitest"
import { api, origin, test } from "./chromium.ts"
import { dialogOf, fromMenu, rowOf } from "./steps.ts"

const violations = async (page: Page) => {
  const found = await new AxeBuilder({ page }).analyze()
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)
}

const pages = {
  "/settings/users": "alation_sync@service",
  "/settings/tokens": "alation-sync-production",
  "/settings/teams": "Finance Data",
  "/settings/policy": "Tokens may never expire",
  "/access-review": "cli_automation@service",
  "/audit-log": "account.signed-in",
  "/nowhere": "Page not found",
}

describe.each(["light", "dark"] as const)("in %s mode axe finds nothing", (colorScheme) => {
  test.for(Object.entries(pages))("on %s", async ([path, text], { openAs }) => {
    const page = await openAs("admin", { colorScheme })
    await page.goto(origin + path)
    await page.getByText(text).first().waitFor()
    expect(await violations(page)).toEqual([])
  })

  test("on a user's page", async ({ openAs }) => {
    const { items } = await api["users/list"]({ query: { q: "nightly_loader" } })
    const page = await openAs("admin", { colorScheme })
    await page.goto(`${origin}/settings/users/${items[0]?.id}`)
    await rowOf(page, "loader-production").first().waitFor()
    expect(await violations(page)).toEqual([])
  })

  test("in dialogs, and where nobody is signed in", async ({ open, openAs }) => {
    const entrance = await open("/", { colorScheme })
    await entrance.getByRole("button", { name: "Sign in" }).waitFor()
    expect(await violations(entrance)).toEqual([])
    const page = await openAs("admin", { colorScheme })
    await page.getByRole("button", { name: "Add Service Account" }).click()
    const wizard = dialogOf(page, "Add Service Account")
    await wizard.getByLabel("Name").fill("temp")
    await wizard.getByText("This name doesn't say what the account is for").waitFor()
    expect(await violations(page)).toEqual([])
    await wizard.getByRole("button", { name: "Cancel" }).click()
    await page.goto(`${origin}/settings/tokens`)
    await fromMenu(page, "loader-2025", "Delete")
    await dialogOf(page, "Delete token").getByText("Last used:").waitFor()
    expect(await violations(page)).toEqual([])
  })
})

test("the wizard needs no mouse, and gives the focus back", async ({ openAs }) => {
  const page = await openAs("admin")
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key)
  }
  await page.getByRole("button", { name: "Add Service Account" }).focus()
  await press("Enter")
  const wizard = dialogOf(page, "Add Service Account")
  await wizard.waitFor()
  const reach = async (name: string) => {
    const target = wizard.getByLabel(name, { exact: true }).or(wizard.getByRole("button", { name, exact: true }))
    for (let tabs = 0; tabs < 20; tabs++) {
      if ((await target.and(page.locator(":focus")).count()) > 0) return
      await press("Tab")
    }
    throw new Error(`no way to ${name} by Tab`)
  }
  await reach("Name")
  await page.keyboard.type("Keyboard Only")
  await reach("Next")
  await press("Enter")
  await wizard.getByLabel("Service User").waitFor()
  await reach("Name")
  await page.keyboard.type("keyboard-production")
  await reach("Finish")
  await press("Enter")
  const issued = dialogOf(page, "Service account created")
  await issued.getByRole("region", { name: "Token" }).waitFor()
  await press("Escape")
  await issued.getByText("Have you saved the token?").waitFor()
  await issued.getByRole("button", { name: "Yes, close" }).press("Enter")
  await issued.waitFor({ state: "hidden" })
  await expect.poll(() => page.evaluate("document.activeElement.textContent")).toBe("Add Service Account")
})
