import Button from "@cloudscape-design/components/button"
import Checkbox from "@cloudscape-design/components/checkbox"
import Container from "@cloudscape-design/components/container"
import FormField from "@cloudscape-design/components/form-field"
import Header from "@cloudscape-design/components/header"
import Input from "@cloudscape-design/components/input"
import SpaceBetween from "@cloudscape-design/components/space-between"
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import type { Settings } from "../../shared/contract/objects.ts"
import { changedFields } from "../api/changed-fields.ts"
import { fieldError, isProblem } from "../api/problem.ts"
import { useNotifications } from "../frame/notifications.tsx"
import { ProblemAlert } from "../frame/problem-alert.tsx"
import { useSession } from "../session/use-session.ts"
import { numberFields } from "./policy-fields.ts"
import { ShortenedTokens } from "./shortened-tokens.tsx"

export function PolicyForm({ settings }: { settings: Settings }) {
  const { client } = useSession()
  const { succeeded } = useNotifications()
  const queryClient = useQueryClient()
  // As it was when the form was filled in, or saved: somebody else's change takes nothing away that was typed here.
  const [before, setBefore] = useState(settings)
  const [draft, setDraft] = useState(settings)
  const set = (part: Partial<Settings>) => setDraft({ ...draft, ...part })
  const save = useMutation({
    mutationFn: () => client["settings/update"]({ body: changedFields(before, draft) }),
    onSuccess: async ({ applying, ...saved }) => {
      succeeded(applying > 0 ? `Token policy saved: ${applying} tokens are being shortened` : "Token policy saved")
      setBefore(saved)
      setDraft(saved)
      queryClient.setQueryData(["settings/get", {}], saved)
    },
  })
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description="Holds for every token of this stage"
        actions={
          <Button variant="primary" loading={save.isPending} onClick={() => save.mutate()}>
            Save
          </Button>
        }
      >
        Token policy
      </Header>
      {save.error && !isProblem(save.error, "validation-failed") && <ProblemAlert error={save.error} />}
      <Container>
        <SpaceBetween size="m">
          <Checkbox
            checked={draft.allow_never}
            onChange={({ detail }) => set({ allow_never: detail.checked })}
            description="Holds for tokens that are made from now on."
          >
            Tokens may never expire
          </Checkbox>
          {numberFields.map(({ key, label, description }) => (
            <FormField key={key} label={label} description={description} errorText={fieldError(save.error, `/${key}`)}>
              <Input
                inputMode="numeric"
                value={draft[key] === null ? "" : String(draft[key])}
                onChange={({ detail }) => {
                  const digits = detail.value.replaceAll(/\D/g, "").slice(0, 4)
                  // Only the longest life may be empty: that the others are wrong so, the API says.
                  set({ [key]: digits === "" && key === "max_expiry_days" ? null : Number(digits) })
                }}
              />
            </FormField>
          ))}
          <Checkbox
            checked={draft.auto_revoke_unused}
            onChange={({ detail }) => set({ auto_revoke_unused: detail.checked })}
            description="Each can be restored."
          >
            Revoke unused tokens
          </Checkbox>
        </SpaceBetween>
      </Container>
      {draft.max_expiry_days !== null && draft.max_expiry_days !== settings.max_expiry_days && (
        <ShortenedTokens days={draft.max_expiry_days} />
      )}
    </SpaceBetween>
  )
}
