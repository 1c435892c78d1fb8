/** Text that is already HTML. Everything else is escaped on its way into `html`. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? character)

type Part = string | number | Html | readonly Html[]
const render = (part: Part): string =>
  part instanceof Html
    ? part.text
    : typeof part === "object"
      ? part.map(({ text }) => text).join("")
      : escaped(String(part))

/** A tagged template whose values are escaped, unless they are Html themselves. */
export const html = (texts: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(texts.map((text, at) => text + (at < parts.length ? render(parts[at] as Part) : "")).join(""))

/** A whole page: one file, no JavaScript, nothing loaded from anywhere. */
export const page = (title: string, content: Html): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
${content}
</body>
</html>
`.text

const style = `
:root { --text: #1b1f24; --quiet: #57606a; --line: #d0d7de; --soft: #f6f8fa; --link: #0550ae; --page: #fff }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --quiet: #9da7b1; --line: #3d444d; --soft: #161b22; --link: #79b8ff; --page: #0d1117 }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem 1.25rem 4rem; max-width: 60rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
a { color: var(--link) }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
h2 { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line) }
h3 { margin-top: 2.5rem }
code, pre { font: .875rem/1.5 ui-monospace, monospace }
pre { padding: .75rem 1rem; background: var(--soft); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto;
  overflow-wrap: normal }
.scroll { overflow-x: auto }
table { overflow-wrap: normal; border-collapse: collapse; width: 100%; font-size: .9375rem }
caption { text-align: left; font-weight: 600; padding: .75rem 0 .25rem }
th, td { text-align: left; vertical-align: top; padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line) }
th[scope=row] { font-weight: 400 }
.quiet { color: var(--quiet) }
nav ul { columns: 18rem; padding-left: 1.25rem }
nav li { break-inside: avoid }
`
