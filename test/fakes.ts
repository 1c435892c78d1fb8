import type { LogLine, Runtime } from "../shared/runtime.ts"
import type { Table } from "../shared/store/dynamodb.ts"
import { type Keyring, parseKeyring } from "../shared/token/keyring.ts"

/** A clock that stands still until it is told. */
export interface Clock {
  now: () => number
  set: (instant: number | string) => void
  advance: (milliseconds: number) => void
}

export function frozenClock(start: number | string = "2026-11-23T12:00:00Z"): Clock {
  let now = new Date(start).getTime()
  return {
    now: () => now,
    set: (instant) => {
      now = new Date(instant).getTime()
    },
    advance: (milliseconds) => {
      now += milliseconds
    },
  }
}

/** Bytes that look random and are the same in every run (mulberry32). Another seed, other bytes. */
function seededBytes(seed: number): (size: number) => Uint8Array {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) & 0xff
  }
  return (size) => Uint8Array.from({ length: size }, next)
}

export const testKeyring = (): Keyring =>
  parseKeyring(JSON.stringify({ mintFrom: {}, k1: "a-key-of-a-test-keyring-0123456789abcdef" }))

export interface FakeRuntime extends Runtime {
  clock: Clock
  lines: LogLine[]
}

let seeds = 1

export function fakeRuntime(table: Table, clock: Clock = frozenClock()): FakeRuntime {
  const lines: LogLine[] = []
  return {
    clock,
    lines,
    now: clock.now,
    randomBytes: seededBytes(seeds++),
    table,
    keyring: async () => testKeyring(),
    edgeSecret: async () => "edge",
    cursorKey: async () => new Uint8Array(32).fill(7),
    stage: { name: "test", serviceEmail: "service@example.com", adminTokenHours: 24 },
    log: (line) => void lines.push(line),
  }
}
