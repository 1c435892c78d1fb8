import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb"
import { marshall } from "@aws-sdk/util-dynamodb"
import { dynoxideData, dynoxideFile, type Engine, startEngine } from "../../infra/local/engine.ts"
import { createTableAt, type TestTable, tableAt } from "../table-at.ts"
import { accountRows, type Fleet, idleAccountRows, type Row, tokenRows, tokensPerAccount } from "./growth-rows.ts"
import { endWithUs } from "./lab.ts"

export interface LoadedFleet extends Fleet {
  engine: Engine
  table: TestTable
}

const tableName = "fleet"
const folder = join(import.meta.dirname, "../../.local/bench")

/**
 * A table with so many tokens, in an engine and a directory of its own. One that an earlier run has filled is taken as it is; a load
 * that was stopped goes on. The rows are written as DynamoDB exports a table, and imported by the engine at once: by BatchWriteItem it
 * syncs its file at each row, and would take four times as long.
 */
export async function loadFleet(fleet: Fleet): Promise<LoadedFleet> {
  const directory = join(folder, `growth-${fleet.tokens}`)
  if (!existsSync(dynoxideData(directory)) || readMark(directory) !== (await fingerprint(fleet))) {
    await begin(directory, fleet)
    await writeParts(directory, fleet)
    await importParts(directory, fleet)
  }
  await readThrough(dynoxideData(directory))
  const engine = await startEngine(directory, "dynoxide")
  return { ...fleet, engine, table: tableAt(engine.endpoint, tableName) }
}

/** Into the system's cache: this machine's disk is not what is measured. */
async function readThrough(file: string): Promise<void> {
  for await (const _ of createReadStream(file, { highWaterMark: 1 << 20 }));
}

const markFile = (directory: string): string => join(directory, "rows")
const readMark = (directory: string): string | undefined =>
  existsSync(markFile(directory)) ? readFileSync(markFile(directory), "utf8") : undefined

/** Of whatever is in a row: a table whose rows were made otherwise is none of ours. */
async function fingerprint(fleet: Fleet): Promise<string> {
  const tokens = [...(await tokenRows(fleet, 7)), ...(await tokenRows(fleet, 8))]
  const rows = [...idleAccountRows(), ...accountRows(fleet, 0), ...tokens]
  return createHash("sha256").update(rows.map(exported).join()).digest("hex")
}

/** What was written for the same rows stays. */
async function begin(directory: string, fleet: Fleet): Promise<void> {
  const mark = await fingerprint(fleet)
  if (readMark(directory) === mark) return
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(partsIn(directory), { recursive: true })
  writeFileSync(schemaFile(directory), JSON.stringify({ Table: await describe() }))
  writeFileSync(markFile(directory), mark)
}

const partsIn = (directory: string): string => join(directory, "export", tableName, "data")
const schemaFile = (directory: string): string => join(directory, "schema.json")

/** The table's keys and indexes, as an engine tells them that has made it. */
async function describe(): Promise<object | undefined> {
  const engine = await startEngine(undefined, "dynoxide")
  const { client } = await createTableAt(engine.endpoint, tableName)
  const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }))
  await engine.stop()
  return Table
}

/** Whole accounts, so that each is written once. */
const tokensPerPart = 20_000

async function writeParts(directory: string, fleet: Fleet): Promise<void> {
  const tell = progress(`growth, ${fleet.tokens.toLocaleString("en-US")} tokens: written`, fleet.tokens)
  for (let start = 0; start < fleet.tokens; start += tokensPerPart) {
    const part = join(partsIn(directory), `${String(start).padStart(9, "0")}.json.gz`)
    if (existsSync(part)) continue
    const lines = start === 0 ? idleAccountRows().map(exported) : []
    const end = Math.min(fleet.tokens, start + tokensPerPart)
    for (let n = start; n < end; n++) {
      if (n % tokensPerAccount === 0) lines.push(...accountRows(fleet, n / tokensPerAccount).map(exported))
      lines.push(...(await tokenRows(fleet, n)).map(exported))
    }
    // Renamed, so that half a part is none.
    writeFileSync(`${part}.tmp`, gzipSync(`${lines.join("\n")}\n`, { level: 1 }))
    renameSync(`${part}.tmp`, part)
    tell(end)
  }
}

/** A line of an export. */
const exported = (row: Row): string =>
  JSON.stringify({ Item: marshall(row) }, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
  )

/** What a token comes to with its guard and its entries in the indexes. For the progress alone. */
const bytesPerToken = 1850

async function importParts(directory: string, fleet: Fleet): Promise<void> {
  const file = dynoxideFile()
  if (!file) throw new Error(`there is no embedded engine for ${process.platform}-${process.arch}`)
  // Its own folder: what an import leaves behind that was stopped has names of its own.
  const importing = join(directory, "import")
  rmSync(importing, { recursive: true, force: true })
  mkdirSync(importing)
  const output = join(importing, "table.sqlite")
  const tell = progress(
    `growth, ${fleet.tokens.toLocaleString("en-US")} tokens: imported, bytes,`,
    fleet.tokens * bytesPerToken,
  )
  const child = spawn(
    file,
    [...["import", "--source", join(directory, "export"), "--schema", schemaFile(directory)], ...["--output", output]],
    { stdio: ["ignore", "pipe", "pipe"] },
  )
  endWithUs(child)
  const timer = setInterval(() => tell(largestIn(importing)), 3000)
  const said = await outputOf(child).finally(() => clearInterval(timer))
  const rows = 2 * fleet.tokens + 2 * (fleet.tokens / tokensPerAccount) + idleAccountRows().length
  if (!said.includes(`Items:  ${rows}\n`)) throw new Error(`the engine has not imported ${rows} rows:\n${said}`)
  renameSync(output, dynoxideData(directory))
  for (const done of [importing, join(directory, "export")]) rmSync(done, { recursive: true })
}

const largestIn = (directory: string): number =>
  Math.max(
    0,
    ...readdirSync(directory).map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0),
  )

async function outputOf(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => chunks.push(chunk))
  await once(child, "close")
  return Buffer.concat(chunks).toString()
}

/** A line every few seconds: how far, how fast, how long still. */
function progress(what: string, all: number): (done: number) => void {
  const start = performance.now()
  let first: number | undefined
  let told = start
  return (done) => {
    first ??= done
    const now = performance.now()
    if (now - told < 3000) return
    told = now
    const rate = (done - first) / ((now - start) / 1000)
    const text = (count: number) => Math.round(count).toLocaleString("en-US")
    const left = rate > 0 ? `, ${text(rate)} a second, ${text(Math.max(0, all - done) / rate)} s to go` : ""
    process.stderr.write(`${what} ${text(done)} of ${text(all)}${left}\n`)
  }
}
