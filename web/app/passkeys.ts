/** The browser's passkeys. What asks for them is loaded when it is needed. */
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser'
import { CallError } from '#contracts/errors.ts'

type Json = Record<string, unknown>

/** Not on pages of plain HTTP. */
export const hasPasskeys = typeof globalThis.PublicKeyCredential === 'function'

/** Rejects with `cancelled` when the person does not want to, or `passkeyRefused`. */
export async function askForPasskey(options: Json, useBrowserAutofill = false): Promise<Json> {
  const { startAuthentication } = await import('@simplewebauthn/browser')
  const optionsJSON = options as unknown as PublicKeyCredentialRequestOptionsJSON
  return (await startAuthentication({ optionsJSON, useBrowserAutofill }).catch(refuse)) as unknown as Json
}

/** The same for making one. */
export async function makePasskey(options: Json): Promise<Json> {
  const { startRegistration } = await import('@simplewebauthn/browser')
  const optionsJSON = options as unknown as PublicKeyCredentialCreationOptionsJSON
  return (await startRegistration({ optionsJSON }).catch(refuse)) as unknown as Json
}

/** Takes back a question that is open, if there is one. */
export async function stopAsking(): Promise<void> {
  if (!hasPasskeys) return
  const { WebAuthnAbortService } = await import('@simplewebauthn/browser')
  WebAuthnAbortService.cancelCeremony()
}

/** Whether the browser offers passkeys where the identifier is typed. */
export async function offersPasskeys(): Promise<boolean> {
  return hasPasskeys && ((await PublicKeyCredential.isConditionalMediationAvailable?.()) ?? false)
}

function refuse(error: Error): never {
  const isCancelled = error.name === 'NotAllowedError' || error.name === 'AbortError'
  throw new CallError(isCancelled ? 'cancelled' : 'passkeyRefused', isCancelled ? 499 : 422, {
    detail: error.message,
  })
}
