/**
 * Ready to run against this deployment. All of them take the token from the environment or from a store of secrets: one that stands in
 * a command ends up in a shell's history, and one that stands in a file in a repository.
 */
export const snippets = (apiUrl: string, tokenName: string) => [
  {
    id: "curl",
    label: "curl",
    code: `${sourced(tokenName)}
curl -H "Authorization: Bearer $SYMBOLON_TOKEN" \\\n  ${apiUrl}/datastores`,
  },
  {
    id: "python",
    label: "Python",
    code: `${sourced(tokenName)}
import os
import requests

response = requests.get(
    "${apiUrl}/datastores",
    headers={"Authorization": f"Bearer {os.environ['SYMBOLON_TOKEN']}"},
    timeout=10,
)
response.raise_for_status()
print(response.json())`,
  },
  {
    id: "github-actions",
    label: "GitHub Actions",
    code: `# Once, and paste the token when asked: gh secret set SYMBOLON_TOKEN
jobs:
  call-api:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl --fail -H "Authorization: Bearer $SYMBOLON_TOKEN" \\
            ${apiUrl}/datastores
        env:
          SYMBOLON_TOKEN: \${{ secrets.SYMBOLON_TOKEN }}`,
  },
  {
    id: "terraform",
    label: "Terraform",
    code: `# TF_VAR_symbolon_token in the environment. Ephemeral: it stands in no plan and no state.
variable "symbolon_token" {
  type      = string
  sensitive = true
  ephemeral = true
}

resource "aws_secretsmanager_secret" "symbolon_token" {
  name = "symbolon-token"
}

resource "aws_secretsmanager_secret_version" "symbolon_token" {
  secret_id                = aws_secretsmanager_secret.symbolon_token.id
  secret_string_wo         = var.symbolon_token
  secret_string_wo_version = 1
}`,
  },
]

/** How the downloaded file gets into the environment, of a shell and of what it starts. */
const sourced = (tokenName: string): string => `# Where the download is: set -a; . ./${envFileName(tokenName)}; set +a`

/** Safe in a shell, whatever the token is called. */
export const envFileName = (tokenName: string): string =>
  `${tokenName.replaceAll(/[^\w-]+/g, "-").replaceAll(/^-+|-+$/g, "") || "token"}.env`

export const envFile = (apiUrl: string, bearerToken: string): string =>
  `SYMBOLON_URL=${apiUrl}\nSYMBOLON_TOKEN=${bearerToken}\n`
