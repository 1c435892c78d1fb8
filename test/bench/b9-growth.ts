import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda"
import { authorizer } from "../../functions/authorize.ts"
import { type AwsRequest, awsRequest } from "../../functions/aws-request.ts"
import { dynoxideFile } from "../../infra/local/engine.ts"
import { secretCache } from "../../shared/secret-cache.ts"
import { sealCursor } from "../../shared/store/cursor.ts"
import { createTable } from "../../shared/store/dynamodb.ts"
import { listServiceTokens } from "../../shared/store/token-lists.ts"
import { encodeId } from "../../shared/token/format.ts"
import { type Consumed, countingCapacity, type Tally } from "../capacity.ts"
import { fakeRuntime, frozenClock, testKeyring } from "../fakes.ts"
import { credentials } from "../table-at.ts"
import { type LoadedFleet, loadFleet } from "./growth-loader.ts"
import { fleetNow, isRevoked, secretAt, tokenIdAt } from "./growth-rows.ts"
import { forget, type Idle, sweepSubject } from "./growth-sweep.ts"
import { interleaved, median, rounded, type Sample, type Subject, valuesOf } from "./measure.ts"
import type { Figure, Row, Scenario } from "./scenario.ts"

const sizes = [1000, 100_000, 1_000_000]
const countOf = (tokens: number): string => tokens.toLocaleString("en-US")

const verificationsAtOnce = 20

/** Of tokens at random from the whole fleet. */
function verifySubject(fleet: LoadedFleet): Subject {
  const tally: Tally = { calls: 0, units: 0 }
  const authorize = authorizer({
    now: () => fleetNow,
    tableName: fleet.table.name,
    stage: "bench",
    dynamodb: counting(fleet, tally),
    secrets: secretCache(
      async () => ({ keyring: testKeyring(), edge: "edge" }),
      () => fleetNow,
    ),
    write: () => {},
  })
  return {
    name: countOf(fleet.tokens),
    once: async () => {
      const events = await Promise.all(Array.from({ length: verificationsAtOnce }, () => anyRequest(fleet)))
      const before = { ...tally }
      const microseconds: number[] = []
      for (const event of events) {
        const start = performance.now()
        const { policyDocument } = await authorize(event)
        microseconds.push((performance.now() - start) * 1000)
        const [statement] = policyDocument.Statement
        if (statement?.Effect !== "Allow") throw new Error("a token of the fleet is refused")
      }
      return {
        calls: (tally.calls - before.calls) / verificationsAtOnce,
        units: (tally.units - before.units) / verificationsAtOnce,
        p50: median(microseconds),
      }
    },
  }
}

/** The authorizer's own client, which adds up what its calls consume. */
function counting({ table }: LoadedFleet, tally: Tally): AwsRequest {
  const send = awsRequest("dynamodb", {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
  })
  return async (operation, input) => {
    const answer = await send(operation, { ...input, ReturnConsumedCapacity: "TOTAL" })
    tally.calls += 1
    for (const { CapacityUnits = 0 } of answer.ConsumedCapacity as Consumed[]) tally.units += CapacityUnits
    return answer
  }
}

async function anyRequest(fleet: LoadedFleet): Promise<APIGatewayRequestAuthorizerEvent> {
  const any = Math.floor(Math.random() * fleet.tokens)
  const { bearerToken } = await secretAt(fleet, isRevoked(any) ? any - 1 : any)
  return {
    methodArn: "arn:aws:execute-api:us-east-1:1:api/api/GET/x",
    multiValueHeaders: { Authorization: [`Bearer ${bearerToken}`] },
    requestContext: { identity: { sourceIp: "203.0.113.7" } },
  } as unknown as APIGatewayRequestAuthorizerEvent
}

const limit = 50

/** What a page of service tokens is asked for. `revoked` is one token of twenty, so its page stops at the most keys that one may read. */
const pages: Record<string, { query: Partial<Parameters<typeof listServiceTokens>[2]>; isDeep?: true }> = {
  "the first": { query: {} },
  "in the middle of the list": { query: {}, isDeep: true },
  "status=active": { query: { status: "active" } },
  "status=revoked": { query: { status: "revoked" } },
  "flag=unused": { query: { flag: "unused" } },
}

function pageSubject(fleet: LoadedFleet, page: string): Subject {
  const { client, reads } = countingCapacity(fleet.table)
  const runtime = fakeRuntime(createTable(client, fleet.table.name), frozenClock(fleetNow))
  const { query, isDeep } = pages[page] as (typeof pages)[string]
  const middle = { source: 0, after: encodeId(tokenIdAt(fleet, fleet.tokens / 2)) }
  return {
    name: `${page} ${countOf(fleet.tokens)}`,
    once: async () => {
      const cursor = isDeep && (await sealCursor(runtime, middle, page))
      const before = reads()
      const start = performance.now()
      const { items } = await listServiceTokens(runtime, { limit, cursor, binding: page }, { limit, ...query })
      const milliseconds = performance.now() - start
      const { calls, units } = reads()
      return { tokens: items.length, calls: calls - before.calls, units: units - before.units, p50: milliseconds }
    },
  }
}

const usualSweep: Idle = { due: 50, soon: 0 }
/** On the largest table: what a sweep's reads grow with. */
const otherSweeps: Idle[] = [
  { due: 0, soon: 0 },
  { due: 100, soon: 0 },
  { due: 50, soon: 500 },
]
const sweepName = (fleet: LoadedFleet, { due, soon }: Idle): string => `${countOf(fleet.tokens)} ${due} ${soon}`

export const growth: Scenario = {
  id: "B9",
  title:
    "growth: verify, a page of the list and the unused sweep, at a thousand, a hundred thousand and a million tokens",
  about:
    "A table and an engine for each size, filled once with the rows that the product writes: service accounts of 100 tokens, made over two years. " +
    "The authorizer verifies tokens at random from all of them, over HTTP; a page shows 50 tokens; the sweep finds the same number of idle tokens in each table. " +
    "`units` are read capacity units, `calls` calls to the table. " +
    "Ten tokens of an account are made in a row: were each token of a page of another account, it would read 51 accounts, in a table of any size.",
  run: async ({ rounds, isQuick }) => {
    if (!dynoxideFile())
      return {
        tables: [],
        figures: [],
        missing: ["all of it: the tables are imported by the embedded engine, which isn't here"],
      }
    const fleets: LoadedFleet[] = []
    try {
      for (const tokens of isQuick ? sizes.slice(0, -1) : sizes) fleets.push(await loadFleet({ tokens }))
      const outcome = await measure(fleets, rounds)
      return isQuick ? { ...outcome, missing: ["a million tokens, which --quick leaves out"] } : outcome
    } finally {
      await Promise.all(fleets.map(({ engine }) => engine.stop()))
    }
  },
}

async function measure(fleets: readonly LoadedFleet[], rounds: (usual: number) => number) {
  const [small, large] = [fleets[0], fleets.at(-1)] as [LoadedFleet, LoadedFleet]
  for (const { table } of fleets) for (const idle of [usualSweep, ...otherSweeps]) await forget(table, idle)
  const verified = await interleaved(fleets.map(verifySubject), rounds(150))
  const read = await interleaved(
    Object.keys(pages).flatMap((page) => fleets.map((fleet) => pageSubject(fleet, page))),
    rounds(40),
  )
  const sweeps = [
    ...fleets.map((fleet) => ({ fleet, idle: usualSweep })),
    ...otherSweeps.map((idle) => ({ fleet: large, idle })),
  ]
  const swept = await interleaved(
    sweeps.map(({ fleet, idle }) => sweepSubject(sweepName(fleet, idle), fleet, idle)),
    rounds(10),
  )

  const of = (samples: Map<string, Sample[]>, name: string, key: string) =>
    median(valuesOf(samples.get(name) as Sample[], key))
  const verifyRows = fleets.map(({ tokens }): Row => {
    const figure = (key: string) => of(verified, countOf(tokens), key)
    return { tokens, calls: figure("calls"), units: figure("units"), "p50, µs": Math.round(figure("p50")) }
  })
  const pageRows = Object.keys(pages).flatMap((page) =>
    fleets.map(({ tokens }): Row => {
      const figure = (key: string) => of(read, `${page} ${countOf(tokens)}`, key)
      return {
        page,
        tokens,
        shown: figure("tokens"),
        calls: figure("calls"),
        units: figure("units"),
        "p50, ms": rounded(figure("p50")),
      }
    }),
  )
  const sweepRows = sweeps.map(({ fleet, idle }): Row => {
    const figure = (key: string) => of(swept, sweepName(fleet, idle), key)
    return {
      tokens: fleet.tokens,
      due: idle.due,
      "due in two days": idle.soon,
      calls: figure("calls"),
      units: figure("units"),
      "units a flagged": idle.due === 0 ? "" : rounded(figure("units") / idle.due),
      "units written": figure("written"),
      "p50, ms": rounded(figure("milliseconds")),
    }
  })

  const grown = (key: string) => of(verified, countOf(large.tokens), key) / of(verified, countOf(small.tokens), key)
  const pageGrown = (key: string) =>
    Math.max(
      ...Object.keys(pages).map(
        (page) => of(read, `${page} ${countOf(large.tokens)}`, key) / of(read, `${page} ${countOf(small.tokens)}`, key),
      ),
    )
  const sweepGrown = (key: string, idle = usualSweep, fleet = small) =>
    of(swept, sweepName(large, idle), key) / of(swept, sweepName(fleet, usualSweep), key)
  const gate = 1.2
  const against = `${countOf(large.tokens)} / ${countOf(small.tokens)} tokens`
  const figures: Figure[] = [
    { what: `verify, calls, ${against}`, value: grown("calls"), gate },
    { what: `verify, units, ${against}`, value: grown("units"), gate },
    { what: `verify, p50, ${against}`, value: grown("p50"), gate },
    { what: `page, calls, ${against}, the worst page`, value: pageGrown("calls"), gate },
    { what: `page, units, ${against}, the worst page`, value: pageGrown("units"), gate },
    { what: `page, p50, ${against}, the worst page`, value: pageGrown("p50"), gate },
    { what: `sweep, calls, ${against}`, value: sweepGrown("calls"), gate },
    { what: `sweep, units, ${against}`, value: sweepGrown("units"), gate },
    { what: "sweep, units, twice as many due / as many", value: sweepGrown("units", { due: 100, soon: 0 }, large) },
    {
      what: "sweep, units, 500 more due in two days / none",
      value: sweepGrown("units", { due: 50, soon: 500 }, large),
    },
  ]
  return {
    tables: [
      { caption: "One verification:", rows: verifyRows },
      { caption: "A page of 50 tokens:", rows: pageRows },
      { caption: "The unused sweep:", rows: sweepRows },
    ],
    figures,
  }
}
