import type { BodyInput, EndpointKey, Endpoints } from "./endpoints.ts"

type WithBody = { [K in EndpointKey]: Endpoints[K] extends { body: unknown } ? K : never }[EndpointKey]

/** A body for each endpoint that takes one: for the documents. A test parses each with its endpoint's schema. */
const bodies: { [K in WithBody]: BodyInput<K> } = {
  "sign-in/create": { id_token: "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl" },
  "users/create": {
    name: "Pipeline Automation",
    role: "Editor",
    teams: ["Data Engineering"],
    purpose: "nightly loads",
  },
  "users/update": { active: false, reason: "left the project" },
  "users/revoke-tokens": { compromised: true, reason: "leaked in a log" },
  "user-tokens/create": {
    name: "production",
    type: "Service",
    user_id: "pipeline_automation@service",
    expiration: "90d",
    allowed_cidrs: ["203.0.113.0/24"],
  },
  "user-tokens/update": { active: false, reason: "leaked in a log" },
  "user-tokens/rotate": { overlap_hours: 24, expiration: "1y" },
  "user-tokens/rotate-complete": { reason: "everybody has the new one" },
  "user-tokens/rotate-abort": { reason: "lost on the way" },
  "settings/update": { max_expiry_days: 90, reason: "rotation every quarter" },
  "access-review/sign": {
    hash: "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
    reason: "fourth quarter",
  },
  "teams/create": { name: "Data Engineering" },
  "datastores/create": { name: "Lake", team: "Data Engineering" },
  "datastores/create-container": { name: "raw" },
}
export const exampleBodies: Partial<Record<EndpointKey, object>> = bodies

/** What stands for the parameters of a path. */
export const examplePath = { id: 3812345678901234, key: "data_engineering", slug: "not-found" } as const
