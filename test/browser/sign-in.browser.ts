import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { expect, inject } from "vitest"
import { containsToken } from "../../shared/contract/scanner.ts"
import { origin, test } from "./chromium.ts"
import { choose, dialogOf, goTo, rowOf, signIn, takeToken } from "./steps.ts"

test("a link into the console leads there, by way of the issuer; a reload signs in again silently", async ({
  open,
}) => {
  const page = await open("/settings/tokens?flag=expiring")
  await signIn(page, "admin")
  expect(page.url()).toBe(`${origin}/settings/tokens?flag=expiring`)
  await rowOf(page, "cli-automation-dev").waitFor()
  await page.reload()
  await rowOf(page, "cli-automation-dev").waitFor()
  expect(page.url()).toBe(`${origin}/settings/tokens?flag=expiring`)
})

test("who signs out is out: for the API, for the issuer, and after a reload", async ({ openAs }) => {
  const page = await openAs("admin")
  const authorization = await authorizationOf(page, () => goTo(page, "Token policy"))
  await page.getByRole("button", { name: "admin@example.com" }).click()
  await page.getByRole("menuitem", { name: "Sign out" }).click()
  await page.getByRole("button", { name: "Sign in" }).waitFor()
  await page.reload()
  await page.getByRole("button", { name: "Sign in" }).click()
  // The issuer asks again.
  await page.getByRole("button", { name: "admin@example.com" }).waitFor()
  const response = await fetch(`${origin}/api/users/me`, { headers: { Authorization: authorization } })
  expect(response.status).toBe(401)
})

test("a session that ends in the middle of a form is begun again beside it, and nothing typed is lost", async ({
  openAs,
  expected,
}) => {
  expected.push(/status of 401/)
  const page = await openAs("admin")
  const authorization = await authorizationOf(page, () => goTo(page, "Token policy"))
  await goTo(page, "Users")
  await page.getByRole("button", { name: "Add Service Account" }).click()
  const wizard = dialogOf(page, "Add Service Account")
  await wizard.getByLabel("Name").fill("Catalog Export")
  await wizard.getByRole("button", { name: "Next" }).click()
  await wizard.getByLabel("Service User").waitFor()
  await wizard.getByLabel("Name").fill("catalog-production")
  await page.evaluate("Object.assign(window, { unharmed: true })")
  await fetch(`${origin}/api/sign-in`, { method: "DELETE", headers: { Authorization: authorization } })
  await wizard.getByRole("button", { name: "Finish" }).click()
  const ended = dialogOf(page, "Your session has ended")
  await ended.getByRole("button", { name: "Sign in again" }).last().click()
  await ended.waitFor({ state: "hidden" })
  expect(await page.evaluate("window.unharmed")).toBe(true)
  expect(await wizard.getByLabel("Name").inputValue()).toBe("catalog-production")
  await wizard.getByRole("button", { name: "Finish" }).click()
  await takeToken(page, "Service account created")
  await rowOf(page, "catalog_export@service").waitFor()
})

/** What the page sends, for a test to do the same without it. */
const authorizationOf = async (page: Page, navigate: () => Promise<void>): Promise<string> => {
  const request = page.waitForRequest("**/api/**")
  await navigate()
  return (await request).headers().authorization as string
}

test("a Member sees and makes personal tokens, and nothing else", async ({ openAs }) => {
  const page = await openAs("member")
  await page.getByText("No tokens yet").waitFor()
  expect(await page.getByRole("navigation", { name: "Pages" }).getByRole("link").allInnerTexts()).toEqual(["Tokens"])
  await page.getByRole("button", { name: "Generate Token" }).click()
  const dialog = dialogOf(page, "Generate Token")
  await dialog.getByLabel("Name").fill("notebook")
  await choose(dialog, "Expiration", "30 days")
  await dialog.getByRole("button", { name: "Generate" }).click()
  expect(await takeToken(page, "Token generated")).toMatch(/^symusr_/)
  await rowOf(page, "notebook").getByText("Active").waitFor()
  for (const path of ["/settings/users", "/audit-log", "/access-review", "/settings/policy"]) {
    await page.goto(origin + path)
    await page.getByRole("heading", { name: "Not for your role" }).waitFor()
  }
})

test("a Manager sees users and teams, and changes none", async ({ openAs }) => {
  const page = await openAs("manager")
  await rowOf(page, "alation_sync@service").waitFor()
  expect(await page.getByRole("button", { name: "Add Service Account" }).count()).toBe(0)
  await page.getByRole("link", { name: "Alation Sync" }).click()
  await page.getByRole("heading", { name: "Details" }).waitFor()
  expect(await page.getByRole("button", { name: "Change" }).count()).toBe(0)
  await goTo(page, "Teams")
  await rowOf(page, "Finance Data").waitFor()
})

test("nothing that was logged meanwhile has a token in it", () => {
  const logs = inject("consoleLogs")
  const text = readdirSync(logs)
    .map((file) => readFileSync(join(logs, file), "utf8"))
    .join("\n")
  expect(text).toContain("POST")
  expect(containsToken(text)).toBe(false)
})
