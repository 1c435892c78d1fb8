import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs, parseEnv } from "node:util"
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
import { operator } from "../../shared/store/audit.ts"
import { instantOf } from "../../shared/store/instants.ts"
import { type KeyUse, tokenRowsOf } from "../../shared/store/key-use.ts"
import {
  addKey,
  type KeyStatus,
  keyringStatus,
  NotNow,
  type Operation,
  retireKey,
  rewrap,
  usualMinutesAhead,
} from "../../shared/store/keyring-rotation.ts"
import { localOperator, operatorFile } from "../local/operator.ts"
import { names } from "../names.ts"
import { stageOf, tableNameOf } from "../stage.ts"
import { isDenied, lineOf, Refusal, run, say } from "./command.ts"
import { keyringSecret } from "./keyring-secret.ts"
import { configure, openSession, stageFrom, whyNoSession } from "./session.ts"
import { storeOn } from "./store.ts"

const usage = "npm run keyring -- add | status | rewrap | retire --key k1   [--stage prod]"

/**
 * `npm run keyring`: rotates the keys that digest tokens, on a stage, or without `--stage` on the local run. It never shows a key.
 * docs/runbook.md has the whole rotation.
 */
await run(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...{ stage: { type: "string" }, profile: { type: "string" }, key: { type: "string" } },
      "mint-in": { type: "string" },
    } as const,
  })
  const [verb = "", ...more] = positionals
  const act = verbOf(verb)
  if (!act || more.length > 0) throw new Refusal(`what? ${usage}`)
  const again = `npm run keyring --${values.stage === undefined ? "" : ` --stage ${values.stage}`}`
  try {
    const { stageName, arn } = values.stage === undefined ? localRun() : await stageOn(values.stage, values.profile)
    await act(operationOn(stageName, arn), { key: values.key, mintIn: values["mint-in"], again })
  } catch (error) {
    throw refusalOf(error)
  }
})

interface Wanted {
  key: string | undefined
  mintIn: string | undefined
  /** How this command is called on the same stage. */
  again: string
}

async function stageOn(name: string, profile: string | undefined) {
  const { stageName } = stageFrom(name, "keyring")
  configure(profile)
  return { stageName, arn: (await openSession()).arn }
}

/** The stack of `npm start`, which is where its file says, whatever AWS this terminal is signed in to. */
function localRun() {
  const file = operatorFile(process.env.SYMBOLON_LOCAL ?? join(import.meta.dirname, "../../.local"))
  if (!existsSync(file))
    throw new Refusal(`there is no local run: npm start in another terminal, or name a stage: ${usage}`)
  delete process.env.AWS_PROFILE
  Object.assign(process.env, parseEnv(readFileSync(file, "utf8")))
  return { stageName: "local", arn: localOperator }
}

function operationOn(stageName: string, arn: string): Operation {
  const tableName = tableNameOf(stageName, stageOf(stageName))
  const { runtime, documents } = storeOn(tableName)
  const client = new SecretsManagerClient()
  // This machine's clock decides when a key mints: as the SDK has corrected it by AWS's.
  const now = () => Date.now() + client.config.systemClockOffset
  return {
    runtime: { ...runtime, now },
    actor: operator(arn, "keyring"),
    secret: keyringSecret(client, names(stageName).keyring),
    rows: tokenRowsOf(documents, tableName),
    onProgress: progress(),
  }
}

/** A line now and then, of a table that takes long. */
function progress() {
  const everyMilliseconds = 2000
  let next = Date.now() + everyMilliseconds
  return (line: string) => {
    if (Date.now() < next) return
    next = Date.now() + everyMilliseconds
    say(line)
  }
}

type Verb = (operation: Operation, wanted: Wanted) => Promise<void>

function verbOf(name: string): Verb | undefined {
  switch (name) {
    case "status":
      return status
    case "add":
      return add
    case "rewrap":
      return rewrapAll
    case "retire":
      return retire
  }
  return undefined
}

async function status(operation: Operation): Promise<void> {
  const { keys, lost } = await keyringStatus(operation)
  for (const key of keys) console.log(lineOfKey(key))
  for (const [key, { needing, over }] of lost)
    say(
      `rows that need ${key}, which the keyring hasn't: ${needing + over}; their tokens answer 503. docs/runbook.md has what to do`,
    )
}

async function add(operation: Operation, { mintIn = String(usualMinutesAhead), again }: Wanted): Promise<void> {
  const { key, mintsFrom } = await addKey(operation, Number(mintIn))
  console.log(`${key} mints from ${instantOf(mintsFrom)}`)
  say("until then every environment learns of it. Then:")
  say(`${again} rewrap`)
}

async function rewrapAll(operation: Operation, { again }: Wanted): Promise<void> {
  const { key, looked, rows } = await rewrap(operation)
  console.log(`re-wrapped under ${key}: ${rows} of ${looked} tokens`)
  say(`each needs its older key until it is used. What each key waits for: ${again} status`)
}

async function retire(operation: Operation, { key, again }: Wanted): Promise<void> {
  if (!key) throw new Refusal(`which key? ${again} retire --key k1`)
  const { versionWithKey } = await retireKey(operation, key)
  console.log(`${key} is retired`)
  say(`the secret's version ${versionWithKey} has it still: a table that is restored to before now needs it`)
}

function lineOfKey({ key, mintsFrom, state, use, staysBecause }: KeyStatus): string {
  const since = mintsFrom === undefined ? "the beginning" : instantOf(mintsFrom)
  const says = {
    waits: `mints from ${since}`,
    mints: `mints since ${since}`,
    verifies: `verifies, minted since ${since}`,
  }
  return `${key}  ${says[state]}; ${countsOf(use)}; ${staysBecause ? `stays: ${staysBecause}` : "can be retired"}`
}

function countsOf({ under, needing, over }: KeyUse): string {
  return `rows under it: ${under}, that need it: ${needing}${over > 0 ? `, for a secret that is over: ${over}` : ""}`
}

function refusalOf(error: unknown): unknown {
  if (error instanceof NotNow) return new Refusal(error.message)
  // The store says that the table is unavailable, and has AWS's reason as its cause.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (isDenied(cause)) return new Refusal(`not permitted: ${lineOf(cause)}`)
  const { name } = cause as Error
  if (name === "ResourceNotFoundException")
    return new Refusal(
      `there is no such table or secret here: is the stage deployed in this account and region? (${lineOf(cause)})`,
    )
  if ((cause as { code?: string }).code === "ECONNREFUSED")
    return new Refusal(`nothing answers: is npm start running? (${lineOf(cause)})`)
  return whyNoSession(cause) ?? cause
}
