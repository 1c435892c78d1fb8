import type { Table } from "./store/dynamodb.ts"
import type { Keyring } from "./token/keyring.ts"

/** Every side effect, in one object that is handed in. A test hands in a frozen clock and seeded randomness. */
export interface Runtime {
  /** Epoch milliseconds, of the server: no time of a caller's counts. */
  now: () => number
  /** From the system's CSPRNG. */
  randomBytes: (size: number) => Uint8Array
  table: Table
  /** Throws Unavailable. */
  keyring: () => Promise<Keyring>
  /** 32 bytes that seal cursors. Throws Unavailable. */
  cursorKey: () => Promise<Uint8Array>
  /** What our own CDN alone knows, and so proves the address that it wrote down. Throws Unavailable. */
  edgeSecret: () => Promise<string>
  /** What differs between stages and matters at run time. */
  stage: {
    /** Of the deployment: the dimension of its metrics. */
    name: string
    /** The contact of service accounts that have none of their own. */
    serviceEmail: string
    /** How long an operator's personal token lives; undefined: for ever. */
    adminTokenHours: number | undefined
  }
  log: (line: LogLine) => void
}

export interface LogLine {
  event: string
  [field: string]: unknown
}

/** The table, or a secret, could not be reached: 503, try again. Never a reason to doubt a credential. */
export class Unavailable extends Error {
  override name = "Unavailable"
}
