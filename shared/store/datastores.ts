import type { Caller } from "../contract/caller.ts"
import type { Body, Query } from "../contract/endpoints.ts"
import type { Container, Datastore } from "../contract/objects.ts"
import { invalid, Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { newId } from "../token/format.ts"
import { type Actor, audit } from "./audit.ts"
import { Conflict, retrying } from "./dynamodb.ts"
import { instantOf } from "./instants.ts"
import { indexSource, type PageRequest, readPage, rowId, type Source } from "./pages.ts"
import { absent, check, exists, put, update } from "./steps.ts"
import {
  type ContainerItem,
  containerKey,
  containerPrefix,
  type DatastoreItem,
  datastoreKey,
  datastoreListing,
  teamKey,
  teamList,
} from "./table.ts"
import { publicTeam, teamKeyOf, teamNames } from "./teams.ts"

/**
 * The protected resource that shows roles and teams at work: a caller sees and changes what its teams own, and what is
 * Public's; an Admin, everything. What isn't the caller's is not-found.
 */
export const createDatastore = (
  runtime: Runtime,
  caller: Caller & Actor,
  body: Body<"datastores/create">,
): Promise<Datastore> =>
  retrying(async () => {
    const team = teamKeyOf(body.team)
    const unknown = () => invalid({ pointer: "/team", detail: "must be Public, or one of the caller's teams" })
    if (!mayUse(caller, team)) throw unknown()
    const now = runtime.now()
    const id = newId(now, runtime.randomBytes(2))
    const datastore: DatastoreItem = {
      ...datastoreKey(id),
      ...datastoreListing(id, team),
      id,
      name: body.name,
      team,
      createdAt: now,
      createdById: caller.accountId,
    }
    await runtime.table.transact([
      put(datastore, absent, () => new Conflict("an id was drawn twice")),
      ...(team === publicTeam.key ? [] : [update(teamKey(team), { add: { uses: 1 } }, exists, unknown)]),
      audit(runtime, caller, {
        action: "datastore.created",
        datastore: { id, name: body.name },
        reason: body.reason,
        before: {},
        after: { name: body.name, team },
      }),
    ])
    const [shown] = await show(runtime, [datastore])
    return shown as Datastore
  })

export async function getDatastore(runtime: Runtime, caller: Caller, id: number): Promise<Datastore> {
  const [shown] = await show(runtime, [await readDatastore(runtime, caller, id)])
  return shown as Datastore
}

/** A page over the caller's teams, one after another, each newest first. */
export async function listDatastores(
  runtime: Runtime,
  caller: Caller,
  request: PageRequest,
  query: Query<"datastores/list">,
) {
  const part = query.q?.toLowerCase()
  const wanted = query.team === undefined ? undefined : teamKeyOf(query.team)
  const teams = (await teamsOf(runtime, caller)).filter((key) => wanted === undefined || key === wanted)
  const { rows, nextCursor } = await readPage(
    runtime,
    // A cursor counts through these teams, so it is no use once they have changed.
    { ...request, binding: `${request.binding}${teams.join()}` },
    teams.map((team) => indexSource(runtime, "list", datastoreListing(0, team).listPK)),
    async (keys) => {
      const found = await runtime.table.batchGet<DatastoreItem>(keys)
      const kept = found.filter(({ name }) => part === undefined || name.toLowerCase().includes(part))
      return new Map(kept.map((datastore) => [rowId(datastore), datastore]))
    },
  )
  return { items: await show(runtime, rows), next_cursor: nextCursor }
}

export async function createContainer(
  runtime: Runtime,
  caller: Caller & Actor,
  datastoreId: number,
  { name, reason }: Body<"datastores/create-container">,
): Promise<Container> {
  const datastore = await readDatastore(runtime, caller, datastoreId)
  return retrying(async () => {
    const now = runtime.now()
    const id = newId(now, runtime.randomBytes(2))
    const container: ContainerItem = {
      ...containerKey(datastoreId, id),
      id,
      name,
      createdAt: now,
      createdById: caller.accountId,
    }
    await runtime.table.transact([
      check(datastoreKey(datastoreId), exists, () => new Problem("not-found")),
      put(container, absent, () => new Conflict("an id was drawn twice")),
      audit(runtime, caller, { action: "container.created", datastore, reason, before: {}, after: { id, name } }),
    ])
    return showContainer(datastoreId, container)
  })
}

/** A page of a datastore's containers, newest first. */
export async function listContainers(
  runtime: Runtime,
  caller: Caller,
  datastoreId: number,
  request: PageRequest,
  query: Query<"datastores/list-containers">,
) {
  const datastore = await readDatastore(runtime, caller, datastoreId)
  const part = query.q?.toLowerCase()
  const known = new Map<string, ContainerItem>()
  const source: Source = async (after, limit) => {
    const range = { partition: datastore.PK, least: containerPrefix, most: `${containerPrefix}~` }
    const rows = await runtime.table.queryDown<ContainerItem>({ ...range, after, limit })
    for (const row of rows) known.set(rowId(row), row)
    return rows.map(({ PK, SK }) => ({ PK, SK, at: SK }))
  }
  const { rows, nextCursor } = await readPage(
    runtime,
    { ...request, binding: `${request.binding}${datastoreId}` },
    [source],
    async (keys) =>
      new Map(
        keys.flatMap((key) => {
          const row = known.get(rowId(key))
          return row && (part === undefined || row.name.toLowerCase().includes(part))
            ? [[rowId(key), row] as const]
            : []
        }),
      ),
  )
  return { items: rows.map((row) => showContainer(datastoreId, row)), next_cursor: nextCursor }
}

const mayUse = (caller: Caller, team: string): boolean =>
  caller.role === "Admin" || team === publicTeam.key || caller.teams.includes(team)

async function readDatastore(runtime: Runtime, caller: Caller, id: number): Promise<DatastoreItem> {
  const datastore = await runtime.table.get<DatastoreItem>(datastoreKey(id))
  if (!datastore || !mayUse(caller, datastore.team)) throw new Problem("not-found")
  return datastore
}

/** The keys of the teams whose datastores a caller sees, sorted, then Public's. */
async function teamsOf(runtime: Runtime, caller: Caller): Promise<string[]> {
  if (caller.role !== "Admin") return [...caller.teams.toSorted(), publicTeam.key]
  const all: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await runtime.table.queryIndex({ index: "list", partition: teamList("").listPK, after, limit: 1000 })
    all.push(...page.map(({ at }) => at))
    if (page.length < 1000) return [...all.toSorted(), publicTeam.key]
    after = page.at(-1)?.at
  }
}

async function show(runtime: Runtime, datastores: readonly DatastoreItem[]): Promise<Datastore[]> {
  const keys = datastores.map(({ team }) => team).filter((team) => team !== publicTeam.key)
  const names = await teamNames(runtime, [{ teams: keys }])
  return datastores.map(({ id, name, team, createdAt, createdById }) => ({
    id,
    name,
    team: team === publicTeam.key ? publicTeam.name : (names.get(team) ?? team),
    created_at: instantOf(createdAt),
    created_by_id: createdById,
  }))
}

const showContainer = (datastoreId: number, { id, name, createdAt, createdById }: ContainerItem): Container => ({
  id,
  datastore_id: datastoreId,
  name,
  created_at: instantOf(createdAt),
  created_by_id: createdById,
})
