import { signIn } from "../../shared/store/sign-in.ts"
import { endpoint } from "../endpoint.ts"
import { idTokenVerifier } from "../id-token.ts"
import { issuerOf } from "../issuer.ts"

const proofOf = idTokenVerifier(issuerOf(process.env), Date.now)

export const handler = endpoint("sign-in/create", async (runtime, { origin, body }) => ({
  body: await signIn(runtime, await origin(), await proofOf(body.id_token)),
}))
