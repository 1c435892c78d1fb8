import * as z from "zod/mini"
import { email } from "../shared/contract/objects.ts"

/** What the two operators' jobs are invoked with. */
export const adminEvent = z.strictObject({ email })
