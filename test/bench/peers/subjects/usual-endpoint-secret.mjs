import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager"
import { endpointWith } from "./usual-endpoint.mjs"

/** The same, for an endpoint that needs a secret: it is asked for with the first request, and its answer kept. */
const secrets = new SecretsManagerClient()
let asked

export const handler = endpointWith(() => {
  asked ??= secrets.send(new GetSecretValueCommand({ SecretId: process.env.KEYRING_SECRET }))
  return asked
})
