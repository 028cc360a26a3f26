/** Signing in with a passkey: by the button, or by what the browser offers where the identifier is typed. */
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { CallError } from '#contracts/errors.ts'
import type { Account } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { askForPasskey, offersPasskeys, stopAsking } from '#web/app/passkeys.ts'
import { perform } from '#web/app/queries.ts'

export interface PasskeySignIn {
  start: () => void
  isPending: boolean
  /** Null also when the person only changed their mind. */
  error: Error | null
}

export function usePasskeySignIn(onSignedIn: (account: Account) => void): PasskeySignIn {
  const { mutate, isPending, error } = useMutation({
    mutationFn: signIn,
    onSuccess: (account) => told.current(account),
  })
  const told = useRef(onSignedIn)
  told.current = onSignedIn
  useEffect(() => {
    let isHere = true
    void offersPasskeys().then((isOffered) => {
      if (isOffered && isHere) void offer()
    })
    return () => {
      isHere = false
      void stopAsking()
    }

    /** The form is there for those who don't take the offer; it is made anew when its time is over. */
    async function offer(): Promise<void> {
      try {
        const account = await signIn({ useBrowserAutofill: true })
        if (isHere) told.current(account)
      } catch (error) {
        if (isHere && error instanceof CallError && error.code === 'ticketExpired') await offer()
      }
    }
  }, [])
  const isChange = error instanceof CallError && error.code === 'cancelled'
  return { start: () => mutate({}), isPending, error: isChange ? null : error }
}

async function signIn({ useBrowserAutofill = false }: { useBrowserAutofill?: boolean }): Promise<Account> {
  const { ticket, options } = await perform(identity.calls.startPasskeyLogin, {})
  const passkey = await askForPasskey(options, useBrowserAutofill)
  const { account } = await perform(identity.calls.finishPasskeyLogin, { ticket, passkey })
  return account
}
