import { system } from "../../shared/store/audit.ts"
import { sweepUnusedTokens } from "../../shared/store/unused.ts"
import { job } from "../job.ts"

/** Each run goes on where the one before it ended, since what it has flagged has left the index that it reads. */
export const handler = job("flag-unused-tokens", (runtime, _event: unknown, requestId) =>
  sweepUnusedTokens(runtime, system("flag-unused-tokens", requestId)),
)
