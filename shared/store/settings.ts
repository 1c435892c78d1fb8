import type { Runtime } from "../runtime.ts"
import { type SettingsItem, settingsKey } from "./table.ts"

/** The policy of a stage. */
export interface Settings {
  /** A token may have no expiry. */
  allowNever: boolean
  /** The most days a token may live from its creation; undefined: as long as it asks for. */
  maxExpiryDays: number | undefined
  /** Days without use after which a token is flagged `unused`. */
  unusedDays: number
  /** Days before its expiry from which a token is flagged `expiring`. */
  expiringDays: number
  /** A flagged token is revoked after `autoRevokeUnusedDays` more without use. */
  autoRevokeUnused: boolean
  autoRevokeUnusedDays: number
  /** Revoked tokens included. */
  maxTokensPerAccount: number
}

/** As long as nobody has changed it. */
export const settings: Settings = {
  allowNever: true,
  maxExpiryDays: undefined,
  unusedDays: 90,
  expiringDays: 30,
  autoRevokeUnused: false,
  autoRevokeUnusedDays: 30,
  maxTokensPerAccount: 100,
}

/** How many days before its expiry a token is reminded of, once each; from the first on, replies tell it too. */
export const reminders = [30, 7, 1] as const
export const firstReminder = reminders[0]

/** The stage's policy, strongly. */
export async function readSettings(runtime: Runtime): Promise<Settings> {
  const item = await runtime.table.get<SettingsItem>(settingsKey)
  return { ...settings, ...item?.policy }
}

export const dayMilliseconds = 86_400_000
