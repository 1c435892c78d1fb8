import Button from "@cloudscape-design/components/button"
import Modal, { type ModalProps } from "@cloudscape-design/components/modal"
import SpaceBetween from "@cloudscape-design/components/space-between"
import type { ReactNode } from "react"
import { Footer } from "./footer.tsx"

interface Props {
  header: string
  /** On the button that does it: "Delete". */
  confirm: string
  isPending: boolean
  disabled?: boolean
  size?: ModalProps.Size
  onConfirm: () => void
  onClose: () => void
  children: ReactNode
}

/**
 * A question, or a form, with Cancel and one button that does it. It stays until what is asked for has its answer: closed before, it
 * would be carried out unseen.
 */
export const Dialog = ({ header, confirm, isPending, disabled = false, size, onConfirm, onClose, children }: Props) => (
  <Modal
    visible
    header={header}
    {...(size && { size })}
    closeAriaLabel="Close"
    onDismiss={() => !isPending && onClose()}
    footer={
      <Footer>
        <Button variant="link" disabled={isPending} onClick={onClose}>
          Cancel
        </Button>
        <Button variant="primary" loading={isPending} disabled={disabled} onClick={onConfirm}>
          {confirm}
        </Button>
      </Footer>
    }
  >
    <SpaceBetween size="m">{children}</SpaceBetween>
  </Modal>
)
