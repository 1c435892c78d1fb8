import { chromium, type Page } from "playwright-core"

/** Debian's own. Playwright would download another; and by itself Chromium asks its vendor for this and that. */
export const launchChromium = () =>
  chromium.launch({
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
