// Plain JavaScript: a guard in a .ts file could not run on the Node that it is there to refuse.
const [major, minor] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Symbolon needs Node 22.18 or later, and this is ${process.versions.node} (${process.execPath}).\n` +
      "  - On Linux x64 the project brings Node 24: run `npm ci`, then start through npm (`npm start`, `npm test`).\n" +
      "  - Elsewhere, or without the optional packages, install Node 24.",
  )
  process.exit(1)
}
