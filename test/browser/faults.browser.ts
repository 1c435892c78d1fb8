import type { Page } from "playwright-core"
import { expect } from "vitest"
import { api, test } from "./chromium.ts"
import { dialogOf, goTo, rowOf, takeToken } from "./steps.ts"

/** The wizard, with Finish still to be pressed. */
async function fillIn(page: Page, name: string) {
  await page.getByRole("button", { name: "Add Service Account" }).click()
  const wizard = dialogOf(page, "Add Service Account")
  await wizard.getByLabel("Name").fill(name)
  await wizard.getByRole("button", { name: "Next" }).click()
  await wizard.getByLabel("Service User").waitFor()
  await wizard.getByLabel("Name").fill("production")
  return wizard
}

const tokensOf = async (userId: string) =>
  (await api["user-tokens/list-service"]({ query: { user_id: userId } })).items.map(({ name, status }) => [
    name,
    status,
  ])

test("Finish pressed twice, of a slow API, makes one account and one token", async ({ openAs }) => {
  const page = await openAs("admin")
  await page.route(/\/api\/(users|user-tokens)$/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 700))
    await route.continue()
  })
  const wizard = await fillIn(page, "Slow Sync")
  await wizard.getByRole("button", { name: "Finish" }).dblclick()
  await takeToken(page, "Service account created")
  expect(await tokensOf("slow_sync@service")).toEqual([["production", "active"]])
})

test("a token whose answer is lost on the way is replaced, and there is one", async ({ openAs, expected }) => {
  expected.push(/net::ERR_FAILED/, /status of 409/)
  const page = await openAs("admin")
  let isLost = false
  await page.route(/\/api\/user-tokens$/, async (route) => {
    if (isLost) return route.continue()
    isLost = true
    await route.fetch()
    await route.abort()
  })
  const wizard = await fillIn(page, "Lost Sync")
  await wizard.getByRole("button", { name: "Finish" }).click()
  await wizard.getByText("No certain answer").waitFor()
  expect(await wizard.getByLabel("Name").inputValue()).toBe("production")
  await wizard.getByRole("button", { name: "Finish" }).click()
  await wizard.getByText("The token was made, but its answer was lost on the way").waitFor()
  await wizard.getByRole("button", { name: "Replace it" }).click()
  await takeToken(page, "Service account created")
  expect(await tokensOf("lost_sync@service")).toEqual([["production", "active"]])
})

test("a network that goes while a token is shown takes nothing of it", async ({ openAs, expected }) => {
  expected.push(/net::ERR_INTERNET_DISCONNECTED/)
  const page = await openAs("admin")
  const wizard = await fillIn(page, "Offline Sync")
  await wizard.getByRole("button", { name: "Finish" }).click()
  await dialogOf(page, "Service account created").waitFor()
  await page.context().setOffline(true)
  expect(await takeToken(page, "Service account created")).toMatch(/^symsvc_/)
  await page.context().setOffline(false)
})

test("a refusal of the API is told in plain words, with the id of its request", async ({ openAs, expected }) => {
  expected.push(/status of 503/)
  const page = await openAs("admin")
  await page.route("**/api/teams?**", (route) =>
    route.fulfill({
      status: 503,
      contentType: "application/problem+json",
      body: JSON.stringify({
        type: "/api/problems/service-unavailable",
        title: "Service unavailable",
        instance: "abc=",
      }),
    }),
  )
  await goTo(page, "Teams")
  await page.getByText("Teams could not be loaded").waitFor()
  await page.getByText("Request id: abc=").waitFor()
  await page.unroute("**/api/teams?**")
  await page.getByRole("button", { name: "Try again" }).click()
  await rowOf(page, "Finance Data").waitFor()
})

test("names of markup and of a hundred emoji are text", async ({ openAs }) => {
  // Each has a letter, of which the id is made.
  const names = ["<img src=x onerror=alert(1)>", `a ${"🔑".repeat(98)}`]
  for (const name of names) await api["users/create"]({ body: { name, role: "Member" } })
  const page = await openAs("admin")
  for (const name of names) await page.getByText(name).waitFor()
  expect(await page.locator("img").count()).toBe(0)
})
