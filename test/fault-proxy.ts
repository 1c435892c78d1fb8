import { once } from "node:events"
import { createServer } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import { closed, portOf } from "../infra/local/secrets.ts"

/** What happens to a request on its way to the engine. Faults no emulator raises, so they are made at the transport. */
export type Fault =
  /** Another transaction is in the way: nothing was done. */
  | "conflict"
  | "throttled"
  | "server-error"
  /** The socket dies before the engine has seen the request. */
  | "down"
  /** It is applied, and the answer never arrives. */
  | "lost"
  /** It is applied, but the first answer says that it is still in progress. */
  | "lost-in-progress"
  /** It is applied, and answered two seconds later. */
  | "slow"
  /** BatchGetItem answers without its last row, and calls that one unprocessed. */
  | "unprocessed"

export interface FaultProxy {
  endpoint: string
  /** Operations that came, in order, with their fault. */
  seen: { operation: string; fault: Fault | undefined }[]
  stop: () => Promise<void>
}

/** Faults by chance, each with its share of the requests: the same in each run of one seed, and in no rhythm of the retries. */
export function byChance(shares: Partial<Record<Fault, number>>, seed: number): () => Fault | undefined {
  let state = seed
  return () => {
    // A linear congruence, of which the upper bits are random enough.
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    let left = state / 0x7fffffff
    for (const [fault, share] of Object.entries(shares) as [Fault, number][]) {
      if (left < share) return fault
      left -= share
    }
    return undefined
  }
}

/** The same without a third fault in a row, after which a client that asks three times has its answer: 503. */
export function neverThrice(decide: () => Fault | undefined): () => Fault | undefined {
  let met = 0
  return () => {
    const fault = met < 2 ? decide() : undefined
    met = fault ? met + 1 : 0
    return fault
  }
}

/** Stands between a client and the engine; `decide` says what becomes of each request. */
export async function startFaultProxy(
  engine: string,
  decide: (operation: string) => Fault | undefined,
): Promise<FaultProxy> {
  const seen: FaultProxy["seen"] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const operation = String(request.headers["x-amz-target"]).split(".").pop() as string
    const fault = decide(operation)
    seen.push({ operation, fault })
    const refuse = (status: number, type: string, more: object = {}) =>
      void response
        .writeHead(status, { "content-type": "application/x-amz-json-1.0" })
        .end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: "injected", ...more }))
    if (fault === "down") return void request.socket.destroy()
    if (fault === "throttled") return refuse(400, "ThrottlingException")
    if (fault === "server-error") return refuse(500, "InternalServerError")
    if (fault === "conflict") return conflicted(operation, body, refuse)
    const names = ["content-type", "x-amz-target", "x-amz-date", "authorization"]
    const headers = Object.fromEntries(names.map((name) => [name, String(request.headers[name])]))
    const answer = await fetch(engine, { method: "POST", headers, body })
    const text = await answer.text()
    if (fault === "slow") await sleep(2000)
    if (fault === "lost") return void request.socket.destroy()
    if (fault === "lost-in-progress") return refuse(400, "TransactionInProgressException")
    response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.0" })
    response.end(fault === "unprocessed" ? withoutLast(text, body) : text)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return { endpoint: `http://127.0.0.1:${portOf(server)}`, seen, stop: () => closed(server) }
}

function conflicted(operation: string, body: Buffer, refuse: (status: number, type: string, more?: object) => void) {
  if (operation !== "TransactWriteItems") return refuse(400, "TransactionConflictException")
  const { TransactItems } = JSON.parse(body.toString()) as { TransactItems: unknown[] }
  const CancellationReasons = TransactItems.map((_, index) => ({ Code: index === 0 ? "TransactionConflict" : "None" }))
  refuse(400, "TransactionCanceledException", { CancellationReasons })
}

function withoutLast(text: string, body: Buffer): string {
  const answer = JSON.parse(text) as {
    Responses: Record<string, { PK: unknown; SK: unknown }[]>
    UnprocessedKeys: Record<string, object>
  }
  const { RequestItems } = JSON.parse(body.toString()) as { RequestItems: Record<string, object> }
  for (const [table, rows] of Object.entries(answer.Responses)) {
    const dropped = rows.pop()
    if (!dropped) continue
    const Keys = [{ PK: dropped.PK, SK: dropped.SK }]
    answer.UnprocessedKeys = { [table]: { ...RequestItems[table], Keys } }
  }
  return JSON.stringify(answer)
}
