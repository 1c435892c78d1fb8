import { mkdirSync } from "node:fs"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { containsToken } from "../../shared/contract/scanner.ts"
import { root } from "../infra/node.ts"
import { startDemo } from "./demo-run.ts"
import { choose, dialogOf, fromMenu, goTo, launchChromium, rowOf, signIn } from "./steps.ts"

/** `npm run docs:screenshots`: the pictures of docs/console.md, of the demo data. Dates and ids differ from run to run. */
const directory = join(root, "docs/console")
mkdirSync(directory, { recursive: true })
const demo = await startDemo()
const browser = await launchChromium()
try {
  await inLight(await open("light"))
  const page = await open("dark")
  await inDark(page)
  console.log(`first rows after a cold load, in ms: ${(await coldLoads(page)).join(", ")}`)
} finally {
  await browser.close()
  await demo.stop()
}

async function open(colorScheme: "light" | "dark"): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1312, height: 820 }, colorScheme, timezoneId: "UTC" })
  const page = await context.newPage()
  await page.goto(demo.origin)
  await signIn(page, "admin")
  return page
}

async function inLight(page: Page): Promise<void> {
  await rowOf(page, "alation_sync@service").waitFor()
  await page.getByText("…", { exact: true }).first().waitFor({ state: "hidden" })
  await shoot(page, "users")

  await page.getByRole("button", { name: "Add Service Account" }).click()
  const wizard = dialogOf(page, "Add Service Account")
  await wizard.getByLabel("Name").fill("Pipeline Automation")
  await wizard.getByText("pipeline_automation@service").waitFor()
  await choose(wizard, "Role", "Editor")
  await wizard.getByRole("button", { name: "Teams" }).click()
  await page.getByRole("option", { name: "Data Engineering" }).click()
  await page.keyboard.press("Escape")
  await wizard.getByLabel("Purpose").fill("Profiles and scans what the nightly pipelines have loaded")
  await shoot(page, "add-service-account-1")
  await wizard.getByRole("button", { name: "Next" }).click()
  await wizard.getByLabel("Service User").waitFor()
  await wizard.getByLabel("Name").fill("pipeline-production")
  await shoot(page, "add-service-account-2")
  await wizard.getByRole("button", { name: "Finish" }).click()
  const issued = dialogOf(page, "Service account created")
  await issued.getByText("Waiting for the first call…").waitFor()
  await hideSecret(page)
  await shoot(page, "token")
  await issued.getByRole("button", { name: "Done" }).click()
  await issued.getByRole("button", { name: "Yes, close" }).click()

  await goTo(page, "Tokens")
  await rowOf(page, "alation-sync-production").waitFor()
  await page.getByRole("button", { name: "Review unused tokens" }).waitFor()
  await page.getByRole("button", { name: "Actions for bootstrap", exact: true }).click()
  await page.getByRole("menuitem", { name: "Revoke" }).waitFor()
  await shoot(page, "tokens")
  await page.keyboard.press("Escape")
  await fromMenu(page, "alation-sync-staging", "Rotate")
  await dialogOf(page, "Rotate alation-sync-staging").waitFor()
  await shoot(page, "rotation")
  await page.keyboard.press("Escape")

  await goTo(page, "Users")
  await page.getByRole("link", { name: "Nightly Loader" }).click()
  await rowOf(page, "loader-production").first().waitFor()
  await shoot(page, "user")
  await goTo(page, "Access review")
  await rowOf(page, "cli_automation@service").first().waitFor()
  await shoot(page, "access-review")
  await goTo(page, "Audit log")
  await rowOf(page, "token.created").first().waitFor()
  await shoot(page, "audit-log")
}

async function inDark(page: Page): Promise<void> {
  await rowOf(page, "alation_sync@service").waitFor()
  await shoot(page, "users-dark")
  await goTo(page, "Tokens")
  await rowOf(page, "alation-sync-production").waitFor()
  await page.getByRole("button", { name: "Review unused tokens" }).waitFor()
  await shoot(page, "tokens-dark")
}

/** From an address to the rows of its list, with nothing of the page kept, and a silent sign-in on the way. */
async function coldLoads(page: Page): Promise<number[]> {
  const session = await page.context().newCDPSession(page)
  await session.send("Network.setCacheDisabled", { cacheDisabled: true })
  const loads: number[] = []
  for (let n = 0; n < 5; n++) {
    const started = performance.now()
    await page.goto(`${demo.origin}/`)
    await rowOf(page, "alation_sync@service").waitFor()
    loads.push(Math.round(performance.now() - started))
  }
  return loads
}

/** Leaves the handle, which is no secret, and covers the rest. */
async function hideSecret(page: Page): Promise<void> {
  await page.getByRole("region", { name: "Token" }).evaluate((box) => {
    box.textContent = `${box.textContent?.slice(0, 25)}_${"•".repeat(49)}`
  })
}

async function shoot(page: Page, name: string): Promise<void> {
  if (containsToken(await page.locator("body").innerText())) throw new Error(`${name} would show a token`)
  await page.evaluate("document.fonts.ready")
  // What a pointer that stays where it clicked would point out.
  await page.mouse.move(0, 0)
  await page.screenshot({ path: join(directory, `${name}.png`), animations: "disabled" })
}
