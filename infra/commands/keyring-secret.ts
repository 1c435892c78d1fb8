import { randomUUID } from "node:crypto"
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager"
import type { KeyringSecret } from "../../shared/store/keyring-rotation.ts"

/**
 * The keyring's secret in Secrets Manager. PutSecretValue alone takes no condition, and of two operators the later would drop the other's
 * key, with every token that it has digested since. So a value is put beside the current one, and then the label AWSCURRENT is moved
 * to it, *from the version that was read*, which fails when the label isn't there any more:
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
 */
export function keyringSecret(client: SecretsManagerClient, SecretId: string): KeyringSecret {
  const read = async () => {
    const { VersionId = "", SecretString = "" } = await client.send(new GetSecretValueCommand({ SecretId }))
    return { version: VersionId, text: SecretString }
  }
  return {
    read,
    prepare: async (text) => {
      // The SDK's repeat of a lost answer brings the same id and the same value, which makes nothing twice.
      const ClientRequestToken = randomUUID()
      const VersionStages = ["AWSPENDING"]
      await client.send(new PutSecretValueCommand({ SecretId, ClientRequestToken, SecretString: text, VersionStages }))
      return ClientRequestToken
    },
    makeCurrent: async (version, from) => {
      try {
        await client.send(
          new UpdateSecretVersionStageCommand({
            SecretId,
            VersionStage: "AWSCURRENT",
            MoveToVersionId: version,
            RemoveFromVersionId: from,
          }),
        )
        return true
      } catch (error) {
        // Moved, and the answer lost; or moved by somebody else; or not moved at all.
        const current = (await read()).version
        if (current === version) return true
        if (current !== from) return false
        throw error
      }
    },
  }
}
