import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { test as base, inject } from "vitest"
import { createClient } from "../../shared/contract/client.ts"
import { containsToken } from "../../shared/contract/scanner.ts"

/** Debian's own. Playwright would download another; and by itself Chromium asks its vendor for this and that. */
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
})

export const origin = inject("console")
const issuerOrigin = origin.replace(/\d+$/, (port) => String(Number(port) + 1))

/** What the API says, past the console. */
export const api = createClient(`${origin}/api`, () => inject("consoleAdminToken"))

interface Opened {
  /** The console, with somebody of the local issuer signed in; in a browser of its own. */
  openAs: (person: "admin" | "manager" | "editor" | "member", options?: BrowserContextOptions) => Promise<Page>
  /** The same, before anybody is. */
  open: (path?: string, options?: BrowserContextOptions) => Promise<Page>
  /** What a page may complain of in this test, since the test makes it so. */
  expected: RegExp[]
}

/**
 * Whatever a test does: no error in the browser's console (a breach of the policy is one), no request to anybody but us and the
 * issuer, and afterwards no token in an address, or where a page keeps things.
 */
export const test = base.extend<Opened>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which fixtures this one needs
  expected: async ({}, use) => use([]),
  open: async ({ expected }, use) => {
    const contexts: BrowserContext[] = []
    const complaints: string[] = []
    await use(async (path = "/", options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
      // Nothing takes this long; what is missing is told soon.
      context.setDefaultTimeout(10_000)
      contexts.push(context)
      context.on("weberror", (error) => complaints.push(String(error.error())))
      context.on("console", (message) => {
        // The issuer's pages have no icon, and the browser asks for one.
        if (message.type() === "error" && !message.location().url.startsWith(issuerOrigin))
          complaints.push(message.text())
      })
      context.on("request", (request) => {
        const { origin: asked, protocol } = new URL(request.url())
        if (protocol.startsWith("http") && asked !== origin && asked !== issuerOrigin)
          complaints.push(`request to ${asked}`)
      })
      const page = await context.newPage()
      page.on("framenavigated", (frame) => {
        if (containsToken(frame.url())) complaints.push("a token in an address")
      })
      await page.goto(origin + path)
      return page
    })
    for (const context of contexts) {
      const { origins, cookies } = await context.storageState()
      const kept = await Promise.all(context.pages().map((page) => page.evaluate("JSON.stringify(sessionStorage)")))
      if (containsToken(JSON.stringify([origins, cookies, kept]))) complaints.push("a token in storage")
      await context.close()
    }
    const unexpected = complaints.filter((text) => !expected.some((pattern) => pattern.test(text)))
    if (unexpected.length > 0) throw new Error(`The browser complains:\n${unexpected.join("\n")}`)
  },
  openAs: async ({ open }, use) => {
    await use(async (person, options) => {
      const page = await open("/", options)
      await signIn(page, person)
      return page
    })
  },
})

export async function signIn(page: Page, person: string): Promise<void> {
  await page.getByRole("button", { name: "Sign in" }).click()
  await page.getByRole("button", { name: `${person}@example.com` }).click()
  await page.getByRole("button", { name: `${person}@example.com` }).waitFor()
}

/** By the navigation at the side. */
export const goTo = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true }).click()

/** The dialog that is open, by its title. */
export const dialogOf = (page: Page, name: string) => page.getByRole("dialog", { name })

/** Opens a select by its label and takes an option. */
export async function choose(within: ReturnType<typeof dialogOf>, label: string, option: string): Promise<void> {
  await within.getByRole("button", { name: label }).click()
  await within.page().getByRole("option", { name: option }).click()
}

/** The row of a list, by something in it. */
export const rowOf = (page: Page, text: string) => page.getByRole("row").filter({ hasText: text })

/** An item of a row's ellipsis menu. */
export async function fromMenu(page: Page, name: string, item: string): Promise<void> {
  await page.getByRole("button", { name: `Actions for ${name}`, exact: true }).click()
  await page.getByRole("menuitem", { name: item, exact: true }).click()
}

/** Makes the token screen's token known to a test, and closes it. */
export async function takeToken(page: Page, title: string): Promise<string> {
  const dialog = dialogOf(page, title)
  await dialog.getByText("Make sure to download or copy this token. You won't be able to see it again!").waitFor()
  const token = await dialog.getByRole("region", { name: "Token" }).innerText()
  await dialog.getByRole("button", { name: "Done" }).click()
  await dialog.getByRole("button", { name: "Yes, close" }).click()
  await dialog.waitFor({ state: "hidden" })
  return token
}
