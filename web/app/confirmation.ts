/** Asks the person to prove who they are, before a change of security. */
import { standardError } from '#contracts/errors.ts'

type Ask = () => Promise<boolean>

let ask: Ask = async () => false

/** The shell shows the question. */
export function setConfirmationAsker(asker: Ask): void {
  ask = asker
}

/** Rejects with `cancelled` when the person does not. */
export async function confirmIdentity(): Promise<void> {
  if (!(await ask())) throw standardError('cancelled')
}
