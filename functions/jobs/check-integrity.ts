import { checkIntegrity } from "../../shared/store/integrity.ts"
import { job } from "../job.ts"

/** Finds and reports; what to do about it is people's to say (docs/runbook.md#integrity-findings). */
export const handler = job("check-integrity", (runtime) => checkIntegrity(runtime))
