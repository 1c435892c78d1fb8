import { createHash } from "node:crypto"
import { people } from "./people.ts"

/** What a page is written to: Koa's context, as far as it is needed. */
interface Answer {
  status: number
  type: string
  body: unknown
  set: (headers: Record<string, string>) => void
}

/** The colours of the browser's own, light or dark: each pair is readable in both. */
const style = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText }
  main { max-width: 26rem; margin: 10vh auto; padding: 0 1rem }
  button { display: block; width: 100%; margin: .5rem 0; padding: .75rem 1rem; border: 1px solid GrayText; border-radius: .5rem;
    font: inherit; text-align: start; cursor: pointer }
  button:hover { border-color: Highlight }
  button span { display: block }
  button span:first-child { font-weight: bold }
`
const styleHash = createHash("sha256").update(style).digest("base64")

/** A page that loads nothing. Its form, if it has one, may lead to `formTargets`: origins, besides its own. */
function show(answer: Answer, status: number, title: string, content: string, formTargets: string[] = []): void {
  answer.status = status
  answer.set({
    "Content-Security-Policy": [
      "default-src 'none'",
      `style-src 'sha256-${styleHash}'`,
      `form-action ${["'self'", ...formTargets].join(" ")}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join("; "),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  })
  answer.type = "html"
  answer.body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Symbolon on this machine</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${content}
</main>
</body>
</html>
`
}

/** Browsers hold a form to `form-action` through all its redirects, the last of which is back to the application. */
export function showPeople(answer: Answer, application: string): void {
  const buttons = people.map(
    ({ email, name, role }) =>
      `<button name="person" value="${email}"><span>${name}</span> <span>${email}</span> <span>${role}</span></button>`,
  )
  const hint = "<p>Choose who you are. There is no password: this issuer runs on your machine only.</p>"
  show(answer, 200, "Sign in", `${hint}\n<form method="post">\n${buttons.join("\n")}\n</form>`, [application])
}

export const showSignedOut = (answer: Answer): void =>
  show(answer, 200, "Signed out", "<p>You can close this page.</p>")

export const showRefusal = (answer: Answer, status: number, why: string): void =>
  show(answer, status, "This sign-in can't go on", `<p>${escaped(why)}</p>`)

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character] as string)
