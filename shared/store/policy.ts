import type { Body } from "../contract/endpoints.ts"
import type { Settings as ShownSettings } from "../contract/objects.ts"
import { Problem } from "../contract/problems.ts"
import type { Runtime } from "../runtime.ts"
import { type Actor, audit } from "./audit.ts"
import { Conflict, retrying } from "./dynamodb.ts"
import { etagOf, matchesETag } from "./etag.ts"
import { countShortened } from "./expiry-policy.ts"
import { settings as defaults, type Settings } from "./settings.ts"
import { absent, put, where } from "./steps.ts"
import { type SettingsItem, settingsKey } from "./table.ts"

/** The settings as the API shows and changes them. What obeys them reads settings.ts. */

const fields = {
  allow_never: "allowNever",
  max_expiry_days: "maxExpiryDays",
  unused_days: "unusedDays",
  expiring_days: "expiringDays",
  auto_revoke_unused: "autoRevokeUnused",
  auto_revoke_unused_days: "autoRevokeUnusedDays",
  max_tokens_per_account: "maxTokensPerAccount",
} as const satisfies Record<keyof ShownSettings, keyof Settings>
const names = Object.keys(fields) as (keyof ShownSettings)[]

/** Until somebody changes them there is no row: that is version 0. */
const versionOf = (row: SettingsItem | undefined) => ({ version: row?.version ?? 0 })

const show = (row: SettingsItem | undefined): ShownSettings => {
  const settings: Settings = { ...defaults, ...row?.policy }
  return Object.fromEntries(names.map((name) => [name, settings[fields[name]] ?? null])) as unknown as ShownSettings
}

export async function getSettings(runtime: Runtime): Promise<{ settings: ShownSettings; etag: string }> {
  const row = await runtime.table.get<SettingsItem>(settingsKey)
  return { settings: show(row), etag: etagOf(versionOf(row)) }
}

/**
 * Changes the settings; what is absent stays. They hold from the next request on; tokens that live longer than a new maximum
 * are shortened by a job, which the change of the row starts. Throws precondition-failed.
 */
export const updateSettings = (
  runtime: Runtime,
  actor: Actor,
  { reason, ...changes }: Body<"settings/update">,
  ifMatch: string | undefined,
): Promise<{ settings: ShownSettings & { applying: number }; etag: string }> =>
  retrying(async () => {
    const row = await runtime.table.get<SettingsItem>(settingsKey)
    const { version } = versionOf(row)
    if (ifMatch !== undefined && !matchesETag(ifMatch, { version })) throw new Problem("precondition-failed")

    const present = show(row)
    const next = { ...present, ...changes } as ShownSettings
    const changed = names.filter((name) => next[name] !== present[name])
    if (changed.length === 0) return { settings: { ...present, applying: 0 }, etag: etagOf({ version }) }

    const policy = policyOf(next)
    const applying = shortens(present, next) ? await countShortened(runtime, { ...defaults, ...policy }) : 0
    const pick = (from: ShownSettings) => Object.fromEntries(changed.map((name) => [name, from[name]]))
    const item: SettingsItem = { ...settingsKey, policy, version: version + 1 }
    await runtime.table.transact([
      // Read again, and If-Match judged again.
      put(item, row ? where("#version = :version", { version }) : absent, () => new Conflict("changed meanwhile")),
      audit(runtime, actor, {
        action: "settings.updated",
        settings: true,
        reason,
        before: pick(present),
        after: pick(next),
      }),
    ])
    return { settings: { ...next, applying }, etag: etagOf(item) }
  })

const shortens = (from: ShownSettings, to: ShownSettings): boolean =>
  to.max_expiry_days !== null && to.max_expiry_days < (from.max_expiry_days ?? Number.POSITIVE_INFINITY)

/** Only what differs from the defaults, as the row holds it. */
function policyOf(shown: ShownSettings): SettingsItem["policy"] {
  const initial = show(undefined)
  const differing = names.filter((name) => shown[name] !== initial[name])
  return Object.fromEntries(differing.map((name) => [fields[name], shown[name]]))
}
