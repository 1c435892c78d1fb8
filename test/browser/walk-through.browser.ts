import { readFileSync } from "node:fs"
import { expect } from "vitest"
import { createClient } from "../../shared/contract/client.ts"
import { api, origin, test } from "./chromium.ts"
import { choose, dialogOf, fromMenu, goTo, rowOf, takeToken } from "./steps.ts"

/** The walk-throughs of the product's description, each under its heading there. They build on each other. */

let firstToken = ""

test("Creating a Service Account via UI", async ({ openAs }) => {
  const page = await openAs("admin")
  await goTo(page, "Users")
  await page.getByRole("button", { name: "Add Service Account" }).click()
  const wizard = dialogOf(page, "Add Service Account")
  await wizard.getByLabel("Name").fill("Pipeline Automation")
  await wizard.getByText("pipeline_automation@service").waitFor()
  await choose(wizard, "Role", "Editor")
  await wizard.getByRole("button", { name: "Teams" }).click()
  await page.getByRole("option", { name: "Data Engineering" }).click()
  await page.keyboard.press("Escape")
  await wizard.getByRole("button", { name: "Next" }).click()
  await wizard.getByLabel("Service User").waitFor()
  await wizard.getByLabel("Name").fill("pipeline-production")
  expect(await wizard.getByLabel("Type").inputValue()).toBe("Service")
  expect(await wizard.getByLabel("Service User").inputValue()).toBe("pipeline_automation@service")
  await choose(wizard, "Expiration", "1 year")
  await wizard.getByRole("button", { name: "Finish" }).click()
  firstToken = await takeToken(page, "Service account created")

  const row = rowOf(page, "pipeline_automation@service")
  await row.getByText("Service", { exact: true }).waitFor()
  const me = await createClient(`${origin}/api`, () => firstToken)["users/me"]({})
  expect(me).toMatchObject({ role: "Editor", teams: ["Public", "Data Engineering"], name: "Pipeline Automation" })
})

test("Creating Additional Tokens via UI", async ({ openAs }) => {
  const page = await openAs("admin")
  await goTo(page, "Tokens")
  await page.getByRole("button", { name: "Generate Token" }).click()
  const dialog = dialogOf(page, "Generate Token")
  await dialog.getByLabel("Name").fill("pipeline-staging")
  await choose(dialog, "Expiration", "90 days")
  await choose(dialog, "Service User", "pipeline_automation@service")
  await dialog.getByRole("button", { name: "Generate" }).click()
  const token = await takeToken(page, "Token generated")
  await rowOf(page, "pipeline-staging").getByText("Not Used").waitFor()
  expect(token).toMatch(/^symsvc_/)
})

test("Using Service Tokens: the token screen waits for the first call, and its download works", async ({ openAs }) => {
  const page = await openAs("admin")
  await page.goto(`${origin}/settings/tokens`)
  await page.getByRole("button", { name: "Generate Token" }).click()
  const form = dialogOf(page, "Generate Token")
  await form.getByLabel("Name").fill("pipeline-development")
  await choose(form, "Service User", "pipeline_automation@service")
  await form.getByRole("button", { name: "Generate" }).click()
  const dialog = dialogOf(page, "Token generated")
  await dialog.getByText("Waiting for the first call…").waitFor()
  for (const tab of ["Python", "GitHub Actions", "Terraform", "curl"]) {
    await dialog.getByRole("tab", { name: tab }).click()
    expect(await dialog.getByRole("tabpanel").filter({ visible: true }).innerText()).not.toMatch(/symsvc_/)
  }
  const download = page.waitForEvent("download")
  await dialog.getByRole("button", { name: "Download .env" }).click()
  const file = readFileSync(await (await download).path(), "utf8")
  const [, url, token] = /^SYMBOLON_URL=(\S+)\nSYMBOLON_TOKEN=(\S+)\n$/.exec(file) ?? []
  await createClient(url as string, () => token as string)["datastores/list"]({})
  await dialog.getByText(/^Works: first used/).waitFor()
  await takeToken(page, "Token generated")
})

test("Viewing Service Tokens", async ({ openAs }) => {
  const page = await openAs("admin")
  await goTo(page, "Tokens")
  await rowOf(page, "admin@example.com").first().waitFor()
  await page.getByRole("button", { name: "Service Tokens" }).click()
  await rowOf(page, "admin@example.com").first().waitFor({ state: "hidden" })
  for (const heading of ["Status", "Expiration", "Last used"])
    await page.getByRole("columnheader", { name: heading }).waitFor()
  await rowOf(page, "loader-development").getByText("Not Used").waitFor()
})

test("Revoking a Service Token", async ({ openAs }) => {
  const page = await openAs("admin")
  await goTo(page, "Tokens")
  await fromMenu(page, "pipeline-production", "Revoke")
  await page.getByText("Service token successfully revoked").waitFor()
  await rowOf(page, "pipeline-production").getByText("Revoked").waitFor()
  await expect(createClient(`${origin}/api`, () => firstToken)["users/me"]({})).rejects.toThrow("Token revoked")
})

test("Restoring a Service Token", async ({ openAs }) => {
  const page = await openAs("admin")
  await goTo(page, "Tokens")
  await fromMenu(page, "pipeline-production", "Restore")
  await page.getByText("Service token successfully restored").waitFor()
  await rowOf(page, "pipeline-production").getByText("Active").waitFor()
  // And by Undo of a revocation.
  await fromMenu(page, "pipeline-production", "Revoke")
  await page.getByRole("button", { name: "Undo" }).click()
  await rowOf(page, "pipeline-production").getByText("Active").waitFor()
  await expect.poll(() => createClient(`${origin}/api`, () => firstToken)["users/me"]({})).toBeTruthy()
})

test("Deleting a Service Token", async ({ openAs }) => {
  const page = await openAs("admin")
  await goTo(page, "Tokens")
  await page.getByRole("button", { name: "Actions for pipeline-staging" }).click()
  const item = page.getByRole("menuitem", { name: "Delete" })
  expect(await item.getAttribute("aria-disabled")).toBe("true")
  await page.keyboard.press("Escape")
  await fromMenu(page, "pipeline-staging", "Revoke")
  await page.getByText("Service token successfully revoked").waitFor()
  await fromMenu(page, "pipeline-staging", "Delete")
  await dialogOf(page, "Delete token").getByRole("button", { name: "Delete" }).click()
  await page.getByText("Service token successfully deleted").waitFor()
  await rowOf(page, "pipeline-staging").waitFor({ state: "hidden" })
})

test("Token Rotation", async ({ openAs }) => {
  const page = await openAs("admin")
  await goTo(page, "Tokens")
  await fromMenu(page, "pipeline-production", "Rotate")
  const dialog = dialogOf(page, "Rotate pipeline-production")
  await choose(dialog, "Overlap", "24 hours")
  await dialog.getByRole("button", { name: "Rotate" }).click()
  const next = await takeToken(page, "Token rotated")
  await rowOf(page, "pipeline-production").getByText("The new secret is not used yet").waitFor()
  await createClient(`${origin}/api`, () => next)["users/me"]({})
  await createClient(`${origin}/api`, () => firstToken)["users/me"]({})
  await expect
    .poll(
      async () => {
        await page.reload()
        return rowOf(page, "pipeline-production").innerText()
      },
      { timeout: 20_000, interval: 1000 },
    )
    .toContain("Old secret until")
  await fromMenu(page, "pipeline-production", "Complete rotation")
  await page.getByText("Rotation of pipeline-production completed").waitFor()
  await expect(createClient(`${origin}/api`, () => firstToken)["users/me"]({})).rejects.toThrow("Token superseded")
})

test("Monitoring: unused tokens are revoked together, from the banner", async ({ openAs }) => {
  const page = await openAs("admin")
  await goTo(page, "Tokens")
  // Whatever is filtered before: the banner leads to what it has counted.
  await page.getByRole("button", { name: "Personal Tokens" }).click()
  await page.getByRole("button", { name: "Review unused tokens" }).click()
  await rowOf(page, "bootstrap").waitFor()
  await rowOf(page, "loader-development").waitFor({ state: "hidden" })
  for (const name of ["bootstrap", "atlan-catalog-prod"]) await page.getByRole("checkbox", { name }).check()
  await page.getByRole("button", { name: "Revoke selected" }).click()
  const dialog = dialogOf(page, "Revoke 2 tokens")
  await dialog.getByRole("button", { name: "Revoke" }).click()
  await expect.poll(() => dialog.getByText("Revoked", { exact: true }).count()).toBe(2)
  await dialog.getByRole("button", { name: "Close" }).last().click()
  const { items } = await api["user-tokens/list-service"]({ query: { flag: "unused", status: "active" } })
  expect(items).toEqual([])
})

test("Access Reviews: the checklist, its export, its sign-off", async ({ openAs }) => {
  const page = await openAs("admin")
  await goTo(page, "Access review")
  await page.getByText("All service accounts have documented purposes").first().waitFor()
  await rowOf(page, "cli_automation@service").first().waitFor()
  const download = page.waitForEvent("download")
  await page.getByRole("button", { name: "Export CSV" }).click()
  const csv = readFileSync(await (await download).path(), "utf8")
  expect(csv).toMatch(/^user_id,name,role,/)
  expect(csv).toContain("cli_automation@service")
  await page.getByRole("button", { name: "Sign off" }).click()
  const dialog = dialogOf(page, "Sign off the access review")
  await dialog.getByLabel("Reason").fill("Fourth quarter")
  await dialog.getByRole("button", { name: "Sign off" }).click()
  await page.getByText(/^Access review of \d+ service accounts and \d+ tokens signed off$/).waitFor()
  await goTo(page, "Audit log")
  await rowOf(page, "review.signed").getByText("Fourth quarter").waitFor()
})

test("If Service Account Is Compromised: all tokens at once, then the account in two steps", async ({ openAs }) => {
  const page = await openAs("admin")
  await page.getByRole("link", { name: "Pipeline Automation" }).click()
  await page.getByRole("heading", { name: "Pipeline Automation" }).waitFor()
  const act = async (item: string, title: string, confirm: string) => {
    await page.getByRole("button", { name: "Actions", exact: true }).click()
    await page.getByRole("menuitem", { name: item }).click()
    const dialog = dialogOf(page, title)
    await dialog.getByText("Last used:").waitFor()
    if (item === "Revoke all tokens") await dialog.getByLabel("They are compromised").check()
    await dialog.getByRole("button", { name: confirm, exact: true }).click()
    await dialog.waitFor({ state: "hidden" })
  }
  await act("Revoke all tokens", "Revoke all tokens of Pipeline Automation", "Revoke all")
  await rowOf(page, "pipeline-production").getByText("Revoked").waitFor()
  await act("Deactivate", "Deactivate Pipeline Automation", "Deactivate")
  await page.getByText("Deactivated", { exact: true }).waitFor()
  await act("Delete", "Delete Pipeline Automation", "Delete")
  await page.getByText("pipeline_automation@service is being deleted, with all of its tokens").waitFor()
  await page.getByRole("heading", { name: /^Users/ }).waitFor()
  await expect.poll(() => rowOf(page, "pipeline_automation@service").count()).toBe(0)
})
