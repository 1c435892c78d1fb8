import type { Runtime } from "../runtime.ts"
import { openCursor, type Position, sealCursor } from "./cursor.ts"
import type { IndexName, Key } from "./table.ts"

/** Keys of rows below a sort key, newest first: at most `limit`, fewer only at the end. */
export type Source = (after: string | undefined, limit: number) => Promise<(Key & { at: string })[]>

export interface PageRequest {
  limit: number
  cursor?: string | undefined
  /** Everything a cursor is bound to: route, filters, caller. */
  binding: string
}

export interface Page<Row> {
  rows: Row[]
  nextCursor: string | null
}

export const indexSource =
  (runtime: Runtime, index: IndexName, partition: string): Source =>
  (after, limit) =>
    runtime.table.queryIndex({ index, partition, after, limit })

const keysPerRead = 100

/** All keys of a source, a hundred at once, from below a sort key on: for jobs, which may meanwhile take some of them away. */
export async function* pagesOf(source: Source, from?: string) {
  for (let after = from; ; ) {
    const keys = await source(after, keysPerRead)
    if (keys.length > 0) yield keys
    if (keys.length < keysPerRead) return
    after = keys.at(-1)?.at
  }
}

/** What `read` answers a row under. */
export const rowId = ({ PK, SK }: Key): string => `${PK}\n${SK}`

/** A call stops reading after so many keys, also when a filter keeps few of them: the page is short then, and the cursor goes on. */
const mostKeys = 500

/**
 * One page over several sources, one after another. An index tells which rows there may be; `read` reads them strongly, by
 * `rowId`, without those that are gone or filtered out.
 */
export async function readPage<Row>(
  runtime: Runtime,
  request: PageRequest,
  sources: readonly Source[],
  read: (keys: Key[]) => Promise<Map<string, Row>>,
): Promise<Page<Row>> {
  const position = await openCursor(runtime, request.cursor, request.binding)
  const { rows, next } = await readOn(position, request.limit, sources, read)
  return { rows, nextCursor: next && (await sealCursor(runtime, next, request.binding)) }
}

/** The same from a position, to the next one; null: that was all. For who has more to carry in its cursor. */
export async function readOn<Row>(
  from: Position,
  limit: number,
  sources: readonly Source[],
  read: (keys: Key[]) => Promise<Map<string, Row>>,
): Promise<{ rows: Row[]; next: Position | null }> {
  const rows: Row[] = []
  let { source, after } = from
  for (let keysRead = 0; source < sources.length; ) {
    if (keysRead >= mostKeys || rows.length >= limit) return { rows, next: positionAt(source, after) }
    // One more than asked for, first: it tells whether there is a next page, and an unfiltered list reads no more.
    const ask = keysRead === 0 ? Math.min(limit + 1, keysPerRead) : keysPerRead
    const keys = await (sources[source] as Source)(after, ask)
    keysRead += keys.length
    const found = keys.length === 0 ? new Map<string, Row>() : await read(keys)
    for (const { at, ...key } of keys) {
      const row = found.get(rowId(key))
      if (row !== undefined && rows.length >= limit) return { rows, next: positionAt(source, after) }
      if (row !== undefined) rows.push(row)
      after = at
    }
    if (keys.length < ask) {
      source += 1
      after = undefined
    }
  }
  return { rows, next: null }
}

const positionAt = (source: number, after: string | undefined): Position => ({
  source,
  ...(after !== undefined && { after }),
})
