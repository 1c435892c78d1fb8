import { RetentionDays } from "aws-cdk-lib/aws-logs"

/** What differs between stages. A stage is one deployment: its name is in every physical name, so several share an account. */
export interface Stage {
  logRetention: RetentionDays
  /** Contact of the service accounts that name none. */
  serviceEmail: string
  /** How long the personal token lives that an operator mints; absent: for ever. */
  adminTokenHours?: number
  /** Requests per second, sustained and in a burst, before API Gateway answers 429. */
  throttle: { rate: number; burst: number }
}

export const stages: Record<string, Stage> = {
  /** What `npm start` serves: the same stacks, on this machine. */
  local: {
    logRetention: RetentionDays.ONE_DAY,
    serviceEmail: "service@example.com",
    throttle: { rate: 1000, burst: 2000 },
  },
  dev: {
    logRetention: RetentionDays.ONE_MONTH,
    serviceEmail: "service@example.com",
    adminTokenHours: 24,
    throttle: { rate: 100, burst: 200 },
  },
  prod: {
    logRetention: RetentionDays.ONE_YEAR,
    serviceEmail: "service@example.com",
    adminTokenHours: 24,
    throttle: { rate: 1000, burst: 2000 },
  },
}

/** Throws for an unknown stage, naming the known ones. */
export function stageOf(name: string): Stage {
  const stage = stages[name]
  if (!stage) throw new Error(`there is no stage ${name}: infra/stage.ts knows ${Object.keys(stages).join(", ")}`)
  return stage
}
