import type { After, Before, EventType } from "./events.ts"
import { examplePath } from "./examples.ts"
import type { AuditEvent } from "./objects.ts"

/** An event of each type, as it comes from the bus: for the documents. A test parses each with its event's schema. */

type Happened<T extends EventType> = Pick<AuditEvent, "actor" | "subject"> & {
  reason?: string
  before: Before<T>
  after: After<T>
}

const admin = { id: 3812345678900001, user_id: "admin@example.com", handle: "symusr_HSYTyqcQzHSYTyqcR0" }
const account = { id: examplePath.id, user_id: "pipeline_automation@service", handle: null }
const token = { ...account, handle: "symsvc_HSYTyqcksHSYTyqduY" }
const human = { id: 3812345678900002, user_id: "ana@example.com" }
const session = { ...human, handle: "symses_HSYTyqcR0HSYTyqeZa" }
const team = { id: 0, user_id: "team:data_engineering", handle: null }
const datastore = { id: 3812345678912345, user_id: "datastore:Lake", handle: null }
const keyring = { id: 0, user_id: "keyring", handle: null }
const operator = { id: 0, user_id: "arn:aws:iam::111122223333:user/ops", handle: null }
const job = (key: string) => ({ id: 0, user_id: `system:${key}`, handle: null })

const happened: { [T in EventType]: Happened<T> } = {
  "account.created": {
    actor: admin,
    subject: account,
    before: {},
    after: {
      user_id: account.user_id,
      user_type: "Service",
      name: "Pipeline Automation",
      role: "Editor",
      teams: ["data_engineering"],
      purpose: "nightly loads",
    },
  },
  "account.updated": { actor: admin, subject: account, before: { role: "Editor" }, after: { role: "Member" } },
  "account.deactivated": {
    actor: admin,
    subject: account,
    reason: "left the project",
    before: { active: true },
    after: { active: false },
  },
  "account.reactivated": { actor: admin, subject: account, before: { active: false }, after: { active: true } },
  "account.tokens-revoked": {
    actor: admin,
    subject: account,
    reason: "leaked in a log",
    before: {},
    after: { revoked: 2, compromised: true },
  },
  "account.deleting": {
    actor: admin,
    subject: account,
    before: { status: "inactive" },
    after: { status: "deleting" },
  },
  "account.deleted": {
    actor: job("purge-deleted-accounts"),
    subject: account,
    before: { user_id: account.user_id },
    after: {},
  },
  "account.signed-in": {
    actor: { ...human, handle: session.handle },
    subject: session,
    before: {},
    after: {
      expiration: "2026-11-05T20:34:56Z",
      binding: { issuer: "https://issuer.example.com", subject: "00u1a2b3c4" },
    },
  },
  "account.sign-in-refused": {
    actor: { id: 0, user_id: "unknown", handle: null },
    subject: { id: 0, user_id: "sign-in", handle: null },
    before: {},
    after: { reason: "unknown-human", email: "eve@example.com" },
  },
  "token.created": {
    actor: admin,
    subject: token,
    before: {},
    after: { name: "production", type: "Service", expiration: "2027-02-03T12:34:56Z" },
  },
  "token.updated": {
    actor: admin,
    subject: token,
    before: { allowed_cidrs: [] },
    after: { allowed_cidrs: ["203.0.113.0/24"] },
  },
  "token.revoked": {
    actor: admin,
    subject: token,
    reason: "leaked in a log",
    before: { active: true, compromised: false },
    after: { active: false, compromised: true },
  },
  "token.restored": { actor: admin, subject: token, before: { active: false }, after: { active: true } },
  "token.deleted": { actor: admin, subject: token, before: { name: "production" }, after: {} },
  "token.rotation-started": {
    actor: admin,
    subject: token,
    before: {},
    after: { generation: 2, expiration: "2027-11-25T09:00:00Z", overlap_hours: 168 },
  },
  "token.rotated": {
    actor: job("record-usage"),
    subject: token,
    before: { generation: 1, expiration: "2026-12-01T09:00:00Z" },
    after: { generation: 2, expiration: "2027-11-25T09:00:00Z", superseded_at: "2026-12-01T09:00:00Z" },
  },
  "token.rotation-completed": {
    actor: admin,
    subject: token,
    before: { generation: 1, superseded_at: "2026-12-01T09:00:00Z" },
    after: { superseded_at: "2026-11-27T09:00:00Z" },
  },
  "token.rotation-aborted": { actor: admin, subject: token, before: { generation: 2 }, after: {} },
  "token.unused": {
    actor: job("flag-unused-tokens"),
    subject: token,
    before: {},
    after: { last_used: "2026-08-07T09:12:00Z", unused_days: 90 },
  },
  "token.expiring": {
    actor: job("remind-expiring-tokens"),
    subject: token,
    before: {},
    after: { days: 7, expiration: "2026-11-12T12:00:00Z" },
  },
  "token.new-network": {
    actor: job("record-usage"),
    subject: token,
    before: {},
    after: { networks: ["198.51.100.0/24"] },
  },
  "auth.failed-burst": {
    actor: job("watch-refusals"),
    subject: { id: 0, user_id: "refusals", handle: null },
    before: {},
    after: { refused: 120, since: "2026-11-05T12:30:00Z", networks: ["198.51.100.0/24"], handles: [token.handle] },
  },
  "team.created": { actor: admin, subject: team, before: {}, after: { name: "Data Engineering" } },
  "team.deleted": { actor: admin, subject: team, before: { name: "Data Engineering" }, after: {} },
  "settings.updated": {
    actor: admin,
    subject: { id: 0, user_id: "settings", handle: null },
    reason: "rotation every quarter",
    before: { max_expiry_days: null },
    after: { max_expiry_days: 90 },
  },
  "keyring.key-added": {
    actor: operator,
    subject: keyring,
    before: {},
    after: { key: "k2", mint_from: "2026-11-05T13:34:56Z" },
  },
  "keyring.rewrapped": { actor: operator, subject: keyring, before: {}, after: { key: "k2", rows: 480 } },
  "keyring.key-retired": { actor: operator, subject: keyring, before: { key: "k1" }, after: {} },
  "review.signed": {
    actor: admin,
    subject: { id: 0, user_id: "access-review", handle: null },
    reason: "fourth quarter",
    before: {},
    after: { hash: "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef", accounts: 12, tokens: 31 },
  },
  "datastore.created": {
    actor: admin,
    subject: datastore,
    before: {},
    after: { name: "Lake", team: "data_engineering" },
  },
  "container.created": {
    actor: admin,
    subject: datastore,
    before: {},
    after: { id: 3812345678923456, name: "raw" },
  },
}

/** The `detail`. A job calls from nowhere, with nothing. */
function exampleDetail<T extends EventType>(type: T) {
  const { actor, subject, reason = null, before, after } = happened[type]
  return {
    id: "15gOklzZi0a1b2c3d",
    at: "2026-11-05T12:34:56.789Z",
    action: type,
    outcome: "success",
    actor,
    subject,
    ip: actor.id === 0 ? "" : "203.0.113.7",
    user_agent: actor.id === 0 ? "" : "curl/8.14.1",
    request_id: actor.id === 0 ? "d64c6bb6-8b33-4f6e-9d4a-6d4b0f2f7c11" : "JKJaXmPLvHcESHA=",
    reason,
    before,
    after,
  }
}

export const exampleEvent = (type: EventType) => ({
  version: "0",
  id: "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
  "detail-type": type,
  source: "symbolon.prod",
  account: "111122223333",
  time: "2026-11-05T12:34:56Z",
  region: "eu-central-1",
  resources: [],
  detail: exampleDetail(type),
})
