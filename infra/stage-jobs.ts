import { isGuardedByIam, type Job, type JobKey, jobRows } from "../shared/contract/jobs.ts"
import type { Stage } from "./stage.ts"

/** The jobs of a stage: all, but what keeps a user pool where another issuer signs humans in. */
export const jobsOf = ({ signIn }: Pick<Stage, "signIn">): [JobKey, Job][] =>
  jobRows.filter(([, { sends }]) => signIn === undefined || !sends?.includes("user-pool"))

/** Those that run without anybody waiting for them: each has a dead-letter queue. */
export const asynchronousJobsOf = (stage: Pick<Stage, "signIn">): JobKey[] =>
  jobsOf(stage)
    .filter(([, { source }]) => !isGuardedByIam(source))
    .map(([key]) => key)
