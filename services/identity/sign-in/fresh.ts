/** Changes of security are made by somebody who has proved a moment ago who he is. */
import type { QueryContext } from '#platform/service.ts'
import { callerOf, type Command } from '#services/identity/settings.ts'
import { freshUntil } from '#services/identity/store/sessions.ts'

/** How long nobody is asked again. */
export const freshMinutes = 15

type Asking = Pick<Command, 'identity' | 'tx'> & Pick<QueryContext<'confirmationNeeded'>, 'fail'>

/** Fails with `confirmationNeeded` unless the session that makes the call is fresh. What a key makes never is. */
export async function requireFresh(context: Asking): Promise<void> {
  const { sessionId } = callerOf(context)
  if (!(await freshUntil(context.tx, sessionId, freshMinutes)))
    context.fail('confirmationNeeded', 'Confirm first that it is you.')
}
