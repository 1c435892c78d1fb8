import Button from "@cloudscape-design/components/button"
import FormField from "@cloudscape-design/components/form-field"
import Input from "@cloudscape-design/components/input"
import Modal from "@cloudscape-design/components/modal"
import SpaceBetween from "@cloudscape-design/components/space-between"
import Steps from "@cloudscape-design/components/steps"
import { serviceUserIdOf } from "../../../shared/contract/service-user-id.ts"
import { Footer } from "../../frame/footer.tsx"
import { IssueProblem } from "../../tokens/issue-problem.tsx"
import { IssuedModal } from "../../tokens/issued-modal.tsx"
import { TokenFields } from "../../tokens/token-fields.tsx"
import { ServiceUserStep } from "./service-user-step.tsx"
import { useWizard } from "./use-wizard.ts"

/** Two steps, the account and its first token; then the token screen. */
export function AddServiceAccount({ onClose }: { onClose: () => void }) {
  const wizard = useWizard()
  const { step, account, issue, isPending, isAccountFixed } = wizard
  const userId = account.data?.user_id ?? serviceUserIdOf(wizard.serviceUser.name)
  if (issue.issued) return <IssuedModal header="Service account created" issued={issue.issued} onClose={onClose} />
  return (
    <Modal
      visible
      size="large"
      header="Add Service Account"
      closeAriaLabel="Close"
      // Closed in the middle, it would make a token that nobody sees.
      onDismiss={() => !isPending && onClose()}
      footer={
        <Footer>
          <Button variant="link" disabled={isPending} onClick={onClose}>
            Cancel
          </Button>
          {step === 2 && <Button onClick={wizard.previous}>Previous</Button>}
          <Button
            variant="primary"
            loading={isPending}
            disabled={issue.isLost}
            onClick={() => void (step === 1 ? wizard.next(userId) : wizard.finish())}
          >
            {step === 1 ? "Next" : "Finish"}
          </Button>
        </Footer>
      }
    >
      <SpaceBetween size="l">
        <Steps
          orientation="horizontal"
          ariaLabel="Steps"
          steps={[
            {
              header: "1. Service user",
              status: step === 1 ? "in-progress" : "success",
              statusIconAriaLabel: step === 1 ? "In progress" : "Done",
            },
            {
              header: "2. Token",
              status: step === 1 ? "pending" : "in-progress",
              statusIconAriaLabel: step === 1 ? "To do" : "In progress",
            },
          ]}
        />
        <SpaceBetween size="m">
          {step === 1 ? (
            <ServiceUserStep
              draft={wizard.serviceUser}
              onChange={wizard.changeServiceUser}
              error={account.error}
              nameError={wizard.serviceNameError}
              readOnly={isAccountFixed}
            />
          ) : (
            <SpaceBetween size="m">
              <TokenFields
                draft={wizard.token}
                onChange={wizard.changeToken}
                error={issue.error}
                nameError={wizard.tokenNameError}
                readOnly={issue.isLocked}
                autoFocus
              />
              <FormField label="Type">
                <Input value="Service" readOnly />
              </FormField>
              <FormField label="Service User">
                <Input value={userId ?? ""} readOnly />
              </FormField>
            </SpaceBetween>
          )}
          <WizardProblem wizard={wizard} />
        </SpaceBetween>
      </SpaceBetween>
    </Modal>
  )
}

/** Of the account until there is one, then of its token. */
function WizardProblem({
  wizard: { account, issue, serviceNameError, replace },
}: {
  wizard: ReturnType<typeof useWizard>
}) {
  const { error, isLost, isPending } = issue
  const accountError = serviceNameError === undefined ? account.error : null
  return (
    <IssueProblem
      error={account.data ? error : accountError}
      isLost={isLost}
      isPending={isPending}
      onReplace={replace}
    />
  )
}
