/** Signing in with a passkey: by the button, or by what the browser offers where the identifier is typed. */
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { CallError } from '#contracts/errors.ts'
import type { Account } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { askForPasskey, offersPasskeys } from '#web/app/passkeys.ts'
import { perform } from '#web/app/queries.ts'

export interface PasskeySignIn {
  start: () => void
  isPending: boolean
  /** Null also when the person only changed their mind. */
  error: Error | null
}

export function usePasskeySignIn(onSignedIn: (account: Account) => void): PasskeySignIn {
  const told = useRef(onSignedIn)
  told.current = onSignedIn
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => signIn(false),
    onSuccess: (account) => told.current(account),
  })
  useEffect(() => {
    let isHere = true
    void offer()
    return () => void (isHere = false)

    /** In silence: the form is there for those who don't take the offer. */
    async function offer(): Promise<void> {
      try {
        if (!(await offersPasskeys()) || !isHere) return
        const account = await signIn(true)
        if (isHere) told.current(account)
      } catch {
        // Not taken, or not possible.
      }
    }
  }, [])
  const isChange = error instanceof CallError && error.code === 'cancelled'
  return { start: () => mutate(), isPending, error: isChange ? null : error }
}

async function signIn(useBrowserAutofill: boolean): Promise<Account> {
  const { ticket, options } = await perform(identity.calls.startPasskeyLogin, {})
  const passkey = await askForPasskey(options, useBrowserAutofill)
  const { account } = await perform(identity.calls.finishPasskeyLogin, { ticket, passkey })
  return account
}
