import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core"
import { test as base, inject } from "vitest"
import { createClient } from "../../shared/contract/client.ts"
import { containsToken } from "../../shared/contract/scanner.ts"
import { launchChromium, signIn } from "./steps.ts"

const browser = await launchChromium()

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
