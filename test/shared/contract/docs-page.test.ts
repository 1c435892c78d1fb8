import { expect, test } from "vitest"
import { docsPage, problemPages } from "../../../shared/contract/docs-page.ts"

// As they were when somebody last looked at them: who changes one looks at it in a browser, then takes it with `npx vitest run -u`.

test("the page of the API is as it was looked at", async () => {
  await expect(docsPage()).toMatchFileSnapshot("docs-page.html.snap")
})

test("the pages of the problems are as they were looked at", async () => {
  const pages = problemPages()
  const withoutStyle = (page: string) => page.replace(/<style>[\s\S]*<\/style>\n/, "")
  const shown = Object.entries(pages).map(([slug, page]) => `${slug}\n${withoutStyle(page)}`)
  await expect(shown.join("\n")).toMatchFileSnapshot("problem-pages.html.snap")
  // All of them have what the page of the API has before their body.
  const headOf = (page: string) => page.slice(page.indexOf("</title>"), page.indexOf("<body>"))
  expect(new Set(Object.values(pages).map(headOf))).toEqual(new Set([headOf(docsPage())]))
})
