/** A chart of horizontal bars, ours in its own colour: what is drawn of a table whose one column tells the story. */
export interface Chart {
  /** The name of its file in docs/performance/. */
  file: string
  title: string
  unit: string
  bars: { label: string; value: number; ours?: boolean }[]
}

const [width, left, barHeight, gap, top] = [760, 330, 18, 10, 44]

/** As SVG that needs nothing beside it, and can be read on a light page and on a dark one. */
export function draw({ title, unit, bars }: Chart): string {
  const longest = Math.max(...bars.map(({ value }) => value))
  const scale = (width - left - 90) / longest
  const height = top + bars.length * (barHeight + gap) + 8
  const drawn = bars.flatMap(({ label, value, ours }, at) => {
    const y = top + at * (barHeight + gap)
    const length = Math.max(1, value * scale).toFixed(1)
    const text = y + barHeight - 5
    return [
      `<text x="${left - 8}" y="${text}" text-anchor="end"${ours ? ' class="ours"' : ""}>${escaped(label)}</text>`,
      `<rect x="${left}" y="${y}" width="${length}" height="${barHeight}" rx="2" fill="${ours ? "#0972d3" : "#8c8c94"}"/>`,
      `<text x="${(left + 6 + Number(length)).toFixed(1)}" y="${text}">${value.toLocaleString("en-US")}</text>`,
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    "<style>text{font:13px system-ui,sans-serif;fill:#16191f}.ours,.title{font-weight:700}@media(prefers-color-scheme:dark){text{fill:#d1d5db}}</style>",
    `<text x="8" y="24" class="title">${escaped(title)}, ${escaped(unit)}</text>`,
    ...drawn,
    "</svg>\n",
  ].join("\n")
}

const escaped = (text: string): string => text.replace(/[<&>"]/g, (character) => `&#${character.charCodeAt(0)};`)
